"""Runs the finder over the messages of calibration_messages.py as the pipeline would, for `calibrate`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from bot.calibrate import FORMULAS, Find, Fit, Seen, fit, observe
from bot.calibration_messages import FOLDS, Citizens, Message, carriers, made, without, written
from bot.components.encoding import encoder_runs, name_vectors, query_vector
from bot.components.finder_storage import build, make_analyzers
from bot.understanding import data, served
from bot.understanding.analysis import Analyzer
from bot.understanding.beside import Foreigners
from bot.understanding.correction import sibling_codes
from bot.understanding.diacritics import Restorer, is_unaccented
from bot.understanding.finder import Finder
from bot.understanding.finding import Finding
from bot.understanding.knobs import FinderThresholds
from bot.understanding.normalize import make_normalizer
from bot.understanding.route import Served
from troly.errors import UsageError

_ALWAYS_ENCODE = FinderThresholds(sure=2.0)


def calibrate(root: Path, tests: Path, scale: float = 1.0) -> list[Fit]:
    """The formulas fitted on nlu_data/ (`root`), `tests` and the imported catalogue; some minutes.

    `scale` is how many of the messages made of names are used. Raises UsageError without a catalogue.
    """
    items, texts = build(root, served.names())
    if not items:
        raise UsageError("calibrate: the database holds no catalogue; run `troly catalogue import FILE`")
    citizens = data.citizens_names(root)
    around = carriers(data.sentences(root), citizens)
    messages = [*written(tests), *made(items, citizens, data.short_forms(root)[0], around, scale)]
    encoded = name_vectors(texts)
    vectors = {} if encoded is None else dict(zip(texts, encoded, strict=True))
    prepared = _Prepared(root, items, citizens)
    seen: list[Seen] = []
    for fold in (None, *range(FOLDS)):
        find = prepared.finder(without(citizens, fold), vectors)
        part = [message for message in messages if message.fold == fold]
        seen += observe(tqdm(part, desc=f"fold {fold}", disable=None), find, bool(vectors) and encoder_runs())
    return [found for name in FORMULAS if (found := fit(name, seen)) is not None]


class _Prepared:
    """What all folds share: the analyzers, and what messages are prepared with."""

    def __init__(self, root: Path, items: list[Served], citizens: Citizens) -> None:
        self._items = items
        self._siblings = sibling_codes(root)
        self._records = served.records()
        self._foreigners = Foreigners.of(root)
        names = data.citizens_names(root)
        self._seldom = data.seldom_needed(root)
        self._analyzers: dict[str, Analyzer] = make_analyzers(root, names, self._seldom)
        plain, ambiguous = data.short_forms(root)
        self._normalize = make_normalizer(plain, ambiguous, data.hint_words(root, "en")).normalize
        sentences = [self._normalize(one.text) for one in data.sentences(root) if one.language == "vi"]
        known = [(text, 3) for text in sentences if not text.isascii()]
        known += [(name, 3) for of in citizens.values() for name in of.get("vi", ())]
        self._restorer = Restorer.train([*known, *((item.name, 1) for item in items)])

    def finder(self, citizens: Citizens, vectors: dict[str, NDArray[np.float16]]) -> Find:
        """Asks a finder that knows these everyday names only."""
        finder = Finder(
            self._items,
            citizens,
            self._analyzers,
            vectors,
            thresholds=_ALWAYS_ENCODE,
            siblings=self._siblings,
            seldom=self._seldom,
            records=self._records,
            foreigners=self._foreigners,
        )

        def find(message: Message, encode: bool) -> Finding:
            text = self._normalize(message.text)
            bare = message.language == "vi" and is_unaccented(text)
            restored = self._restorer.restore(text) if bare else text
            return finder.find(text, message.language, _vector if encode else None, restored)

        return find


def _vector(text: str) -> NDArray[np.float32]:
    vector = query_vector(text)
    if vector is None:  # not reached: asked only where encoder_runs()
        raise UsageError("calibrate: the encoder does not run")
    return vector
