"""One chat through a platform's stand-in, in the terminal."""

from __future__ import annotations

import asyncio
import importlib
import itertools
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx

from troly.errors import UsageError
from troly.settings import ROOT

CITIZEN = "terminal"

HELP = (
    "Write as a citizen would. #2 presses button 2 (or types it, where there are none); "
    "!image, !voice, !sticker, !file or !location sends one. Ctrl-D ends."
)

_ANSWER_SECONDS = 30.0
_QUIET_SECONDS = 1.0
_LOOK_SECONDS = 0.05


def load(name: str, gateway: str) -> Any:
    """The stand-in of a platform. Raises UsageError when the tests are not there."""
    if not (ROOT / "tests" / "fakes" / f"{name}.py").is_file():
        raise UsageError(f"tests/fakes/{name}.py is not here; run this in a clone of the project's source")
    if str(ROOT) not in sys.path:
        sys.path.append(str(ROOT))
    platform = importlib.import_module(f"tests.fakes.{name}").create(gateway)
    _set_apart(platform)
    return platform


def _set_apart(platform: Any) -> None:
    """The gateway remembers the message ids and the spent tokens of earlier runs: begin elsewhere."""
    for counter in ("_numbers", "_update_ids"):
        if hasattr(platform, counter):
            setattr(platform, counter, itertools.count(int(time.time() * 10)))
    if hasattr(platform, "oauth"):
        platform.oauth.refresh = f"refresh-{secrets.token_hex(12)}"


async def chat(platform: Any, port: int, ask: Callable[[], str], show: Callable[[str], None]) -> None:
    """Serve the stand-in and chat until `ask` (the next typed line) raises EOFError.

    Raises UsageError when the port is taken.
    """
    server_of = importlib.import_module("tests.fakes.base").Server
    try:
        server = server_of(platform.app, port).__enter__()
    except OSError:
        raise UsageError(f"--port: {port} is taken; give another") from None
    try:
        await _gateway(platform.gateway, show)
        show(HELP)
        watching = asyncio.create_task(_watch(platform, show))
        try:
            await _talk(platform, ask, show)
        finally:
            watching.cancel()
        show("")
    finally:
        server.__exit__(None, None, None)


async def _talk(platform: Any, ask: Callable[[], str], show: Callable[[str], None]) -> None:
    while True:
        try:
            line = (await _typed(ask)).strip()
        except EOFError:
            return
        before = len(platform.replies(CITIZEN))
        if line and await _say(platform, line, show) and not await _settled(platform, before):
            show("[no answer yet]")


async def _typed(ask: Callable[[], str]) -> str:
    """The next typed line, from a thread that does not hold up Ctrl-C, as one of asyncio's own would."""
    loop = asyncio.get_running_loop()
    line: asyncio.Future[str] = loop.create_future()

    def put(text: str | None) -> None:
        if not line.done():
            if text is None:
                line.set_exception(EOFError())
            else:
                line.set_result(text)

    def read() -> None:
        try:
            text: str | None = ask()
        except EOFError:
            text = None
        with suppress(RuntimeError):  # the chat is over
            loop.call_soon_threadsafe(put, text)

    threading.Thread(target=read, name="typed", daemon=True).start()
    return await line


async def _watch(platform: Any, show: Callable[[str], None]) -> None:
    """Show each message when it comes, also a late one."""
    seen = 0
    while True:
        for shown in platform.replies(CITIZEN)[seen:]:
            seen += 1
            for line in lines(shown):
                show(line)
        await asyncio.sleep(_LOOK_SECONDS)


async def _settled(platform: Any, before: int) -> bool:
    """Wait for an answer, and until nothing more comes for a moment. False when none came."""
    loop = asyncio.get_running_loop()
    end, quiet, count = loop.time() + _ANSWER_SECONDS, 0.0, before
    while loop.time() < end and (count == before or loop.time() < quiet):
        await asyncio.sleep(_LOOK_SECONDS)
        if (now := len(platform.replies(CITIZEN))) != count:
            count, quiet = now, loop.time() + _QUIET_SECONDS
    return count != before


async def _gateway(address: str, show: Callable[[str], None]) -> None:
    """Wait until the gateway is there."""
    told = False
    async with httpx.AsyncClient(trust_env=False, timeout=2) as http:
        while True:
            try:
                (await http.get(address.rstrip("/") + "/healthz")).raise_for_status()
                return
            except httpx.HTTPError:
                if not told:
                    show(f"Waiting for the gateway at {address} (--gateway) …")
                told = True
                await asyncio.sleep(1)


async def _say(platform: Any, line: str, show: Callable[[str], None]) -> bool:
    """Do what the line says. False when nothing arrived, and it was told why."""
    try:
        if line[0] == "#" and line[1:].isdigit():
            response = await platform.press(CITIZEN, int(line[1:]))
        elif line[0] == "!" and len(line) > 1:
            response = await platform.send_media(CITIZEN, line[1:])
        else:
            response = await platform.write(CITIZEN, line)
    except (LookupError, ValueError) as error:
        show(f"[{error}]")
        return False
    except httpx.HTTPError as error:
        show(f"[the gateway does not answer: {type(error).__name__}]")
        return False
    if response.status_code in (404, 405):
        show("[the gateway does not have this channel: start it with the settings above]")
    elif response.status_code >= 400:
        show(f"[the gateway refused it: {response.status_code}]")
    return bool(response.status_code < 400)


def lines(shown: Any) -> Iterator[str]:
    """One message as the terminal shows it."""
    first, *rest = shown.text.splitlines() or [""]
    yield f"Trợ Lý: {first}"
    yield from (f"  {line}" for line in rest)
    for number, title in enumerate(shown.buttons, 1):
        yield f"  #{number} {title}"
    yield from (f"  → {url}" for url in shown.links if url not in shown.text)
    if shown.image:
        yield f"  [picture: {shown.image}]"
    yield ""
