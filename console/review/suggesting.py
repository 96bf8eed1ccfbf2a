"""Which names to offer for messages that mean a procedure: the likeliest first, none that it has already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from console.review.known import Known
from console.review.naming import candidates, learnable, own_words
from console.review.procedures import Index
from troly.learning import folded

MOST = 5
"""Names that are offered at once."""
_OF_ONE = 3
"""Of one message."""
_MESSAGES = 12
"""Messages of a group that are looked at: they are alike."""
_TICKED = 3
_SHORT = 14
"""Words of a message that is hardly more than a name."""
_TELLING = 3
"""Words of its own, from which on a clause of a story names a situation."""
_SHARED, _OWN, _LONG = 2.0, 0.5, 0.3
"""What a word counts that the procedure's names have, one that says something, one too many."""
_COMFORTABLE = 8


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A name that may be taught."""

    name: str
    ticked: bool
    """Taught unless the reviewer says otherwise."""
    taken_by: str | None = None
    """The code of another procedure that is called so."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A name that a message's words give."""

    name: str
    own: tuple[str, ...]
    """Those of its words that say something."""
    short: bool
    """The message is hardly more."""


def offers(items: Sequence[Any], data: Known) -> list[list[Offer]]:
    """By message, in its order. Takes some milliseconds a message: call it in a thread."""
    return [
        [
            Offer(
                name,
                tuple(own_words(name, item.language, data.wording)),
                len(learnable(item.text).split()) <= _SHORT,
            )
            for name in candidates(item.text, item.language, data.wording)
        ]
        for item in items[:_MESSAGES]
    ]


def suggested(offered: Sequence[Sequence[Offer]], index: Index, code: str | None) -> list[Suggestion]:
    """Which of the names to show for this procedure; without one, what the words alone say."""
    best: dict[str, tuple[float, str]] = {}
    firsts: list[str] = []
    for of_one in offered:
        scored = _scored(of_one, index, code)
        for place, (score, name, telling) in enumerate(scored[:_OF_ONE]):
            key = folded(name)
            before = best.get(key)
            # The same with its marks says more.
            if before is None or _marks(name) > _marks(before[1]):
                best[key] = max(score, before[0] if before else score), name
            if place == 0 and telling and key not in firsts:
                firsts.append(key)
    order = sorted(best, key=lambda key: (key not in firsts, -best[key][0]))[:MOST]
    found = []
    for key in order:
        others = sorted(index.named.get(key, frozenset()) - {code or ""})
        taken = others[0] if others and code else None
        ticked = key in firsts[:_TICKED] and taken is None
        found.append(Suggestion(best[key][1], ticked, taken))
    return found


def shared_out(names: Sequence[str], items: Sequence[Any], data: Known) -> dict[int, list[str]]:
    """Message id -> those of the names that come from its words, or from no message's: so that a message
    which is held out gives its names to nobody. Call it in a thread.
    """
    keys = {folded(name): name for name in names}
    if not keys:
        return {item.id: [] for item in items}
    said = {item.id: _said(item, data) & keys.keys() for item in items}
    written = keys.keys() - set().union(*said.values())
    return {
        item: [name for key, name in keys.items() if key in own or key in written]
        for item, own in said.items()
    }


def _said(item: Any, data: Known) -> set[str]:
    """All names, folded, that the message's words may give."""
    return {item.folded, *map(folded, candidates(item.text, item.language, data.wording))}


def _scored(offered: Sequence[Offer], index: Index, code: str | None) -> list[tuple[float, str, bool]]:
    """(score, name, whether it is good enough to be taught unasked), best first."""
    found = []
    for one in offered:
        if code and code in index.named.get(folded(one.name), ()):
            continue
        shared = index.shared(one.own, code) if code else 0.0
        long = max(0, len(one.name.split()) - _COMFORTABLE)
        score = _SHARED * shared + _OWN * len(one.own) - _LONG * long
        found.append((score, one.name, one.short or shared > 0 or len(one.own) >= _TELLING))
    found.sort(key=lambda one: -one[0])  # stable: of equals the one that was said first
    return found


def _marks(name: str) -> int:
    return sum(not letter.isascii() for letter in name)
