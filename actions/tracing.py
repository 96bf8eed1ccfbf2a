"""The message's id in the action server: taken from Rasa's request, kept until its answer."""

from __future__ import annotations

from contextlib import ExitStack
from time import perf_counter
from typing import Any

import structlog

from troly import telemetry, trace

log = structlog.get_logger("actions")


def attach(app: Any) -> None:
    """Have each call of an action follow its message, and say what it took."""

    async def begin(request: Any) -> None:
        if request.path != "/webhook":
            return
        asked = request.json
        name = str(asked.get("next_action")) if isinstance(asked, dict) else ""
        stack = ExitStack()
        stack.enter_context(trace.received(request.headers))
        stack.enter_context(telemetry.span("action", action=name))
        request.ctx.work = (name, perf_counter(), stack)

    async def end(request: Any, response: Any) -> None:
        work = getattr(request.ctx, "work", None)
        if work is None:
            return
        name, started, stack = work
        # 400 is how a form's action says that it has nothing to say.
        log.info("action", action=name, status=response.status, ms=round((perf_counter() - started) * 1000))
        stack.close()

    app.register_middleware(begin, "request")
    app.register_middleware(end, "response")
