"""Commands that a citizen may type, as on Telegram; the platform itself has no menu for them."""

from __future__ import annotations

from typing import Literal, NamedTuple

from channels import menu
from channels.reception import Received


class Command(NamedTuple):
    """What the assistant is asked in the command's place; one of the two."""

    text: str | None
    payload: str | None


def command_of(received: Received) -> Command | Literal["erase"] | None:
    """The command that the message is; None for any other message.

    "/status H49.…" is the code as if it had been written alone, so that it is read by the same rules.
    """
    text = received.text or ""
    if not text.startswith("/"):
        return None
    name, _, rest = text[1:].partition(" ")
    name, rest = name.casefold(), rest.strip()
    if name in menu.ERASE and not rest:
        return "erase"
    if name in menu.STATUS and rest:
        return Command(rest, None)
    payload = None if rest else menu.PAYLOADS.get(name)
    return Command(None, payload) if payload else None
