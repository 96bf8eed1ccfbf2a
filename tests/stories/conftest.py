"""The assistant in one process, on the project's own demo catalogue."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import structlog
import uvicorn

from portal.catalogue import Catalogue
from portal.client import PortalClient
from portal.demo.app import create_app, load
from portal.following import Following
from troly.database import async_engine
from troly.privacy import Keyring, new_key
from troly.settings import Settings, settings


@pytest.fixture(scope="session")
def portal_port() -> Iterator[int]:
    """The port of a demo portal that serves the project's own records."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    app = create_app(*load(Settings(demo_catalogue="own", _env_file=None)))
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield port
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="session", autouse=True)
def _own_catalogue(trained_model: Path) -> Iterator[None]:
    """The finder reads the names it was trained on, not those of a database in the project's folder."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DATA_DIR", str(trained_model.parent.parent / "data"))
        settings.cache_clear()
        yield
    settings.cache_clear()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def agent(
    trained_model: Path, portal_port: int, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Any]:
    """Rasa's agent with our store, generator and actions; the portal is reached over HTTP."""
    import harness

    from actions import portal
    from actions.reports import contact, sending
    from bot.tracker_store import WindowedTrackerStore

    folder = tmp_path_factory.mktemp("stories")
    for file in (trained_model.parent.parent / "data").glob("troly.db*"):
        shutil.copy(file, folder)
    url = f"sqlite:///{folder / 'troly.db'}"
    config = Settings(database_url=url, portal_port=portal_port, encoder="none", _env_file=None)
    engine = async_engine(url)
    client = PortalClient.from_settings(config)
    catalogue = Catalogue(engine, config.province)
    kept = portal.client, portal.catalogue, portal.engine
    kept_following = portal.following
    kept_keys = contact.keyring, sending.keyring
    keyring = Keyring([new_key()])
    contact.keyring = sending.keyring = lambda: keyring  # type: ignore[assignment]
    following = Following(engine, minutes=30)
    portal.following = lambda: following  # type: ignore[assignment]
    kept_logging = structlog.get_config()
    portal.client, portal.catalogue = lambda: client, lambda: catalogue  # type: ignore[assignment]
    portal.engine = lambda: engine  # type: ignore[assignment]
    yield await harness.load(trained_model, config, WindowedTrackerStore(engine=engine))
    portal.client, portal.catalogue, portal.engine = kept
    portal.following = kept_following
    contact.keyring, sending.keyring = kept_keys  # type: ignore[assignment]
    structlog.configure(**kept_logging)
    await client.aclose()
    await engine.dispose()


@pytest.fixture(autouse=True)
def _own_attempts(agent: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No story is refused for the wrong proofs of another: they try the same applications."""
    from actions import portal
    from actions.attempts import Attempts, Limits

    attempts = Attempts(portal.engine(), Keyring([new_key()]), Limits())  # another key, so other counters
    monkeypatch.setattr(portal, "attempts", lambda: attempts)


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def _own_connections(
    agent: Any, portal_port: int, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[None]:
    """What went wrong at the portal, and what it said, stays with the story that it was for."""
    from actions import portal

    client = PortalClient.from_settings(Settings(portal_port=portal_port, _env_file=None))
    monkeypatch.setattr(portal, "client", lambda: client)
    yield
    await client.aclose()
