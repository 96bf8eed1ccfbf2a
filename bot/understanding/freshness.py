"""Keeps a running finder up to date: a synced catalogue is searchable without training or a restart."""

from __future__ import annotations

import threading
from dataclasses import replace
from time import monotonic

from bot.understanding import served
from bot.understanding.finder import Finder
from bot.understanding.route import Served


class Freshness:
    """Holds the finder; asks now and then, beside the messages, whether the catalogue has changed."""

    def __init__(self, finder: Finder, seconds: float) -> None:
        self._finder = finder
        self._seconds = seconds
        self._next = monotonic() + seconds
        self._busy = threading.Lock()

    def current(self) -> Finder:
        """The finder to use now. A look at the catalogue, when due, runs in a thread of its own."""
        if monotonic() >= self._next and self._busy.acquire(blocking=False):
            self._next = monotonic() + self._seconds
            threading.Thread(target=self._refresh, daemon=True, name="catalogue-check").start()
        return self._finder

    def _refresh(self) -> None:
        try:
            names = served.names()
            titles = {item.code: item.title for item in self._finder.served}
            items = [
                Served(one.code, one.name, one.name_en or titles.get(one.code), tuple(one.levels))
                for one in names
            ]
            if items and items != list(self._finder.served):
                self._finder = replace(self._finder, served=items, _routes={}, _by_code={})
        finally:
            self._busy.release()
