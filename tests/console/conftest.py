"""A console on an empty database, staff of every role who are signed in, and turns to look at."""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.routing import Mount

from channels.store import Store
from console.access import accounts, passwords, sessions
from console.parts import Console
from console.server import create_app
from tests.fakes.talks import stored_talk
from troly.database import async_engine, engine
from troly.settings import Settings
from troly.tables import Base

PASSWORD = "một câu ngắn dễ nhớ"
HASH = passwords.hashed(PASSWORD)


@dataclass
class Office:
    """The console as staff reach it, and its database."""

    settings: Settings
    store: Store
    app: Any
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    @property
    def console(self) -> Console:
        """The parts of the console that is mounted."""
        (mounted,) = (route.app for route in self.app.routes if isinstance(route, Mount))
        parts: Console = mounted.state.console
        return parts

    def browser(self, **options: Any) -> httpx.AsyncClient:
        """A visitor who is not signed in."""
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url="https://troly.example", **options
        )
        self.clients.append(client)
        return client

    async def account(self, name: str, *roles: str, **values: Any) -> str:
        """Make an account; gives its id."""
        async with self.store.write() as connection:
            change = await accounts.add(
                connection,
                name=name,
                display_name=name.title(),
                roles=roles or ("admin",),
                **{"password": HASH, "by": "test", "must_change": False} | values,
            )
        return str(change.result)

    async def staff(self, *roles: str, name: str = "") -> httpx.AsyncClient:
        """Somebody with these roles who is signed in."""
        user_id = await self.account(name or f"{'-'.join(roles)}-{secrets.token_hex(2)}", *roles)
        async with self.store.write() as connection:
            value = await sessions.begin(connection, self.settings, user_id, sessions.FULL)
        client = self.browser()
        client.cookies.set(sessions.COOKIE, value, domain="troly.example", path="/")
        return client

    async def post(
        self,
        client: httpx.AsyncClient,
        path: str,
        data: dict[str, Any] | None = None,
        *,
        page: str = "/account",
    ) -> httpx.Response:
        """Send a form as the page would: with its token."""
        token = csrf((await client.get(f"/console{page}")).text)
        return await client.post(f"/console{path}", data={"csrf": token, **(data or {})})

    async def talk(self, *turns: dict[str, Any], **conversation: Any) -> str:
        """Store a conversation with these turns; gives its id."""
        identity = conversation.pop("id", uuid.uuid4().hex)
        async with self.store.write() as connection:
            for statement in stored_talk(identity, turns, **conversation):
                await connection.execute(statement)
        return str(identity)

    async def rows(self, query: Any) -> list[Any]:
        """What the database holds."""
        async with self.store.read() as connection:
            return list((await connection.execute(query)).all())


def csrf(page: str) -> str:
    """The token of the forms on a page."""
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
    assert found, page[:2000]
    return found[1]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def both_databases(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database with tables, of each kind in turn."""
    if request.param == "sqlite":
        address = f"sqlite:///{tmp_path / 'troly.db'}"
    else:
        address = str(request.getfixturevalue("postgres_url"))
    return with_tables(address)


@pytest.fixture
def database(tmp_path: Path) -> str:
    """The address of an empty SQLite database with tables."""
    return with_tables(f"sqlite:///{tmp_path / 'troly.db'}")


def with_tables(address: str) -> str:
    """The same database, with tables."""
    made = engine(address)
    Base.metadata.create_all(made)
    made.dispose()
    return address


@pytest.fixture
async def open_office(tmp_path: Path) -> AsyncIterator[Callable[..., Office]]:
    """Opens a console on a database, with settings."""
    opened: list[tuple[Office, Any]] = []

    def make(address: str, **settings: Any) -> Office:
        settings = {"rasa_url": "http://127.0.0.1:9"} | settings  # nobody answers there
        chosen = Settings(_env_file=None, data_dir=tmp_path, database_url=address, **settings)
        pool = async_engine(address)
        office = Office(chosen, Store(pool), create_app(chosen))
        opened.append((office, pool))
        return office

    yield make
    for office, pool in opened:
        for client in office.clients:
            await client.aclose()
        console = office.console
        await console.store._engine.dispose()
        await console.http.aclose()
        await pool.dispose()


@pytest.fixture
def office(open_office: Callable[..., Office], database: str) -> Office:
    """A console on SQLite that asks for one-time codes."""
    return open_office(database)


@pytest.fixture
def each_office(open_office: Callable[..., Office], both_databases: str) -> Office:
    """The same on each database in turn."""
    return open_office(both_databases)
