"""Half a minute of tests/faults/chaos.py; and the judge of such a run, which must see what went wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from running import NAMES, Running

from tests.faults.chaos import Chaos, facts, is_right
from troly.database import engine
from troly.tables.delivery import Inbox, Outbox


@pytest.fixture(scope="module")
def played(prepare: Callable[..., Running], tmp_path_factory: pytest.TempPathFactory) -> Any:
    running = prepare(
        tmp_path_factory.mktemp("chaos"), PORTAL_TIMEOUT=2, PORTAL_CACHE_SECONDS=0,
        MESSAGES_PER_MINUTE=1_000_000, CONVERSATIONS_PER_HOUR=1_000_000, LOOKUPS_PER_HOUR=1_000_000,
    )  # fmt: skip
    running.start()
    try:
        chaos = Chaos(running, seconds=30.0, visitors=3, pauses=(4.0, 9.0))
        figures = asyncio.run(chaos.play())
        yield chaos, figures
    finally:
        running.end()


def test_processes_killed_at_random_lose_double_and_distort_nothing(played: Any) -> None:
    _, figures = played
    print(figures)
    assert is_right(figures), figures
    assert figures["messages"] > 10 and set(figures["kills"]) <= set(NAMES)
    assert sum(figures["kills"].values()) >= 3
    assert figures["statuses"].get("answered", 0) > 5


@pytest.mark.parametrize(
    ("harm", "seen"),
    [
        (lambda row: sa.delete(Outbox).where(Outbox.inbox_id == row.id), "lost"),
        (lambda row: sa.update(Inbox).where(Inbox.id == row.id).values(state="parked"), "lost"),
        (
            lambda row: sa.insert(Outbox).values(
                conversation_id=row.conversation_id, number=9999, kind="reply", inbox_id=row.id,
                content={"text": "x", "answer": {"status": "answered"}}, created_at=row.received_at,
                attempts=0, parts_sent=0, repeated=0,
            ),
            "doubled",
        ),
        (
            lambda row: sa.update(Outbox).where(Outbox.inbox_id == row.id).values(
                content={"text": "Lệ phí: 9.999 đồng",
                         "answer": {"status": "answered", "procedure_code": "1.001193", "aspect": "fee"}},
            ),
            "wrong",
        ),
    ],
    ids=["no answer", "given up", "two answers", "another fee"],
)  # fmt: skip
def test_the_judge_sees_what_is_not_right(played: Any, harm: Any, seen: str) -> None:
    chaos, _ = played
    before = chaos._figures()[seen]
    made = engine(f"sqlite:///{chaos.running.database}")
    mine = [asked.client_id for asked in chaos.asked if asked.question.startswith("lệ phí")]
    with made.connect() as connection, connection.begin() as transaction:
        rows = connection.execute(sa.select(Inbox)).all()
        row = next(row for row in rows if row.message_id.rpartition(":")[2] == mine[0])
        kept = connection.execute(sa.select(Outbox.id, Outbox.content)).all()
        connection.execute(harm(row))
        transaction.commit()
    try:
        assert chaos._figures()[seen] == before + 1
    finally:
        with made.begin() as connection:
            connection.execute(sa.delete(Outbox).where(Outbox.number == 9999))
            connection.execute(sa.update(Inbox).where(Inbox.id == row.id).values(state="done"))
            for outbox in kept:
                connection.execute(
                    sa.update(Outbox).where(Outbox.id == outbox.id).values(content=outbox.content)
                )
        made.dispose()
    if seen == "lost" and "delete" in str(harm(row)).lower():
        chaos.asked[:] = [asked for asked in chaos.asked if asked.client_id != mine[0]]


def test_facts_are_the_lines_with_numbers_without_the_date_of_a_copy() -> None:
    text = "Lệ phí:\n• Trực tiếp: 8.000 đồng\nTheo bản lưu ngày 20/11/2026."
    assert facts(text) == {"Trực tiếp: 8.000 đồng"}


def test_a_run_with_a_fault_is_not_right(tmp_path: Path) -> None:
    fine = {"lost": 0, "doubled": 0, "wrong": 0, "not_back": 0}
    assert is_right(fine)
    assert not any(is_right(fine | {name: 1}) for name in fine)
