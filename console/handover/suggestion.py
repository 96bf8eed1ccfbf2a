"""What the assistant would say to a citizen's last message. It is only shown to the official.

Understanding a message changes nothing. The answer is then asked for in a conversation that exists for this
question alone, with the button that stands for the intent and the procedure, and is forgotten at once.
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass

import httpx
from sqlalchemy import delete

from channels.errors import RasaError
from channels.rasa import RasaClient, neutralize
from console.parts import Console
from troly.tables.checklists import Checklist
from troly.tables.conversations import forget_dialogue

SCRATCH = "desk-"
"""Ids of such conversations begin so."""

_UNDERSTANDING, _ANSWERING = 5.0, 8.0
_ASKING = re.compile(r"ask_[a-z_]{1,60}")
_CODE = re.compile(r"[\w.-]{1,64}", re.ASCII)
_MOST = 5


@dataclass(frozen=True, slots=True)
class Candidate:
    """A procedure that may be meant."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An answer, or the procedures to choose from, or neither."""

    text: str = ""
    intent: str = ""
    code: str = ""
    candidates: tuple[Candidate, ...] = ()
    away: bool = False
    """The assistant did not answer."""


async def suggest(
    console: Console, message: str | None, language: str | None, talked_about: str | None
) -> Suggestion:
    """For a message; `talked_about` is the code of the procedure that was spoken of last."""
    if not message:
        return Suggestion()
    try:
        response = await console.http.post(
            f"{console.settings.rasa}/model/parse",
            json={"text": neutralize(message)},
            timeout=_UNDERSTANDING,
        )
        parsed = response.json() if response.status_code == 200 else None
    except (httpx.HTTPError, ValueError):
        parsed = None
    if not isinstance(parsed, dict):
        return Suggestion(away=True)
    intent = str((parsed.get("intent") or {}).get("name") or "")
    if not _ASKING.fullmatch(intent):
        return Suggestion(intent=intent)
    found = tuple(
        Candidate(str(one.get("code")), str(one.get("name")))
        for one in (parsed.get("procedures") or ())[:_MOST]
    )
    decision = parsed.get("procedure_decision")
    if decision == "answer" and found:
        return await answer(console, intent, found[0].code, language)
    if decision == "choose":
        return Suggestion(intent=intent, candidates=found)
    if talked_about and decision != "not_found":
        return await answer(console, intent, talked_about, language)
    return Suggestion(intent=intent, candidates=found)


async def answer(console: Console, intent: str, code: str, language: str | None) -> Suggestion:
    """What the assistant says of this procedure; nothing for what is no intent or no code."""
    if not _ASKING.fullmatch(intent) or not _CODE.fullmatch(code):
        return Suggestion()
    scratch = f"{SCRATCH}{secrets.token_hex(12)}"
    payload = f"/{intent}" + json.dumps({"procedure_code": code}, separators=(",", ":"))
    rasa = RasaClient(*console.settings.rasas, seconds=_ANSWERING)
    try:
        replies = await rasa.send(
            scratch,
            payload,
            channel="web",
            message_id=f"{scratch}-1",
            language="en" if language == "en" else "vi",
        )
    except RasaError:
        return Suggestion(intent=intent, code=code, away=True)
    finally:
        await rasa.close()
        async with console.store.write() as connection:
            # A statement that writes comes first; it also forgets the checklists that answers come with.
            await connection.execute(delete(Checklist).where(Checklist.sender_id == scratch))
            await forget_dialogue(connection, scratch)
    text = "\n\n".join(reply.text for reply in replies if reply.text)
    return Suggestion(text, intent, code)
