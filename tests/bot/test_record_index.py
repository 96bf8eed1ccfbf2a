"""Procedures by what their records say: counting, searching, and keeping what has not changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pytest

from bot.understanding import record_bags
from bot.understanding import served as served_now
from bot.understanding.analysis import Analyzer
from bot.understanding.finder import Finder
from bot.understanding.record_bags import Bags, bags, term, terms
from bot.understanding.record_index import RecordIndex
from bot.understanding.route import Served

pytestmark = pytest.mark.usefixtures("own_cache")
RECORDS = {
    "1.000001": "Cấp giấy phép nuôi ong. Đơn đề nghị; sơ đồ vị trí đặt tổ ong; cam kết về nguồn hoa",
    "1.000002": "Cấp giấy phép nuôi tằm. Đơn đề nghị; sơ đồ vườn dâu; hợp đồng mua trứng tằm giống",
    "1.000003": "Cấp lại giấy phép. Đơn đề nghị; giấy phép bị hỏng; sơ đồ vị trí",
    "1.000004": "",
}


class Reading:
    """Gives the texts and remembers for which codes it was asked."""

    def __init__(self, records: Mapping[str, str] = RECORDS) -> None:
        self.records = records
        self.asked: list[str] = []

    def __call__(self, codes: Sequence[str]) -> Iterator[tuple[str, str]]:
        self.asked += codes
        return ((code, self.records[code]) for code in codes if code in self.records)


def _stated(records: Mapping[str, str] = RECORDS) -> dict[str, str]:
    return {code: f"state of {text}" for code, text in records.items()}


def _of(found: Bags, number: int) -> dict[int, int]:
    part = slice(found.starts[number], found.starts[number + 1])
    return dict(zip(found.terms[part].tolist(), found.counts[part].tolist(), strict=True))


def test_words_and_pairs_are_counted_without_marks() -> None:
    found = bags({"1": "a"}, Reading({"1": "Đơn đề nghị, đơn ĐỀ nghị"}))
    counted = _of(found, 0)
    assert counted[term("don")] == counted[term("de nghi")] == 2
    assert counted[term("nghi don")] == 1 and term("đơn") not in counted
    assert terms(["a", "b"]) == ["a", "b", "a b"]


def test_a_word_that_comes_a_thousand_times_does_not_overflow() -> None:
    assert _of(bags({"1": "a"}, Reading({"1": "mẫu " * 1000})), 0)[term("mau")] == 255


def test_only_what_changed_is_read_again() -> None:
    first, second, third = Reading(), Reading(), Reading()
    before = bags(_stated(), first)
    assert first.asked == list(RECORDS)
    after = bags(_stated(), second)
    assert second.asked == [] and np.array_equal(before.terms, after.terms)
    changed = {**RECORDS, "1.000002": "Cấp giấy phép nuôi dê"}
    third.records = changed
    now = bags(_stated(changed), third)
    assert third.asked == ["1.000002"]
    assert term("de") in _of(now, 1) and _of(now, 0) == _of(before, 0)


def test_a_record_that_cannot_be_read_is_asked_for_again() -> None:
    gone = Reading({code: text for code, text in RECORDS.items() if code != "1.000003"})
    with pytest.raises(LookupError, match="cannot be read"):
        RecordIndex.of(_stated(), gone)
    again = Reading()
    assert _of(bags(_stated(), again), 2) and "1.000003" in again.asked


def test_the_records_of_before_stay_while_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    known = RecordIndex.of(_stated(), Reading())
    monkeypatch.setattr(served_now, "contents", dict)
    assert served_now.records(known) is known and served_now.records() is None
    monkeypatch.setattr(served_now, "contents", _stated)
    assert served_now.records(known) is known
    monkeypatch.setattr(served_now, "contents", lambda: _stated() | {"1.000009": "new"})
    monkeypatch.setattr(served_now, "texts", Reading())
    assert served_now.records(known) is known  # the new one cannot be read yet


def test_nothing_is_lost_where_the_folder_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("read-only")

    monkeypatch.setattr(record_bags, "write_arrays", refuse)
    assert _of(bags(_stated(), Reading()), 0)


def test_the_record_that_says_most_of_the_message_comes_first() -> None:
    index = RecordIndex.of(_stated(), Reading())
    shares = index.shares(["so", "do", "vi", "tri", "dat", "to", "ong"])
    assert shares.argmax() in (0, 2) and shares[3] == 0
    assert ((shares >= 0) & (shares <= 1)).all()
    assert (
        index.shares(["giay", "phep", "bi", "hong"])[2] == index.shares(["giay", "phep", "bi", "hong"]).max()
    )


def test_words_of_no_record_and_no_words_say_nothing() -> None:
    index = RecordIndex.of(_stated(), Reading())
    assert not index.shares(["bong", "da"]).any() and not index.shares([]).any()


def test_an_empty_catalogue_has_an_index() -> None:
    assert RecordIndex.of({}, Reading({})).shares(["don"]).shape == (0,)


def test_a_message_is_found_by_what_only_the_record_says() -> None:
    texts = {
        "1.000001": "Cấp giấy phép loại A. Sơ đồ vị trí đặt tổ ong, nguồn hoa",
        "1.000002": "Cấp giấy phép loại B. Vườn dâu, trứng tằm giống",
        "1.000003": "Cấp giấy phép loại C. Chuồng dê, bãi chăn",
        "1.000005": "Cấp giấy phép loại D. Tổ ong, vườn dâu, chuồng dê",
    }
    served = [Served(code, text.partition(".")[0]) for code, text in texts.items()]
    analyzers = {"vi": Analyzer("vi"), "en": Analyzer("en")}
    index = RecordIndex.of(_stated(texts), Reading(texts))
    asked = "cấp giấy phép loại có vườn dâu trứng tằm"
    found = Finder(served, {}, analyzers, records=index).find(asked, "vi")
    assert found.procedures[0].code == "1.000002"
    plain = Finder(served, {}, analyzers).find(asked, "vi")
    assert found.procedures[0].score > plain.procedures[0].score


def test_procedures_without_a_record_are_found_by_name() -> None:
    served = [Served("1.000009", "Đăng ký khai sinh"), Served("1.000001", "Cấp giấy phép nuôi ong")]
    index = RecordIndex.of(_stated(), Reading())
    finder = Finder(served, {}, {"vi": Analyzer("vi"), "en": Analyzer("en")}, records=index)
    assert finder.find("đăng ký khai sinh", "vi").procedures[0].code == "1.000009"
