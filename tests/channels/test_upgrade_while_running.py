"""`troly db upgrade` under a gateway that answers: nobody waits for long, nothing is lost."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from troly import migrate

NEXT = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "9999_next", "{newest}", None, None

def upgrade():
    op.create_table("next_thing", sa.Column("id", sa.Integer(), primary_key=True))
    for table in ("inbox", "outbox", "conversation"):
        op.add_column(table, sa.Column("next", sa.Integer(), server_default="0", nullable=False))
        op.create_index("ix_" + table + "_next", table, ["next"])
        op.execute("UPDATE " + table + " SET next = 1")
"""
"""A migration of the version after this one, by the rules of docs/operating.md."""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'upgraded.db'}"
    else:
        yield request.getfixturevalue("postgres_url")


@pytest.fixture
def following(tmp_path: Path) -> Path:
    """The migrations as the next version has them."""
    newest = migrate.newest()
    folder = tmp_path / "migrations"
    shutil.copytree(migrate.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "9999_next.py").write_text(NEXT.replace("{newest}", str(newest)), "utf-8")
    return folder


async def test_the_tables_are_upgraded_while_citizens_write(
    start: Any, rasa: Any, url: str, following: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asyncio.to_thread(migrate.upgrade, url)
    async with start(rasa_url=rasa.url, database_url=url) as stack:
        visitors = [await stack.visitor() for _ in range(4)]
        stop, asked = asyncio.Event(), [0] * len(visitors)
        refused: list[int] = []

        async def write(number: int) -> None:
            while not stop.is_set():
                text = f"tin {asked[number] + 1}"
                response = await visitors[number].send(text, wait=True, client_id=f"k{asked[number]}")
                if response.status_code != 200:
                    refused.append(response.status_code)
                    await asyncio.sleep(0.02)
                    continue  # the same again, as a page does
                assert response.json()["replies"][0]["text"] == f"echo: {text}"
                asked[number] += 1

        writing = [asyncio.create_task(write(number)) for number in range(len(visitors))]
        async with asyncio.timeout(60):
            while min(asked) < 3:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        monkeypatch.setattr(migrate, "MIGRATIONS", following)
        await asyncio.to_thread(migrate.upgrade, url)
        done = min(asked)
        async with asyncio.timeout(60):
            while min(asked) < done + 3:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        stop.set()
        await asyncio.gather(*writing)
        assert await asyncio.to_thread(migrate.current, url) == "9999_next"
        assert refused == []
        for visitor, count in zip(visitors, asked, strict=True):
            lines = [line["text"] for line in (await visitor.transcript())["messages"]]
            assert [line for line in lines if line.startswith("echo: tin")] == [
                f"echo: tin {n + 1}" for n in range(count)
            ]
        assert rasa.overlaps == 0
