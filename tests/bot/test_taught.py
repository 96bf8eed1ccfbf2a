"""Names that staff teach are found by a running finder, without training and without a restart."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import Engine, insert, update

from bot.understanding import taught
from bot.understanding.analysis import Analyzer
from bot.understanding.finder import Finder
from bot.understanding.freshness import Freshness, with_names, with_vectors
from bot.understanding.route import Served
from bot.understanding.spelling import Speller
from troly.clock import now
from troly.database import engine
from troly.tables import Base
from troly.tables.learning import LearnedName

ITEMS = [
    Served("1.001193", "Đăng ký khai sinh", "Birth registration"),
    Served("1.000689", "Cấp giấy phép nuôi ong", "Beekeeping permit"),
    Served("1.004884", "Đăng ký kết hôn", "Marriage registration"),
]
OWN = {"1.001193": {"vi": ["vợ mới sinh"], "en": ["birth certificate"]}}


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """An empty database that the finder looks into."""
    address = f"sqlite:///{tmp_path / 'troly.db'}"
    made = engine(address)
    Base.metadata.create_all(made)
    monkeypatch.setattr(taught, "settings", lambda: SimpleNamespace(database=address))
    yield made
    made.dispose()
    taught._engine.cache_clear()


def teach(database: Engine, code: str, name: str, language: str = "vi") -> None:
    with database.begin() as connection:
        connection.execute(
            insert(LearnedName).values(
                procedure_code=code, language=language, name=name, folded=name, author="lan", at=now()
            )
        )


def finder() -> Finder:
    speller = Speller.train(["birth certificate", "permit", "marriage registration"])
    return Finder(ITEMS, OWN, {"vi": Analyzer("vi"), "en": Analyzer("en", speller=speller)})


def looked(fresh: Freshness) -> Finder:
    """The finder after the next look is over."""
    fresh._next_taught = 0.0
    fresh.current()
    for thread in threading.enumerate():
        if thread.name == "catalogue-check":
            thread.join(10)
    return fresh._finder


def test_a_taught_name_is_found_after_the_next_look_and_gone_once_taken_back(database: Engine) -> None:
    fresh = Freshness(finder(), 3600, taught_seconds=0)
    assert looked(fresh).find("thùng mật sau vườn", "vi").decision != "answer"
    teach(database, "1.000689", "thùng mật sau vườn")
    assert looked(fresh).find("thùng mật sau vườn", "vi").procedures[0].code == "1.000689"
    with database.begin() as connection:
        connection.execute(update(LearnedName).values(removed_at=now()))
    assert looked(fresh).find("thùng mật sau vườn", "vi").decision != "answer"
    assert looked(fresh).citizens == OWN


def test_a_word_that_only_a_taught_name_has_is_not_mended_away(database: Engine) -> None:
    fresh = Freshness(finder(), 3600, taught_seconds=0)
    teach(database, "1.000689", "permits for a hive", "en")
    assert looked(fresh).find("permits for a hive", "en").procedures[0].code == "1.000689"
    assert looked(fresh).analyzers["en"].mend("hive") == "hive"


def test_without_a_change_the_finder_stays_the_same_object(database: Engine) -> None:
    fresh = Freshness(finder(), 3600, taught_seconds=0)
    teach(database, "1.000689", "nuôi ong mật")
    first = looked(fresh)
    assert looked(fresh) is first


def test_a_database_that_is_away_leaves_the_names_as_they_are(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = Freshness(finder(), 3600, taught_seconds=0)
    teach(database, "1.000689", "thùng mật sau vườn")
    first = looked(fresh)
    monkeypatch.setattr(taught, "settings", lambda: SimpleNamespace(database="sqlite:////nowhere/at/all.db"))
    assert taught.state() is None
    assert taught.names() is None
    assert looked(fresh) is first


def test_only_routes_that_a_name_touches_are_built_again() -> None:
    before = finder()
    after = with_names(before, taught.merged(OWN, {"1.001193": {"vi": ["đẻ xong"]}}), lambda _names: None)
    assert after._routes["en"] is before._routes["en"]
    assert after._routes["vi"] is not before._routes["vi"]
    assert after.find("đẻ xong", "vi").procedures[0].code == "1.001193"


def test_taught_names_have_vectors_where_the_finder_has_an_encoder() -> None:
    def encode(names: Sequence[str]) -> NDArray[np.float16]:
        return np.ones((len(names), 4), dtype=np.float16)

    known = {item.name: np.zeros(4, dtype=np.float16) for item in ITEMS}
    before = Finder(ITEMS, {}, {"vi": Analyzer("vi"), "en": Analyzer("en")}, known)
    after = with_names(before, {"1.000689": {"vi": ["thùng mật"]}}, encode)
    assert after.vectors["thùng mật"].tolist() == [1, 1, 1, 1]


def test_names_of_both_sources_are_listed_once() -> None:
    found = taught.merged(OWN, {"1.001193": {"vi": ["vợ mới sinh", "đẻ"]}, "2.0": {"en": ["x"]}})
    assert found == {
        "1.001193": {"vi": ["vợ mới sinh", "đẻ"], "en": ["birth certificate"]},
        "2.0": {"en": ["x"]},
    }
    assert OWN["1.001193"]["vi"] == ["vợ mới sinh"]


def test_only_names_of_served_procedures_are_encoded() -> None:
    asked: list[str] = []

    def encode(texts: Sequence[str]) -> Any:
        asked.extend(texts)
        return np.zeros((len(texts), 2), dtype=np.float16)

    citizens = {"1.1": {"vi": ["có rồi", "mới"]}, "9.9": {"vi": ["không phục vụ"]}}
    known = {"có rồi": np.zeros(2, dtype=np.float16)}
    made = with_vectors(known, [Served("1.1", "Tên", None, ())], citizens, encode)
    assert asked == ["mới"] and set(made) == {"có rồi", "mới"}
