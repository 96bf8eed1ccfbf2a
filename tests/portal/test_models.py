"""Stored procedures come back as they were."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from portal.adapters.national_record import procedure
from portal.models import Procedure
from troly.clock import now


def test_a_procedure_survives_storage_as_json(record: Callable[..., dict[str, Any]]) -> None:
    before = procedure(record(), now())
    stored = json.dumps(before.to_dict())
    assert Procedure.from_dict(json.loads(stored)) == before


def test_a_stored_copy_of_a_later_version_is_still_read(record: Callable[..., dict[str, Any]]) -> None:
    before = procedure(record(), now())
    assert Procedure.from_dict(before.to_dict() | {"new_field": 1}) == before
