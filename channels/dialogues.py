"""Dialogues to play: what the citizen says, and what is expected of each answer."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from troly.errors import UsageError
from troly.text import fold

_MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Expected:
    """What a turn should come to. An empty tuple or None is not compared."""

    intents: tuple[str, ...] = ()
    procedures: tuple[str, ...] | None = None
    """Acceptable codes; () means that no procedure may be named, None that it is not compared."""
    aspects: tuple[str, ...] = ()
    language: str | None = None
    application_code: str | None = None
    must_not: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One turn: the citizen's words and what is expected."""

    user: str
    expected: Expected


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A whole conversation."""

    id: str
    language: str
    steps: tuple[Step, ...]


def read_dialogues(path: Path) -> list[Dialogue]:
    """The dialogues of a .jsonl file. Raises UsageError that names every line that is none."""
    dialogues, bad = [], []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            dialogues.append(_dialogue(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            bad.append(f"{path}:{number}: no dialogue ({type(error).__name__}: {error})")
    if bad:
        raise UsageError("; ".join(bad[:_MOST_SHOWN]))
    if not dialogues:
        raise UsageError(f"{path}: holds no dialogue")
    return dialogues


def _dialogue(raw: dict[str, Any]) -> Dialogue:
    steps = tuple(_step(turn) for turn in raw["turns"])
    if not steps:
        raise ValueError("no turns")
    return Dialogue(str(raw["id"]), str(raw.get("lang") or "vi"), steps)


def _step(raw: dict[str, Any]) -> Step:
    expect = raw.get("expect") or {}
    codes = expect.get("procedure")
    if isinstance(codes, str):
        codes = [codes]
    if not isinstance(raw["user"], str) or not raw["user"].strip():
        raise ValueError("a turn without words")
    also = _also(str(raw.get("note") or ""))
    intent, aspect = expect.get("intent"), expect.get("aspect")
    expected = Expected(
        intents=(*_named(intent), *also),
        procedures=None if codes is None else tuple(str(code) for code in codes),
        aspects=(str(aspect), *filter(None, map(_aspect, also))) if aspect else (),
        language=expect.get("language"),
        application_code=expect.get("application_code"),
        must_not=str(expect.get("must_not") or ""),
    )
    return Step(raw["user"], expected)


def _named(intent: Any) -> tuple[str, ...]:
    """One name, or several ("a|b" or a list)."""
    return tuple(filter(None, intent if isinstance(intent, list) else str(intent or "").split("|")))


def _also(note: str) -> tuple[str, ...]:
    """The intents that the note accepts too (alt_intent=a|b); their aspects are accepted with them."""
    found = re.search(r"alt_intent=([\w|]+)", note)
    return tuple(filter(None, found[1].split("|"))) if found else ()


def _aspect(intent: str) -> str:
    """The aspect that an intent about a procedure asks for; "" for any other."""
    return (
        "overview" if intent == "ask_procedure" else intent.removeprefix("ask_") * intent.startswith("ask_")
    )


_WORDS = {
    "dau tien": 1, "thu nhat": 1, "thu hai": 2, "thu ba": 3, "thu tu": 4, "thu nam": 5,
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5,
    "cuoi cung": -1, "cuoi": -1, "last": -1, "dau": 1,
}  # fmt: skip
_WORD = re.compile(rf"\b({'|'.join(_WORDS)})\b")
_NUMBER = re.compile(
    r"(?:\b(?:thu|so|cai|muc|chon|option|number|choice|no)\b\.?\s*|#\s*)([1-9])\b|\b([1-9])(?:st|nd|rd|th)\b"
)
_BARE = re.compile(r"\D{0,12}([1-9])\D{0,12}")


def picked(text: str) -> int | None:
    """Which of a list the words take ("cái thứ 2", "the second one", "3"): 1 and up, -1 for the last.

    For checking an answer only, where it is known that the citizen takes one.
    """
    folded = fold(text)
    if found := _NUMBER.search(folded):
        return int(found[1] or found[2])
    if found := _WORD.search(folded):
        return _WORDS[found[1]]
    bare = _BARE.fullmatch(folded)
    return int(bare[1]) if bare else None
