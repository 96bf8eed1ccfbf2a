"""The audit cannot be changed, forgets nothing, and notices when somebody tries behind its back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from channels.store import Store
from console import audit
from console.actions import Change, act, act_apart
from console.errors import Forbidden, Refused
from console.permissions import Permission
from console.visits import Staff
from troly.database import async_engine, engine
from troly.tables import Base

LAN = Staff("1", "lan", "Lan", ("editor",))
READ = Permission.CONVERSATIONS_READ


async def write(store: Store, count: int = 1, actor: str = "lan") -> None:
    for number in range(count):
        async with store.write() as connection:
            await audit.append(
                connection, actor=actor, action="tested", target=f"thing:{number}", after={"số": (1, "é")}
            )


async def broken(store: Store) -> list[audit.Broken]:
    async with store.read() as connection:
        return [found async for found in audit.verify(connection) if isinstance(found, audit.Broken)]


async def meddle(store: Store, statement: str) -> None:
    """As somebody would who can drop triggers."""
    async with store.write() as connection:
        if connection.dialect.name == "sqlite":
            await connection.execute(text("DROP TRIGGER audit_line_no_update"))
            await connection.execute(text("DROP TRIGGER audit_line_no_delete"))
        else:
            await connection.execute(text("ALTER TABLE audit_line DISABLE TRIGGER USER"))
        await connection.execute(text(statement))


@pytest.mark.parametrize("statement", ["UPDATE audit_line SET actor = 'x'", "DELETE FROM audit_line"])
async def test_the_database_refuses_to_change_or_delete_a_line(each_office: Any, statement: str) -> None:
    await write(each_office.store)
    with pytest.raises(DBAPIError, match="only be added to"):
        async with each_office.store.write() as connection:
            await connection.execute(text(statement))
    assert await broken(each_office.store) == []


async def test_postgresql_refuses_to_truncate(postgres_url: str, open_office: Any) -> None:
    made = engine(postgres_url)
    Base.metadata.create_all(made)
    made.dispose()

    office = open_office(postgres_url)
    await write(office.store)
    with pytest.raises(DBAPIError, match="only be added to"):
        async with office.store.write() as connection:
            await connection.execute(text("TRUNCATE audit_line"))


@pytest.mark.parametrize(
    ("statement", "sequence", "reason"),
    [
        ("UPDATE audit_line SET actor = 'x' WHERE sequence = 3", 3, "changed"),
        ("UPDATE audit_line SET after = '{}' WHERE sequence = 3", 3, "changed"),
        ("UPDATE audit_line SET at = '2026-01-01 00:00:00' WHERE sequence = 3", 3, "changed"),
        ("DELETE FROM audit_line WHERE sequence = 3", 3, "missing"),
        ("DELETE FROM audit_line WHERE sequence >= 4", 3, "shortened"),
    ],
)
async def test_a_change_behind_its_back_is_found_where_it_was_made(
    each_office: Any, statement: str, sequence: int, reason: str
) -> None:
    await write(each_office.store, 5)
    assert await broken(each_office.store) == []
    await meddle(each_office.store, statement)
    found = await broken(each_office.store)
    assert (found[0].sequence, found[0].reason) == (sequence, reason)


async def test_writers_of_several_processes_make_one_chain(both_databases: str) -> None:
    engines = [async_engine(both_databases) for _ in range(4)]
    await asyncio.gather(
        *(write(Store(engine), 10, f"writer-{place}") for place, engine in enumerate(engines))
    )
    store = Store(engines[0])
    assert await broken(store) == []
    async with store.read() as connection:
        assert (await audit.head_of(connection))[0] == 40
    for one in engines:
        await one.dispose()


async def test_a_long_audit_is_verified_page_by_page(office: Any) -> None:
    async with office.store.write() as connection:
        for number in range(2300):
            await audit.append(connection, actor="a", action="tested", target=f"t:{number}")
    async with office.store.read() as connection:
        steps = [step async for step in audit.verify(connection)]
    assert steps == [1000, 2000, 2300]


async def test_an_action_checks_acts_and_is_written_down_together(office: Any) -> None:
    steps: list[str] = []

    async def check(_connection: object) -> None:
        steps.append("checked")

    async def do(_connection: object) -> Change:
        steps.append("done")
        return Change("thing:1", {"a": 1}, {"a": 2})

    await act(office.store, LAN, READ, "thing_changed", do, check=check)
    rows = await office.rows(text("SELECT actor, action, target, before, after FROM audit_line"))
    assert steps == ["checked", "done"]
    assert [tuple(row) for row in rows] == [("lan", "thing_changed", "thing:1", '{"a": 1}', '{"a": 2}')]


@pytest.mark.parametrize("refuses", ["permission", "check", "act"])
async def test_what_is_refused_leaves_neither_a_deed_nor_a_line(office: Any, refuses: str) -> None:
    async def check(_connection: object) -> None:
        if refuses == "check":
            raise Refused

    async def do(connection: Any) -> Change:
        await connection.execute(text("INSERT INTO lease VALUES ('x', 'y', '2026-01-01 00:00:00')"))
        if refuses == "act":
            raise Refused
        return Change("thing:1")

    wanted = Permission.STAFF_MANAGE if refuses == "permission" else READ
    with pytest.raises(Forbidden if refuses == "permission" else Refused):
        await act(office.store, LAN, wanted, "thing_changed", do, check=check)
    assert await office.rows(text("SELECT 1 FROM audit_line")) == []
    assert await office.rows(text("SELECT 1 FROM lease")) == []


async def test_long_work_is_written_down_before_and_after_and_when_it_breaks(office: Any) -> None:
    async def work() -> Change:
        return Change("model:7", None, {"active": True})

    async def breaks() -> Change:
        raise RuntimeError

    await act_apart(office.store, LAN, READ, "model_activated", work, target="model:7")
    with pytest.raises(RuntimeError):
        await act_apart(office.store, LAN, READ, "model_activated", breaks, target="model:8")
    rows = await office.rows(text("SELECT action, target FROM audit_line ORDER BY sequence"))
    assert [tuple(row) for row in rows] == [
        ("model_activated_begun", "model:7"),
        ("model_activated", "model:7"),
        ("model_activated_begun", "model:8"),
        ("model_activated_failed", "model:8"),
    ]


async def test_admins_read_it_filtered_and_page_by_page(office: Any) -> None:
    await write(office.store, 60)
    await write(office.store, 1, actor="<b>hoa</b>")
    client = await office.staff("admin")
    response = await client.get("/console/audit")
    assert response.status_code == 200, response.headers
    page = response.text
    assert page.count("<td>lan</td>") == 49
    assert "&lt;b&gt;hoa" in page and "<b>hoa" not in page
    older = (await client.get("/console/audit?before=12")).text
    assert older.count("<td>lan</td>") == 11
    only = (await client.get("/console/audit", params={"actor": "<b>hoa</b>"})).text
    assert "<td>lan</td>" not in only and "&lt;b&gt;hoa" in only
    assert "lan" not in (await client.get("/console/audit?to=2020-01-01")).text.split("<tbody>")[1]
