"""Has a Sanic application (Rasa's, the action server's) follow what staff made live."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from troly.answers.live import Contents, Follower
from troly.database import async_engine
from troly.settings import Settings


def attach(app: Any, settings: Settings, takers: dict[str, Callable[[Contents], None]]) -> None:
    """Look before the first message, then every few seconds beside the messages, with one connection.

    `takers`: kind -> what takes its contents.
    """

    async def begin(app: Any, _loop: Any) -> None:
        app.ctx.answers_engine = async_engine(settings.database, hide_parameters=True)
        app.ctx.answers = Follower(app.ctx.answers_engine, takers)
        await app.ctx.answers.look()

    async def follow(app: Any, _loop: Any) -> None:
        app.add_task(app.ctx.answers.run(), name="answers")

    async def end(app: Any, _loop: Any) -> None:
        await app.ctx.answers_engine.dispose()

    app.register_listener(begin, "before_server_start")
    app.register_listener(follow, "after_server_start")
    app.register_listener(end, "after_server_stop")
