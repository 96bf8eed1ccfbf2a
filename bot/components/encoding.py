"""The process's encoder: the one that the model was trained with; its vectors of recent messages are kept."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from bot.understanding.encoder import Encoder, QueryCache, load_encoder
from bot.understanding.encoder_choice import EncoderChoice
from bot.understanding.errors import EncoderError
from bot.understanding.vector_store import VectorStore
from troly.settings import ROOT, settings

_FILE = "encoder.json"
_log = logging.getLogger(__name__)
_of_model: EncoderChoice | None = None
"""Set when a model is loaded; a process that trains has none and goes by its settings."""
_last_message = float("-inf")


def record(folder: Path) -> None:
    """Write into a model's folder which encoder it is trained with."""
    encoder = _wanted()
    choice = encoder.choice if encoder else EncoderChoice("none")
    (folder / _FILE).write_text(json.dumps(choice.to_dict(), ensure_ascii=False), encoding="utf-8")


def adopt(folder: Path) -> None:
    """From now on use the encoder that the model in the folder was trained with.

    Logs an error where that encoder does not run here; messages are understood without it then.
    """
    global _of_model
    file = folder / _FILE
    if file.is_file():
        _of_model = EncoderChoice.from_dict(json.loads(file.read_text(encoding="utf-8")))
        _queries(_of_model)


def encoder_runs() -> bool:
    """Whether query_vector() gives vectors in this process."""
    return _queries(_of_model) is not None


def query_vector(text: str) -> NDArray[np.float32] | None:
    """The vector of a message, or None where there is no encoder."""
    cache = _queries(_of_model)
    return None if cache is None else cache.vector(text)


def encoder_name() -> str:
    """What vector_not_kept() depends on; "" where there is no encoder."""
    cache = _queries(_of_model)
    return "" if cache is None else cache.encoder_name


def vector_not_kept(text: str) -> NDArray[np.float32] | None:
    """The same as query_vector(), from any thread: recent messages of citizens keep their places."""
    cache = _queries(_of_model)
    return None if cache is None else cache.vector_not_kept(text)


def message_came() -> None:
    """Note that a citizen's message came, whether or not it will be encoded."""
    global _last_message
    _last_message = monotonic()


def last_message() -> float:
    """When the last message came (time.monotonic)."""
    return _last_message


def passages(texts: Sequence[str]) -> NDArray[np.float16] | None:
    """Vectors of names that a running assistant learned, as what is searched; None without an encoder."""
    cache = _queries(_of_model)
    return None if cache is None else cache.passages(texts).astype(np.float16)


def sentence_vectors(texts: Sequence[str]) -> NDArray[np.float16] | None:
    """Vectors of training sentences, as messages; None where there is no encoder."""
    return _vectors(texts, queries=True)


def name_vectors(texts: Sequence[str]) -> NDArray[np.float16] | None:
    """Vectors of names, as what is searched; None where there is no encoder."""
    return _vectors(texts, queries=False)


def _vectors(texts: Sequence[str], queries: bool) -> NDArray[np.float16] | None:
    store = _store(queries)
    return None if store is None else store.vectors(list(texts))


def _store(queries: bool) -> VectorStore | None:
    return _read(settings().model_dir / "cache", EncoderChoice.from_settings(settings()), queries)


@lru_cache(maxsize=2)
def _read(folder: Path, choice: EncoderChoice, queries: bool) -> VectorStore | None:
    encoder = load_encoder(choice)
    if encoder is None:
        return None
    return VectorStore(folder, encoder, queries=queries, bundled=ROOT / "nlu_data" / "vectors")


def _wanted() -> Encoder | None:
    return load_encoder(EncoderChoice.from_settings(settings()))


@lru_cache(maxsize=2)
def _queries(of_model: EncoderChoice | None) -> QueryCache | None:
    if settings().encoder == "none":
        return None
    try:
        encoder = _wanted() if of_model is None else _again(of_model)
    except EncoderError as error:
        _log.error(
            "Messages are understood without the encoder, and less well. The model was trained with %s, but: "
            "%s. Mend that, or run `troly train --encoder auto`.",
            of_model.model if of_model else settings().encoder,
            error,
        )
        return None
    return None if encoder is None else QueryCache(encoder)


def _again(of_model: EncoderChoice) -> Encoder | None:
    """The encoder whose vectors the model holds: no other fits them."""
    try:
        encoder = load_encoder(of_model)
    except EncoderError:
        # The same files may lie elsewhere on this machine.
        here = EncoderChoice.from_settings(settings())
        if not here.brought or here.model == of_model.model:
            raise
        encoder = load_encoder(here)
    if encoder and of_model.brought and encoder.name != of_model.name:
        raise EncoderError(f"ENCODER: {encoder.choice.model} has changed since, or is another")
    return encoder
