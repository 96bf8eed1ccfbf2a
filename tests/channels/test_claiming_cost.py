"""Claims look into indexes: they cost the same however many rows were answered and sent."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.dialects import sqlite

from channels import claiming, sending_claim
from troly.database import engine
from troly.tables import Base


@pytest.mark.parametrize("statement", [claiming._claiming("sqlite"), sending_claim.claiming("sqlite")])
def test_a_claim_goes_through_no_table(tmp_path: Path, statement: Any) -> None:
    made = engine(f"sqlite:///{tmp_path / 'some.db'}")
    Base.metadata.create_all(made)
    made.dispose()
    words = re.sub(r"\(__\[POSTCOMPILE_\w+\]\)", "(?)", str(statement.compile(dialect=sqlite.dialect())))
    with sqlite3.connect(tmp_path / "some.db") as connection:
        nothing = [None] * words.count("?")
        steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {words}", nothing)]
    connection.close()
    assert any(step.startswith("SEARCH") for step in steps)
    assert [step for step in steps if re.match(r"SCAN (inbox|outbox|conversation|address)", step)] == []
