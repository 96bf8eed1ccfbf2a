"""PhoATIS is read in its published layout; the miniature here was written for this test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot import phoatis
from bot.evaluate import evaluate
from troly.errors import UsageError
from troly.settings import settings

PLACES = ["hà_nội", "đà_nẵng", "huế", "cần_thơ", "vinh", "pleiku", "phú_quốc", "nha_trang"]
ASKED = {
    "flight": "tìm chuyến_bay đi {}",
    "airfare": "vé tới {} giá bao_nhiêu",
    "meal": "bữa ăn trên đường tới {}",
}


def messages(places: list[str]) -> list[tuple[str, str]]:
    return [(words.format(place), intent) for intent, words in ASKED.items() for place in places]


def write(folder: Path, found: list[tuple[str, str]], joined: bool = True) -> None:
    folder.mkdir(parents=True)
    texts = [text if joined else text.replace("_", " ") for text, _ in found]
    for name, rows in (
        ("seq.in", texts),
        ("seq.out", ["O"] * len(found)),
        ("label", [one for _, one in found]),
    ):
        (folder / name).write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """The repository's folder, with both levels."""
    for level, joined in (("word-level", True), ("syllable-level", False)):
        root = tmp_path / "JointIDSF" / "PhoATIS" / level
        write(root / "train", messages(PLACES[:5]), joined)
        write(root / "dev", messages(PLACES[5:7]), joined)
        write(root / "test", [*messages(PLACES[7:]), ("chuyến nào rẻ nhất", "cheapest")], joined)
    return tmp_path / "JointIDSF"


def test_both_levels_are_read_and_words_are_taken_apart(published: Path) -> None:
    level, splits = phoatis.read(published)
    assert level == "syllable-level"
    assert {name: len(found) for name, found in splits.items()} == {"train": 15, "dev": 6, "test": 4}
    assert splits["train"][0] == ("tìm chuyến bay đi hà nội", "flight")
    (published / "PhoATIS" / "syllable-level").rename(published / "PhoATIS" / "other")
    assert phoatis.read(published / "PhoATIS") == ("word-level", splits)


def test_the_classifier_learns_train_and_is_measured_on_dev_and_test(published: Path) -> None:
    found = phoatis.run(published)
    assert (found.trained_on, found.intents, found.unknown) == (15, 3, 1)
    accuracy = {one.title: (one.accuracy.right, one.accuracy.n) for one in found.results}
    assert accuracy == {"dev": (6, 6), "dev, unaccented": (6, 6), "test": (3, 4), "test, unaccented": (3, 4)}


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.usefixtures("own_folder")
def test_the_command_prints_the_figures_and_writes_them(published: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(evaluate, ["--dataset", "phoatis", str(published)])
    assert result.exit_code == 0, result.output
    assert "test, unaccented   intent accuracy 75.0% (3 of 4, 95% 30.1%–95.4%)" in result.output
    assert "1 messages have an intent that train lacks" in result.output
    stated = json.loads((tmp_path / "data" / "evaluation" / "phoatis.json").read_text("utf-8"))
    assert stated["results"][2]["split"] == "test"
    assert stated["results"][2]["intent_accuracy"]["n"] == 4


def test_a_folder_without_the_layout_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="neither syllable-level/ nor word-level/"):
        phoatis.read(tmp_path)


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("label", b"flight\n", "seq.in has 6 lines and label 1"),
        ("label", None, "label: No such file"),
        ("seq.in", b"\xff\xfe\n", "seq.in: not UTF-8"),
    ],
)
def test_a_file_that_does_not_fit_is_named(
    published: Path, file: str, content: bytes | None, says: str
) -> None:
    path = published / "PhoATIS" / "syllable-level" / "dev" / file
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(UsageError, match=says):
        phoatis.read(published)


def test_an_empty_split_is_named(published: Path) -> None:
    for name in ("seq.in", "label"):
        (published / "PhoATIS" / "syllable-level" / "test" / name).write_text("\n", encoding="utf-8")
    with pytest.raises(UsageError, match="test: no messages"):
        phoatis.read(published)
