"""The record of a procedure comes from the portal, else from the stored copy, and one sees which."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actions import portal
from portal.errors import NotFound, PortalError, PortalRejected, PortalUnavailable, RecordError
from portal.models import Procedure

Make = Callable[..., Procedure]

FAILURES = [PortalUnavailable("timeout", "slow"), PortalRejected(403, "no"), RecordError("unreadable")]


async def test_the_portals_record_is_preferred(
    portal_client: Any, copies: dict[str, Procedure], procedure: Make
) -> None:
    copies["1.001193"] = procedure(id="id-of-copy", requirements="old")
    portal_client.answer = procedure(requirements="new")
    record = await portal.procedure_record("1.001193")
    assert (record.procedure.requirements, record.is_copy) == ("new", False)
    assert portal_client.asked == ["id-of-copy"]


async def test_a_code_without_a_copy_is_asked_for_by_code(
    portal_client: Any, copies: dict[str, Procedure], procedure: Make
) -> None:
    portal_client.answer = procedure()
    await portal.procedure_record("1.001193")
    assert portal_client.asked == ["1.001193"]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
async def test_the_copy_stands_in_when_the_portal_gives_no_usable_answer(
    portal_client: Any, copies: dict[str, Procedure], procedure: Make, failure: PortalError
) -> None:
    copies["1.001193"] = procedure()
    portal_client.answer = failure
    record = await portal.procedure_record("1.001193")
    assert record.is_copy
    assert not record.procedure.withdrawn


@pytest.mark.parametrize("failure", [*FAILURES, NotFound("none")], ids=lambda failure: type(failure).__name__)
async def test_without_a_copy_the_failure_is_told(
    portal_client: Any, copies: dict[str, Procedure], failure: PortalError
) -> None:
    portal_client.answer = failure
    with pytest.raises(type(failure)):
        await portal.procedure_record("1.001193")


async def test_what_the_portal_no_longer_has_is_marked_as_withdrawn(
    portal_client: Any, copies: dict[str, Procedure], procedure: Make
) -> None:
    copies["1.001193"] = procedure()
    portal_client.answer = NotFound("none")
    record = await portal.procedure_record("1.001193")
    assert record.procedure.withdrawn
    assert not record.is_copy  # the portal did answer
