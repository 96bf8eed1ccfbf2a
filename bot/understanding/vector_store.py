"""Vectors of texts on disk, by content: a second training encodes only what is new."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.understanding.encoder import Encoder


class VectorStore:
    """The vectors of one encoder. A file holds what no other file of the store does.

    `bundled` is a read-only store of the same form that comes with the project. `queries` tells whether
    the texts are encoded as what citizens write or as what is searched.
    """

    def __init__(
        self, folder: Path, encoder: Encoder, *, queries: bool = False, bundled: Path | None = None
    ) -> None:
        self._encode = encoder.queries if queries else encoder.passages
        slug = "".join(c if c.isalnum() else "-" for c in encoder.name)
        name = f"vectors-{slug}-{'queries' if queries else 'passages'}.npz"
        self._path = folder / name
        self._known: dict[str, NDArray[np.float16]] = {}
        if bundled and (bundled / name).is_file():
            self._known.update(read_vectors(bundled / name))
        self._bundled = frozenset(self._known)
        if self._path.is_file():
            self._known.update(read_vectors(self._path))

    @property
    def path(self) -> Path:
        """The file of this store."""
        return self._path

    def __len__(self) -> int:
        return len(self._known)

    def missing(self, texts: Sequence[str]) -> list[str]:
        """The texts that have no vector yet, each once."""
        return [text for text in dict.fromkeys(texts) if text not in self._known]

    def vectors(self, texts: Sequence[str], batch: int = 512) -> NDArray[np.float16]:
        """The vectors of the texts, in their order; new ones are encoded (with a progress bar) and stored."""
        missing = self.missing(texts)
        if missing:
            from tqdm import tqdm

            with tqdm(total=len(missing), desc="encoding", unit="text", disable=len(missing) < 200) as bar:
                for start in range(0, len(missing), batch):
                    part = missing[start : start + batch]
                    for text, vector in zip(part, self._encode(part), strict=True):
                        self._known[text] = vector.astype(np.float16)
                    bar.update(len(part))
            self._save()
        if not texts:
            return np.zeros((0, 1), dtype=np.float16)
        return np.stack([self._known[text] for text in texts])

    def _save(self) -> None:
        own = {text: vector for text, vector in self._known.items() if text not in self._bundled}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(f".{os.getpid()}.npz")
        np.savez(part, texts=packed(list(own)), vectors=np.stack(list(own.values())))
        part.replace(self._path)


def read_vectors(path: Path) -> dict[str, NDArray[np.float16]]:
    """The vectors of a store's file by their texts; those bundled have 8 bits a number."""
    with np.load(path, allow_pickle=False) as stored:
        vectors = stored["vectors"]
        if vectors.dtype == np.int8:
            vectors = (vectors / np.float32(127)).astype(np.float16)
        return dict(zip(unpacked(stored["texts"]), vectors, strict=True))


def packed(texts: Sequence[str]) -> NDArray[np.uint8]:
    """The texts as an array for a file.

    Numpy's own would give each text the room of the longest: 140 MB of zeros for the names of a catalogue.
    """
    return np.frombuffer(json.dumps(list(texts), ensure_ascii=False).encode(), dtype=np.uint8)


def unpacked(stored: NDArray[Any]) -> list[str]:
    """The texts that packed() was given, or those of a file that was written before it."""
    texts: list[str] = json.loads(stored.tobytes()) if stored.dtype == np.uint8 else stored.tolist()
    return texts
