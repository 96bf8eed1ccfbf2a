"""A changed catalogue is searchable without training or a restart."""

from __future__ import annotations

import threading

import pytest

from bot.understanding import served
from bot.understanding.analysis import Analyzer
from bot.understanding.finder import Finder
from bot.understanding.freshness import Freshness
from bot.understanding.route import Served
from portal.catalogue import CatalogueName


def _wait() -> None:
    for thread in threading.enumerate():
        if thread.name == "catalogue-check":
            thread.join(10)


def test_a_new_procedure_is_found_after_the_next_look(monkeypatch: pytest.MonkeyPatch) -> None:
    analyzers = {"vi": Analyzer("vi"), "en": Analyzer("en")}
    old = CatalogueName(
        "1.000001", "Đăng ký khai sinh", "Birth registration", "Hộ tịch", ("commune",), "STANDARD"
    )
    new = CatalogueName("1.000002", "Cấp giấy phép nuôi ong", None, "Thú y", ("commune",), "STANDARD")
    monkeypatch.setattr(served, "names", lambda: [old, new])
    monkeypatch.setattr(served, "contents", dict)
    item = Served(old.code, old.name, old.name_en, ("commune",))
    fresh = Freshness(Finder([item], {}, analyzers), seconds=0)
    fresh.current()  # looks, and takes over what it finds once the look is done
    _wait()
    assert fresh.current().find("giấy phép nuôi ong", "vi").procedures[0].code == "1.000002"
    _wait()


@pytest.mark.usefixtures("own_cache")
def test_a_changed_record_is_found_by_its_new_words(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = ["1.000001", "1.000002", "1.000003", "1.000004", "1.000005"]
    names = [CatalogueName(code, "Cấp giấy phép", None, "Thú y", (), "STANDARD") for code in codes]
    records = dict.fromkeys(codes, "Đơn đề nghị") | {codes[2]: "tổ ong", codes[3]: "tổ ong, chuồng dê"}
    monkeypatch.setattr(served, "names", lambda: names)
    monkeypatch.setattr(served, "contents", lambda: {code: f"state {text}" for code, text in records.items()})
    monkeypatch.setattr(served, "texts", lambda some: [(code, records[code]) for code in some])
    items = [Served(code, "Cấp giấy phép") for code in codes]
    fresh = Freshness(Finder(items, {}, {"vi": Analyzer("vi"), "en": Analyzer("en")}), seconds=0)
    fresh.current()
    _wait()
    assert fresh.current().find("giấy phép tổ ong", "vi").procedures[0].code in codes[2:4]
    _wait()
    records |= {codes[0]: "bãi chăn bò", codes[1]: "bãi chăn bò, tổ ong"}
    fresh.current()
    _wait()
    assert fresh.current().find("giấy phép bãi chăn bò", "vi").procedures[0].code in codes[:2]
    _wait()


def test_a_catalogue_out_of_reach_leaves_the_finder_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "names", list)
    monkeypatch.setattr(served, "contents", dict)
    finder = Finder(
        [Served("1.000001", "Đăng ký khai sinh")], {}, {"vi": Analyzer("vi"), "en": Analyzer("en")}
    )
    fresh = Freshness(finder, seconds=0)
    fresh.current()
    _wait()
    assert fresh.current() is finder
    _wait()
