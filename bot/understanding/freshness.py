"""Keeps a running finder up to date: a synced catalogue and taught names need no training and no restart."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.understanding import served, taught
from bot.understanding.finder import Finder
from bot.understanding.route import Served
from bot.understanding.taught import Names, State

Encode = Callable[[Sequence[str]], NDArray[np.float16] | None]
"""Vectors of names, as what is searched; None where there is no encoder."""

_REST, _LONGEST_REST = 2, 10.0
"""Times as long as a look took, until the next; in seconds at most."""


class Freshness:
    """Holds the finder; asks now and then, beside the messages, whether what it searches has changed."""

    def __init__(
        self,
        finder: Finder,
        seconds: float,
        *,
        own: Names | None = None,
        taught_seconds: float | None = None,
        encode: Encode = lambda _names: None,
    ) -> None:
        """`seconds` between looks at the catalogue, `taught_seconds` between those at what staff taught
        (which cost far less; None: no looks); `own` are the names of nlu_data/.
        """
        self._finder = finder
        self._seconds = seconds
        self._taught_seconds = taught_seconds
        self._own: Names = finder.citizens if own is None else own
        self._encode = encode
        self._state: State | None = None
        self._next = monotonic() + seconds
        self._next_taught = monotonic() if taught_seconds is not None else float("inf")
        self._busy = threading.Lock()

    def current(self) -> Finder:
        """The finder to use now. A look, when due, runs in a thread of its own."""
        moment = monotonic()
        if moment >= min(self._next, self._next_taught) and self._busy.acquire(blocking=False):
            catalogue, names = moment >= self._next, moment >= self._next_taught
            if catalogue:
                self._next = moment + self._seconds
            if names:
                self._next_taught = float("inf")  # until this look is over
            work = threading.Thread(
                target=self._refresh, args=(catalogue, names), daemon=True, name="catalogue-check"
            )
            work.start()
        return self._finder

    def _refresh(self, catalogue: bool, names: bool) -> None:
        started = monotonic()
        try:
            if names:
                self._look_at_names()
            if catalogue:
                self._look_at_catalogue()
        finally:
            ended = monotonic()
            if self._taught_seconds is not None:
                # Whoever labels hundreds in a row must not keep the assistant building all the time.
                rest = min(_REST * (ended - started), _LONGEST_REST)
                self._next_taught = max(started + self._taught_seconds, ended + rest)
            self._busy.release()

    def _look_at_catalogue(self) -> None:
        names = served.names()
        titles = {item.code: item.title for item in self._finder.served}
        items = served.as_served(names, titles)
        if items and items != list(self._finder.served):
            self._finder = replace(self._finder, served=items, _routes={}, _by_code={})
        if (records := served.records(self._finder.records)) is not self._finder.records:
            self._finder = replace(self._finder, records=records)

    def _look_at_names(self) -> None:
        state = taught.state()
        # Read after the state: what is taught in between is seen by the next look.
        if state is None or state == self._state or (names := taught.names()) is None:
            return
        self._finder = with_names(self._finder, taught.merged(self._own, names), self._encode)
        self._state = state


def with_names(finder: Finder, citizens: Names, encode: Encode) -> Finder:
    """The finder with other everyday names; what they do not touch is not built again."""
    touched: set[str] = set()
    for code in finder.citizens.keys() | citizens.keys():
        before, after = finder.citizens.get(code, {}), citizens.get(code, {})
        touched |= {
            language
            for language in (*before, *after)
            if list(before.get(language, ())) != list(after.get(language, ()))
        }
    if not touched:
        return finder
    if finder.citizens.keys() ^ citizens.keys():
        # A procedure with everyday names weighs more, in every language.
        again = {"vi", "en", "other"}
    else:
        again = touched & {"vi", "en"} | ({"other"} if touched - {"vi"} else set())
    kept = {name: route for name, route in finder._routes.items() if name not in again}
    changes: dict[str, Any] = {}
    if "en" in touched and (speller := finder.analyzers["en"].speller):
        # A word that nobody knew would be mended into one that is known.
        english = [name for of in citizens.values() for name in of.get("en", ())]
        changes["analyzers"] = {
            **finder.analyzers,
            "en": replace(finder.analyzers["en"], speller=speller.with_words(english)),
        }
    return replace(
        finder,
        citizens=citizens,
        vectors=with_vectors(finder.vectors, finder.served, citizens, encode),
        _routes=kept,
        _by_code={},
        **changes,
    )


def with_vectors(
    known: Mapping[str, NDArray[np.float16]], served: Sequence[Served], citizens: Names, encode: Encode
) -> Mapping[str, NDArray[np.float16]]:
    """The vectors, with those of names of served procedures that have none yet; a finder without any stays
    without. Thousands of names are of procedures that a small catalogue lacks: encoding them takes minutes.
    """
    of_served = (citizens.get(item.code, {}) for item in served)
    new = [name for of in of_served for names in of.values() for name in names if name not in known]
    if not known or not new:
        return known
    made = encode(list(dict.fromkeys(new)))
    return known if made is None else {**known, **dict(zip(dict.fromkeys(new), made, strict=True))}
