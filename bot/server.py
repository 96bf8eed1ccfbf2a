"""The Rasa process: serves the active model on a private address through the REST channel."""

from __future__ import annotations

import asyncio
import logging
import os
import warnings
from pathlib import Path
from typing import Any

from troly.answers import following
from troly.answers.live import GUIDE, RESPONSE
from troly.database import require_tables
from troly.settings import Settings

# TensorFlow comes with Rasa and is not used by our pipeline; its start-up notices help nobody.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")


def run(settings: Settings) -> None:
    """Serve until stopped. Raises UsageError when there is no usable model or database."""
    from bot.versions import require_model

    require_tables(settings.database)
    require_model(settings)
    # Rasa's dependencies warn on import about each other's ages; nobody who runs this can act on it.
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    from bot import unused_parts

    unused_parts.skip()
    import rasa.core.run
    import rasa.server
    from rasa.core.utils import AvailableEndpoints

    from bot import graph_plan, model_watch, patches, vectors
    from bot.nlg import IN_USE
    from bot.rest_channel import GatewayInput
    from bot.understanding.set_by_staff import STAFF
    from bot.understanding.staff_guides import GUIDES

    logging.disable(logging.NOTSET)
    patches.apply()
    graph_plan.apply()
    # No browser asks this process: what tells those of other sites apart would look at each request.
    rasa.server.configure_cors = lambda *_: None
    endpoints = AvailableEndpoints()
    app = rasa.core.run.configure_app(
        input_channels=[GatewayInput()],
        cors=None,
        enable_api=True,
        endpoints=endpoints,
        port=settings.rasa_port,
    )

    following.attach(app, settings, {RESPONSE: IN_USE.take, GUIDE: GUIDES.take})
    model_watch.attach(app, settings)
    vectors.attach(app)
    STAFF.watch(settings.database)
    # Its banner of seven lines says nothing that `troly serve` does not.
    logging.getLogger("sanic.root").setLevel(logging.WARNING)
    app.run(host=settings.host, port=settings.rasa_port, workers=1, access_log=False)


async def load_agent(
    model: Path, settings: Settings, store: Any | None = None, *, locks: Any = None, endpoint: Any = None
) -> Any:
    """The agent for a model with our tracker store, generator and pooled action endpoint.

    `store` replaces the tracker store (tests); `locks` and `endpoint` are those of the agent before, which
    may still be answering.
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
        lock_store=locks or InMemoryLockStore(),
        generator=generator,
        action_endpoint=endpoint
        or PooledEndpoint(f"{settings.actions}/webhook", enable_selective_domain=True),
    )
    # Some seconds of work; meanwhile an agent before may be answering in this process.
    await asyncio.to_thread(agent.load_model, str(model))
    generator.use_domain(agent.domain)
    # Rasa wraps the store in one that answers from memory when the database fails: the citizen's
    # conversation would silently start anew. A failure must reach the gateway, which tries again.
    agent.tracker_store = store
    agent.processor.tracker_store = store
    store.domain = agent.domain
    return agent
