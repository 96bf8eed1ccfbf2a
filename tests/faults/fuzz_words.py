"""Whatever people write: everything that reads a text gives an answer, in bounded time."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import lru_cache
from itertools import pairwise
from time import process_time

from hypothesis import strategies as some

from bot.understanding import data
from bot.understanding.dates import find_day
from bot.understanding.entities import EntityFinder, ordinal
from bot.understanding.normalize import Normalizer, make_normalizer
from bot.understanding.places import PlaceFinder
from channels.rasa import valid_payload
from portal.codes import looks_like_application_code, parse_application_code, strip_locality
from tests.faults.fuzz_target import fuzzed
from troly import masking
from troly.settings import ROOT
from troly.text import clean, fold

LONGEST = 5000
"""Characters of one message (channels/web/forms.py)."""

SECONDS = 1.0
"""Of the processor, for any one reading of the longest message: a visitor waits no longer than that."""

_PIECES = [
    *("H49.08-251105-0312", "000.31.22.H49-240918-0015", "h4908 251105 0312", "1.001193.000.00.00.H49"),
    *("0912 345 678", "+84 (0)912-345-678", "001090012345", "cccd 001 090 012 345", "stk 0123456789"),
    *("nguyen.van.a@example.vn", "https://example.vn/a?b=c", "số 12 đường Trần Phú", "tổ 3 khu 5"),
    *("tên tôi là Nguyễn Văn A", "ông Trần", "sinh ngày 1/2/1990", "thứ hai tuần sau", "ngày 31 tháng 2"),
    *("15/11", "29/2/2025", "99/99/9999", "mùng 1", "hôm kia", "next monday", "cái thứ ba", "số 2", "kooo"),
    *("\u200b", "\u202e", "\u0301", "\ud800", "\x00", "ﷺ", "🇻🇳", "İ", "ß", "ſ", "١٢٣", "²", "½", "\u3164"),
    *(".", "-", " ", "\n", "(", "a", "0", "1", "@", "đ", "Ộ", "ngõ 1", "{0.__class__}", "{{7*7}}"),
]
_words = some.sampled_from(_PIECES) | some.text(max_size=12)
_sentence = some.lists(_words, max_size=25).flatmap(
    lambda words: some.sampled_from(["", " ", ", ", "-"]).map(lambda gap: gap.join(words))
)
# What made readers of texts slow elsewhere: the same piece again and again.
_repeated = some.builds(lambda piece, times: (piece * times)[:LONGEST], _words, some.integers(1, LONGEST))
texts = some.one_of(_sentence, _repeated, some.builds(lambda a, b: (a + b)[:LONGEST], _repeated, _sentence))


@contextmanager
def bounded(what: str, text: str) -> Iterator[None]:
    """Fails when the block uses more than SECONDS of the processor."""
    before = process_time()
    yield
    used = process_time() - before
    assert used < SECONDS, f"{what} took {used:.1f} s for {text[:60]!r}… ({len(text)} characters)"


@lru_cache(maxsize=1)
def _normalizer() -> Normalizer:
    root = ROOT / "nlu_data"
    return make_normalizer(*data.short_forms(root), data.hint_words(root, "en"))


@lru_cache(maxsize=1)
def _entities() -> EntityFinder:
    places = PlaceFinder.of(["phường Bãi Cháy", "xã Hải Hòa", "đặc khu Vân Đồn"])
    names = {"tieng anh": "en", "english": "en", "中文": "zh"}
    return EntityFinder(
        parse_application_code, looks_like_application_code, names, places, lambda: date(2026, 11, 22)
    )


@fuzzed(text=texts)
def normalizer(text: str) -> None:
    """The normalizer gives one clean line, whatever was written."""
    with bounded("normalize", text):
        written = _normalizer().normalize(text)
    assert written == unicodedata.normalize("NFC", written)
    assert "\n" not in written and not re.search("[\x00-\x08\u200b\u202e\ud800-\udfff]", written)


@fuzzed(text=texts)
def entities(text: str) -> None:
    """Codes, days, places and positions are found inside the text, or not at all."""
    for reader in (clean, fold, ordinal, lambda one: find_day(one, date(2026, 11, 22))):
        with bounded(getattr(reader, "__name__", "days"), text):
            reader(text)
    with bounded("entities", text):
        _entities().find(clean(text))
    with bounded("payload", text):
        valid_payload(text)


@fuzzed(text=texts)
def code_parser(text: str) -> None:
    """A code that was read is read the same way again, and a malformed one is not a code."""
    with bounded("codes", text):
        code = parse_application_code(text)
        looks_like_application_code(text)
        strip_locality(text)
    if code is not None:
        assert re.fullmatch(r"[0-9A-Z.\-]{8,60}", code), code
        assert parse_application_code(code) == code


@fuzzed(text=texts)
def masking_of_texts(text: str) -> None:
    """Masks are in order, without overlaps, and leave nothing to mask that was found."""
    with bounded("masking", text):
        spans = masking.find(text)
    assert all(0 <= one.start < one.end <= len(text) for one in spans)
    assert all(one.end <= other.start for one, other in pairwise(spans))
    with bounded("masking ours", text):
        masking.mask_ours(text)
    masked = masking.mask_all({"a": [text, 1, None]})["a"][0]
    assert masked == masking.mask(text)


_around = some.text(alphabet="abcđêô ,;:!?\n\t", max_size=40)


@fuzzed(
    before=_around,
    after=_around,
    number=some.from_regex(r"0[35789][0-9]{8}", fullmatch=True)
    | some.from_regex(r"0[0-9]{11}", fullmatch=True)
    | some.from_regex(r"[a-z]{3,8}\.[a-z]{3,8}@[a-z]{3,8}\.vn", fullmatch=True),
)
def masking_of_numbers(before: str, after: str, number: str) -> None:
    """A phone number, an identity number, an address for mail: never in what staff see."""
    text = f"{before} {number} {after}"
    assert number not in masking.mask(text)
    assert number not in masking.without(text)


TARGETS = {
    "normalizer": normalizer,
    "entities": entities,
    "codes": code_parser,
    "masking": masking_of_texts,
    "masking-numbers": masking_of_numbers,
}
