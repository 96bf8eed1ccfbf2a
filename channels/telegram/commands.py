"""The commands of the menu: what each asks of the assistant, and how citizens write it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from telegram import Bot, BotCommand

from channels import menu
from channels.texts import say

NAMES = (*(entry.name for entry in menu.ENTRIES), "delete")
"""In the order of the menu. Telegram allows only a-z, 0-9 and _ in a command's name."""

_VIETNAMESE = {entry.vietnamese: entry.name for entry in menu.ENTRIES} | {"xoa": "delete"}

_LANGUAGES = {
    "vi": "vi",
    "vn": "vi",
    "vietnamese": "vi",
    "tiếng việt": "vi",
    "en": "en",
    "english": "en",
    "tiếng anh": "en",
}

_WRITTEN = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@(\w+))?(?:\s+(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Command:
    """A text that begins with a slash."""

    name: str
    """One of NAMES, or what the citizen wrote."""
    addressee: str | None
    """The bot it was written to ("/help@name"), which groups with several bots need."""
    rest: str
    """What follows the command."""


def parse(text: str) -> Command | None:
    """The command that the text is; None for any other text."""
    found = _WRITTEN.fullmatch(text)
    if not found:
        return None
    name = found[1].lower()
    return Command(_VIETNAMESE.get(name, name), found[2], (found[3] or "").strip())


def asked(command: Command) -> tuple[str | None, str | None]:
    """What the command says to the assistant: (text, payload), one of which is None.

    "/status H49.…" is the code as if it had been written alone, so that it is read by the same rules.
    A command that is not in the menu is read as words.
    """
    if command.name == "status" and command.rest:
        return command.rest, None
    if command.name == "lang" and (language := _LANGUAGES.get(command.rest.lower())):
        return None, f'/change_language{{"requested_language": "{language}"}}'
    if payload := menu.PAYLOADS.get(command.name):
        return None, payload
    return f"{command.name} {command.rest}".strip(), None


async def register(bot: Bot, default_language: str) -> None:
    """Show the menu: in Vietnamese and English where the app is set so, else in the default language.

    Raises TelegramError.
    """
    for language in ("vi", "en", None):
        spoken = language or default_language
        shown = [BotCommand(name, say(f"telegram_command_{name}", spoken)) for name in NAMES]
        await bot.set_my_commands(shown, language_code=language)
