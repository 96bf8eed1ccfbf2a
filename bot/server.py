"""The Rasa process: loads the newest model and serves it on a private address through the REST channel."""

from __future__ import annotations

import asyncio
import logging
import os
import tarfile
import warnings
import zlib
from pathlib import Path
from typing import Any

from troly.database import require_tables
from troly.errors import UsageError
from troly.settings import Settings

# TensorFlow comes with Rasa and is not used by our pipeline; its start-up notices help nobody.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")


def newest_model(folder: Path) -> Path:
    """The newest model file. Raises UsageError when there is none, or when it was cut off."""
    models = sorted(folder.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)
    if not models:
        raise UsageError(f"no model in {folder}/: run `troly train` first")
    model = models[-1]
    try:
        with tarfile.open(model) as archive:
            archive.getmembers()
    except (tarfile.TarError, EOFError, OSError, zlib.error):
        raise UsageError(f"the model {model} is broken: delete it and run `troly train`") from None
    return model


def run(settings: Settings) -> None:
    """Serve until stopped. Raises UsageError when there is no usable model or database."""
    model = newest_model(settings.model_dir)
    require_tables(settings.database)
    # Rasa's dependencies warn on import about each other's ages; nobody who runs this can act on it.
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    import rasa.core.run
    from rasa.core.utils import AvailableEndpoints

    from bot import patches
    from bot.rest_channel import GatewayInput

    logging.disable(logging.NOTSET)
    patches.apply()
    endpoints = AvailableEndpoints()
    app = rasa.core.run.configure_app(
        input_channels=[GatewayInput()],
        cors=None,
        enable_api=True,
        endpoints=endpoints,
        port=settings.rasa_port,
    )

    async def load(app: Any, _loop: asyncio.AbstractEventLoop) -> None:
        app.ctx.agent = await load_agent(model, settings)

    async def close(app: Any, _loop: asyncio.AbstractEventLoop) -> None:
        agent = app.ctx.agent
        await agent.tracker_store.close()
        await agent.action_endpoint.close()

    app.register_listener(load, "before_server_start")
    app.register_listener(close, "after_server_stop")
    # Its banner of seven lines says nothing that `troly serve` does not.
    logging.getLogger("sanic.root").setLevel(logging.WARNING)
    app.run(host=settings.host, port=settings.rasa_port, workers=1, access_log=False)


async def load_agent(model: Path, settings: Settings, store: Any | None = None) -> Any:
    """The agent for a model with our tracker store, generator and pooled action endpoint.

    `store` replaces the tracker store (tests).
    """
    from rasa.core.agent import Agent
    from rasa.core.lock_store import InMemoryLockStore

    from bot.action_endpoint import PooledEndpoint
    from bot.nlg import LanguageGenerator
    from bot.tracker_store import WindowedTrackerStore

    store = store or WindowedTrackerStore()
    generator = LanguageGenerator()
    agent = Agent(
        tracker_store=store,
        lock_store=InMemoryLockStore(),
        generator=generator,
        action_endpoint=PooledEndpoint(f"{settings.actions}/webhook", enable_selective_domain=True),
    )
    agent.load_model(str(model))
    generator.use_domain(agent.domain)
    # Rasa wraps the store in one that answers from memory when the database fails: the citizen's
    # conversation would silently start anew. A failure must reach the gateway, which tries again.
    agent.tracker_store = store
    agent.processor.tracker_store = store
    store.domain = agent.domain
    return agent
