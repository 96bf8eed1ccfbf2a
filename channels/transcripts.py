"""What was said in a conversation, as its citizen may read it: to download, or as messages."""

from __future__ import annotations

from channels import conversations, texts
from channels.base import Answer, Outbound
from channels.conversations import CitizenLine, Transcript
from channels.own_payloads import TRANSCRIPT
from channels.store import Store
from troly.clock import VIETNAM

INTENT = "delete_my_data"
"""In the answer record of what is sent here."""

_LINES = 50
_CHARACTERS = 200
_MESSAGE = 1900
"""Less than the shortest message of a platform."""


def as_text(transcript: Transcript) -> str:
    """The whole transcript to keep, with local times, and what of it is masked."""
    began = transcript.created_at.astimezone(VIETNAM)
    title = f"{texts.say('transcript_title', transcript.language)} ({began:%d/%m/%Y %H:%M})"
    note = texts.say("transcript_note", transcript.language)
    return "\n".join([title, "", *_lines(transcript, links=True), "", note]) + "\n"


async def replies(store: Store, conversation_id: str, language: str | None) -> list[Outbound]:
    """The last lines as messages, long answers shortened; the last of them carries the answer record."""
    transcript = await conversations.read(store, conversation_id)
    lines = _lines(transcript, links=False) if transcript else []
    spoken = "en" if language == "en" else "vi"
    messages = [texts.say("transcript_here", spoken, shown=min(_LINES, len(lines)), all=len(lines))]
    for line in map(_short, lines[-_LINES:]):
        if len(messages[-1]) + len(line) > _MESSAGE:
            messages.append(line)
        else:
            messages[-1] += f"\n{line}"
    said = [Outbound(text=text, language=spoken) for text in messages]
    said[-1].answer = Answer(status="answered", intent=INTENT, aspect=None, language=spoken)
    return said


def _lines(transcript: Transcript, *, links: bool) -> list[str]:
    citizen = [line for line in transcript.lines if isinstance(line, CitizenLine)]
    asked = {line.id for line in citizen if line.payload == TRANSCRIPT}
    written = []
    for line in transcript.lines:
        # What was sent of the transcript is no part of it.
        if not isinstance(line, CitizenLine) and line.inbox_id in asked:
            continue
        if isinstance(line, CitizenLine):
            at, who, said = line.at, texts.say("citizen", transcript.language), transcript.said(line)
        else:
            at, who = line.created_at, texts.say(line.speaker, transcript.language)
            content = [str(line.content.get("text", ""))]
            if links:
                content += [f"  {link['title']}: {link['url']}" for link in line.content.get("links", ())]
            said = "\n".join(content)
        written.append(f"[{at.astimezone(VIETNAM):%d/%m %H:%M:%S}] {who}: {said}")
    return written


def _short(line: str) -> str:
    return line if len(line) <= _CHARACTERS else f"{line[:_CHARACTERS].rstrip()}…"
