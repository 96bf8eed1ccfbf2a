"""The terminal client: what it prints, and what a typed line means."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from channels.public_api import Exchange, Talk

HELP = "Write as a citizen would. #2 presses button 2; a bare 2 is sent as a text. Ctrl-D ends."


def chat(talk: Talk, language: str | None, ask: Callable[[], str], show: Callable[[str], None]) -> None:
    """Talk until `ask` (the next typed line) raises EOFError; everything printed goes to `show`."""
    show(HELP)
    last = talk.begin(language)
    _show(last, show)
    while True:
        try:
            line = ask().strip()
        except EOFError:
            show("")
            return
        if not line:
            continue
        exchange = _send(talk, line, last.buttons, show)
        if exchange:
            _show(exchange, show)
            # A refusal leaves the buttons above in force.
            last = last if exchange.refused else exchange


def _send(
    talk: Talk, line: str, buttons: list[dict[str, str]], show: Callable[[str], None]
) -> Exchange | None:
    if line[0] != "#" or not line[1:].isdigit():
        return talk.say(line)
    number = int(line[1:])
    if not 1 <= number <= len(buttons):
        show(f"There is no button {number}." if buttons else "There are no buttons here.")
        return None
    return talk.press(buttons[number - 1]["payload"])


def _show(exchange: Exchange, show: Callable[[str], None]) -> None:
    if exchange.refused:
        show(f"[refused: {exchange.refused}]")
    elif not exchange.replies:
        show("[no answer]")
    number = 0
    for reply in exchange.replies:
        for line in lines(reply, number):
            show(line)
        number += len(reply.get("buttons") or [])
    show("")


def lines(reply: dict[str, Any], buttons_before: int = 0) -> Iterator[str]:
    """One reply as lines: text, numbered buttons, links, sources with their dates."""
    speaker = "Staff" if reply.get("from") == "staff" else "Trợ Lý"
    first, *rest = str(reply.get("text") or "").splitlines() or [""]
    yield f"{speaker}: {first}"
    yield from (f"  {line}" for line in rest)
    for number, button in enumerate(reply.get("buttons") or [], buttons_before + 1):
        yield f"  #{number} {button['title']}"
    for link in reply.get("links") or []:
        yield f"  → {link['title']}: {link['url']}"
    for source in (reply.get("answer") or {}).get("sources") or []:
        parts = [
            source.get("title"),
            f"as of {source['as_of']}" if source.get("as_of") else "",
            source.get("url"),
        ]
        yield f"  Source: {', '.join(part for part in parts if part)}"
