"""Builds, stores and loads what the procedure finder searches."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage

from bot.components.encoding import adopt, passages, record
from bot.components.storage import needing_intents
from bot.understanding import data, served, taught
from bot.understanding.analysis import Analyzer, common_words, read_carriers, read_synonyms, read_variants
from bot.understanding.beside import Foreigners
from bot.understanding.correction import sibling_codes
from bot.understanding.finder import Finder, names_to_encode
from bot.understanding.freshness import with_vectors
from bot.understanding.record_index import RecordIndex
from bot.understanding.route import Served
from bot.understanding.signs import SignAnalyzer, sign_pairs
from bot.understanding.spelling import Speller
from bot.understanding.vector_store import packed, read_vectors
from portal.catalogue import CatalogueName

Citizens = dict[str, dict[str, list[str]]]
_A_SHORT_FORM = 3
"""Letters of a short form in a name; fewer are one of their own there ("C/O mẫu E")."""


def everyday_names(root: Path) -> Citizens:
    """What citizens call procedures: by nlu_data/, and by what staff taught here."""
    return taught.merged(data.citizens_names(root), taught.names() or {})


def build(root: Path, names: Sequence[CatalogueName]) -> tuple[list[Served], list[str]]:
    """The served procedures with their English titles, and the texts to encode."""
    items = served.as_served(names, data.english_titles(root))
    return items, names_to_encode(items, everyday_names(root))


def make_finder(
    root: Path,
    items: Sequence[Served],
    vectors: Mapping[str, NDArray[np.float16]],
    citizens: Citizens | None = None,
    records: RecordIndex | None = None,
) -> Finder:
    """The finder over these procedures, with nlu_data/ as it is now, or with other everyday names."""
    citizens = data.citizens_names(root) if citizens is None else citizens
    seldom = data.seldom_needed(root)
    analyzers = make_analyzers(root, citizens, seldom)
    return Finder(
        items,
        citizens,
        analyzers,
        vectors,
        siblings=sibling_codes(root),
        seldom=seldom,
        records=records,
        foreigners=Foreigners.of(root),
    )


def make_analyzers(root: Path, citizens: Citizens, seldom: frozenset[str]) -> dict[str, Analyzer]:
    """The analyzers of Vietnamese, English and the others; the words around a procedure are learned from
    sentences, and from the names of those that are not `seldom` needed."""
    needing = needing_intents(root)
    variants = read_variants(root)
    often = [names for code, names in citizens.items() if code not in seldom]
    around: dict[str, list[str]] = {"vi": [], "en": []}
    signs: list[str] = []
    english: list[str] = [
        *data.english_titles(root).values(),
        *(name for one in citizens.values() for name in one["en"]),
    ]
    for sentence in data.sentences(root):
        if sentence.language in data.CJK_LANGUAGES:
            signs.append(sentence.text)
        if sentence.language == "en":
            english.append(sentence.text)
        if sentence.intent not in needing and sentence.language in around:
            around[sentence.language].append(sentence.text)
    made: dict[str, Analyzer] = {}
    for language, sentences in around.items():
        names = [name for entry in often for name in entry[language]]
        common = common_words(sentences, names)
        expansions = read_synonyms([root / "synonyms.yml"], language)
        speller = Speller.train(english) if language == "en" else None
        short = _short_forms(root) if language == "vi" else {}
        made[language] = Analyzer(
            language, read_carriers(root, language), expansions, common, variants, speller, short
        )
    foreign = [name for entry in often for language in data.CJK_LANGUAGES for name in entry.get(language, ())]
    # All of their sentences: those that are about no procedure are too few to learn from.
    made["other"] = SignAnalyzer(common=common_words(signs, foreign, sign_pairs))
    return made


def _short_forms(root: Path) -> dict[str, str]:
    plain, _ = data.short_forms(root)
    return {form: meaning for form, meaning in plain.items() if len(form) >= _A_SHORT_FORM}


def save_index(
    storage: ModelStorage,
    resource: Resource,
    items: Sequence[Served],
    texts: Sequence[str],
    vectors: NDArray[np.float16] | None,
) -> None:
    """Write names and vectors; the words are indexed anew at each start, which takes two seconds."""
    with storage.write_to(resource) as folder:
        stated = [[item.code, item.name, item.title, list(item.levels), item.field] for item in items]
        (folder / "served.json").write_text(json.dumps(stated, ensure_ascii=False), encoding="utf-8")
        record(folder)
        if vectors is not None:
            np.savez(folder / "vectors.npz", texts=packed(texts), vectors=vectors)


def load_index(
    storage: ModelStorage, resource: Resource, root: Path, names: Sequence[CatalogueName]
) -> Finder | None:
    """The stored index over `names`, or over the stored names where there are none; None if never trained."""
    try:
        with storage.read_from(resource) as folder:
            stated: list[Any] = json.loads((folder / "served.json").read_text(encoding="utf-8"))
            adopt(folder)
            vectors: dict[str, NDArray[np.float16]] = {}
            if (folder / "vectors.npz").is_file():
                vectors = read_vectors(folder / "vectors.npz")
    except (ValueError, FileNotFoundError):
        return None
    items = build(root, names)[0] or [
        Served(code, name, title, tuple(levels), *field) for code, name, title, levels, *field in stated
    ]
    citizens = everyday_names(root)
    known = with_vectors(vectors, items, citizens, passages)
    return make_finder(root, items, known, citizens, served.records())
