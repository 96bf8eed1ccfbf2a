"""The steps at which a gateway process can be told to die, and how it is made to.

A step is a function of the gateway: the process kills itself as kill -9 would, before the function runs
or after it has returned. Nothing happens until the step is armed, by a file that all gateways of a test
share; the first process that comes to the step takes the file away and dies.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import inspect
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

ON_ITS_WAY = 0.3
"""Seconds after which a request has surely reached the other side."""

PUSHED = frozenset({"telegram", "zalo_oa", "zalo_bot"})
EVERYWHERE = PUSHED | {"web"}


@dataclass(frozen=True, slots=True)
class Step:
    """Where a process dies, and what the citizen may notice of it."""

    target: str
    """module:function."""
    when: Literal["before", "during", "after"]
    shown: int = 1
    """How often the answer is shown in the end; 2 only where the platform cannot tell (ADR 6)."""
    repeated: int = 0
    """How often the outbox says that it may have been repeated."""
    on: frozenset[str] = EVERYWHERE
    acts: Literal["question", "first", "long", "erase", "token", "first token"] = "question"
    """What the citizen does when it happens."""
    call: int = 1
    """At which call of the function, after it was armed."""


_BEFORE_CLAIMS = ("received", "first contact", "stored", "answer stored", "sending recorded", "eras")

_ACCEPT, _WAKE = "channels.inbox:accept_in", "channels.delivery:Delivery.wake"
_ASK = "channels.rasa:RasaClient.send"
_CALL, _PROGRESS = "channels.sender:Sender._call", "channels.sending:progress"

STEPS: dict[str, Step] = {
    "received, nothing stored": Step(_ACCEPT, "before"),
    "first contact, nothing stored": Step(_ACCEPT, "before", on=PUSHED, acts="first"),
    "stored, not committed": Step(_ACCEPT, "after"),
    "stored, not acknowledged": Step(_WAKE, "before"),
    "first contact, not acknowledged": Step(_WAKE, "before", on=PUSHED, acts="first"),
    "claimed": Step("channels.worker:Worker.work", "before"),
    "Rasa thinks": Step(_ASK, "during"),
    "Rasa answered, not stored": Step(_ASK, "after"),
    "answer written, not committed": Step("channels.concluding:write", "after"),
    "answer stored, nobody told": Step("channels.endings:Endings._announce", "before"),
    "claimed for sending": Step("channels.sender:Sender._process", "before", repeated=1, on=PUSHED),
    "platform took it, not recorded": Step(_CALL, "after", shown=2, repeated=1, on=PUSHED),
    "platform took the first notice, not recorded": Step(
        _CALL, "after", shown=1, repeated=1, on=PUSHED, acts="first"
    ),
    "part 1 taken, not recorded": Step(_PROGRESS, "before", shown=2, repeated=1, on=PUSHED, acts="long"),
    "part 1 recorded, part 2 not sent": Step(_PROGRESS, "after", repeated=1, on=PUSHED, acts="long"),
    "part 2 taken, not recorded": Step(
        _PROGRESS, "before", shown=2, repeated=1, on=PUSHED, acts="long", call=2
    ),
    "sending recorded": Step("channels.sending:conclude", "after", on=PUSHED),
    "erasing, not committed": Step("troly.erasure:erase", "after", acts="erase"),
    "erased, not acknowledged": Step("channels.media:MediaStore.discard", "before", acts="erase"),
    "platform took the farewell, not recorded": Step(_CALL, "after", shown=2, on=PUSHED, acts="erase"),
    "token to be renewed, not asked": Step(
        "channels.zalo_oa.oauth:OAuth.refresh",
        "before",
        repeated=1,
        on=frozenset({"zalo_oa"}),
        acts="token",
    ),
    "token renewed, not stored": Step(
        "channels.zalo_oa.oauth:OAuth.refresh", "after", repeated=1, on=frozenset({"zalo_oa"}), acts="token"
    ),
    "token renewed and stored": Step(
        "channels.zalo_oa.tokens:Tokens._store", "after", repeated=1, on=frozenset({"zalo_oa"}), acts="token"
    ),
    "first token to be fetched, not asked": Step(
        "channels.zalo_oa.oauth:OAuth.refresh", "before", on=frozenset({"zalo_oa"}), acts="first token"
    ),
}


def held(name: str) -> bool:
    """Whether the process dies with a claim on a message or a reply in its hands."""
    return not name.startswith(_BEFORE_CLAIMS)


def install(armed: Path) -> None:
    """Make this process die at the step that `armed` names, once it does."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, step in STEPS.items():
        found.setdefault((step.target, step.when), []).append(name)
    for (target, when), names in found.items():
        module, _, path = target.partition(":")
        *owners, last = path.split(".")
        owner: Any = functools.reduce(getattr, owners, importlib.import_module(module))
        setattr(owner, last, _wrapped(getattr(owner, last), when, _Fuse(armed, names)))


class _Fuse:
    """Counts the calls since the step was armed."""

    def __init__(self, armed: Path, names: list[str]) -> None:
        self._armed, self._names, self._calls = armed, names, 0

    def burn(self) -> None:
        """End the process, if this is the call."""
        try:
            name = self._armed.read_text("utf-8")
        except FileNotFoundError:
            return
        if name not in self._names:
            return
        self._calls += 1
        if self._calls < STEPS[name].call:
            return
        try:
            self._armed.rename(self._armed.with_suffix(".done"))
        except FileNotFoundError:  # another process was quicker, and has died in our place
            return
        os.kill(os.getpid(), signal.SIGKILL)


def _wrapped(function: Callable[..., Any], when: str, fuse: _Fuse) -> Callable[..., Any]:
    if not inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            fuse.burn()
            return function(*args, **kwargs)

        assert when == "before", function
        return called

    @functools.wraps(function)
    async def awaited(*args: Any, **kwargs: Any) -> Any:
        if when == "before":
            fuse.burn()
        if when == "during":
            task = asyncio.ensure_future(function(*args, **kwargs))
            await asyncio.wait([task], timeout=ON_ITS_WAY)
            if not task.done():
                fuse.burn()
            return await task
        result = await function(*args, **kwargs)
        if when == "after":
            fuse.burn()
        return result

    return awaited
