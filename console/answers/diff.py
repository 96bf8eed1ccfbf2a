"""Two wordings side by side, word by word."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

_TOKEN = re.compile(r"\{[a-z_]+\}|\w+|\s+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that are in both, only in the older, or only in the newer."""

    how: Literal["same", "gone", "new"]
    text: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that reads differently."""

    field: str
    pieces: tuple[Piece, ...]


def differences(old: dict[str, str], new: dict[str, str]) -> list[Difference]:
    """The fields that differ, in the order of the newer; those that are gone come last."""
    names = [*new, *(name for name in old if name not in new)]
    return [
        Difference(name, words(old.get(name, ""), new.get(name, "")))
        for name in names
        if old.get(name, "") != new.get(name, "")
    ]


def words(old: str, new: str) -> tuple[Piece, ...]:
    """The pieces that lead from one text to the other. Placeholders stay whole."""
    one, other = _TOKEN.findall(old), _TOKEN.findall(new)
    pieces: list[Piece] = []
    for tag, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        gone, fresh = "".join(one[a:b]), "".join(other[c:d])
        if tag == "equal":
            # A lone space between two changes would tear one changed phrase into many.
            if gone.isspace() and "\n" not in gone and pieces and b < len(one) and d < len(other):
                pieces += [Piece("gone", gone), Piece("new", gone)]
            else:
                pieces.append(Piece("same", gone))
            continue
        pieces += [Piece("gone", gone)] if gone else []
        pieces += [Piece("new", fresh)] if fresh else []
    return _joined(pieces)


def _joined(pieces: list[Piece]) -> tuple[Piece, ...]:
    """Neighbouring changes as one: all that is gone, then all that is new."""
    made: list[Piece] = []
    gone = fresh = ""

    def close() -> None:
        nonlocal gone, fresh
        if gone.isspace() and fresh.isspace() and gone == fresh:
            made.append(Piece("same", gone))
        else:
            made.extend(Piece(how, text) for how, text in (("gone", gone), ("new", fresh)) if text)  # type: ignore[arg-type]
        gone = fresh = ""

    for piece in pieces:
        if piece.how == "same":
            close()
            made.append(piece)
        elif piece.how == "gone":
            gone += piece.text
        else:
            fresh += piece.text
    close()
    return tuple(made)
