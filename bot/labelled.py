"""Labelled messages: what a parser is measured with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.understanding.data import read_yaml

REJECTING = frozenset({"out_of_scope", "abuse"})
"""The intents that say: nothing here is for the service to answer."""


@dataclass(frozen=True, slots=True)
class Record:
    """A message and what understanding it means. Format: one JSON object a line, or tests/nlu/'s YAML."""

    file: str
    id: str
    text: str
    language: str
    variant: str
    intents: tuple[str, ...]
    """The expected intent, then those that are accepted too (alt_intent in the note)."""
    procedures: tuple[str, ...] = ()
    """Every code that would be an acceptable first answer."""
    strict: bool = True
    """Whether the codes count in recall; not where the message is ambiguous or nothing fits well."""
    application_code: str | None = None

    @property
    def intent(self) -> str:
        """The expected intent."""
        return self.intents[0]

    @property
    def rejects(self) -> bool:
        """Whether this is a message that must not be answered."""
        return self.intent in REJECTING

    @property
    def counts_in_recall(self) -> bool:
        """Whether one procedure is right and the others wrong."""
        return bool(self.procedures) and self.strict


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no record."""

    where: str
    reason: str

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


def read_records(path: Path) -> Iterator[Record | BadLine]:
    """The records of a .jsonl file, or of a folder laid out like tests/nlu/ (<language>/<intent>.yml)."""
    if path.is_dir():
        for file in sorted(path.glob("[a-z][a-z]/*.yml")):
            yield from _held_out(path, file)
        return
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield _record(path.name, f"{path}:{number}", line)


def _held_out(root: Path, file: Path) -> Iterator[Record | BadLine]:
    entries = (read_yaml(file) or {}).get("sentences") or []
    for number, entry in enumerate(entries, 1):
        labels = {
            "lang": file.parent.name,
            "intent": file.stem,
            "id": f"{file.parent.name}/{file.stem}/{number}",
        }
        try:
            yield _read(root.name, {**labels, **entry})
        except (KeyError, TypeError, ValueError) as error:
            yield BadLine(f"{file}, sentence {number}", _said(error))


def _record(file: str, where: str, line: bytes) -> Record | BadLine:
    try:
        return _read(file, json.loads(line))
    except (KeyError, TypeError, ValueError) as error:
        return BadLine(where, _said(error))


def _read(file: str, raw: dict[str, Any]) -> Record:
    for name in ("id", "text", "lang", "intent"):
        if not isinstance(raw[name], str) or not raw[name]:
            raise ValueError(f"{name} must be a text")
    codes = raw.get("procedures") or []
    if not isinstance(codes, list):
        raise TypeError("procedures must be a list of codes")
    also = re.search(r"alt_intent=([\w|]+)", str(raw.get("note") or ""))
    return Record(
        file=file,
        id=raw["id"],
        text=raw["text"],
        language=raw["lang"],
        variant=str(raw.get("variant") or "plain"),
        intents=tuple(dict.fromkeys([raw["intent"], *(also[1].split("|") if also else [])])),
        procedures=tuple(str(code) for code in codes),
        strict=raw.get("codes_strict", True) is not False,
        application_code=raw.get("application_code"),
    )


def _said(error: Exception) -> str:
    return f"lacks {error}" if isinstance(error, KeyError) else str(error)
