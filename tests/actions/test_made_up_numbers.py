"""Whatever a record says, an answer about it has no number that the record has not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actions.aspects import view
from actions.turn import ASPECTS
from bot.response_files import LANGUAGES, load
from portal.models import (
    CHANNELS,
    LEVELS,
    TIME_UNITS,
    Case,
    Document,
    Duration,
    Fee,
    Form,
    LegalBasis,
    Method,
    Procedure,
    Step,
)
from troly.answers.rendering import Renderer

Make = Callable[..., Procedure]
ReadOut = Callable[..., str]

_SEPARATOR = re.compile(r"(?<=\d)[.,](?=\d)")


def numbers(text: str) -> set[str]:
    """The digits of a text, those of one number together however it is written: 50.000 = 50,000 = 50000."""
    return set(re.findall(r"\d+", _SEPARATOR.sub("", text)))


def everything(value: Any) -> Iterator[str]:
    """All that a record says, as texts."""
    if is_dataclass(value):
        for field in fields(value):
            yield from everything(getattr(value, field.name))
    elif isinstance(value, tuple):
        for item in value:
            yield from everything(item)
    elif isinstance(value, float) and value.is_integer():
        yield str(int(value))
    elif value is not None and not isinstance(value, datetime):
        yield str(value)


def shown_numbers(text: str) -> set[str]:
    """The numbers of an answer, without the numbering of its lists and how much is left."""
    text = re.sub(r"^\d+\. ", "", text, flags=re.MULTILINE)
    text = re.sub(r"^(Trường hợp|Case) \d+$", "", text, flags=re.MULTILINE)
    text = re.sub(r"^(Còn \d+ mục nữa\.|\d+ more lines?\.)$", "", text, flags=re.MULTILINE)
    return numbers(text)


_TEXT = st.text(alphabet="abđủ 0123456789.,;:()-/%*+•\n", max_size=40)
_AMOUNT = st.one_of(st.none(), st.integers(0, 90_000_000))
_FEES = st.builds(Fee, st.just("FEE"), _AMOUNT, st.sampled_from(["VND", "USD", ""]), _TEXT)
_VALUES = st.one_of(st.none(), st.integers(1, 400).map(float), st.sampled_from([0.5, 1.5, 2.5]))
_TIMES = st.one_of(st.none(), st.builds(Duration, _VALUES, st.sampled_from(TIME_UNITS), _TEXT))
_METHODS = st.builds(Method, st.sampled_from(CHANNELS), _TIMES, st.lists(_FEES, max_size=3).map(tuple), _TEXT)
_COUNT = st.integers(0, 12)
_FORMS = st.lists(st.builds(Form, _TEXT, st.just("https://portal.example/form")), max_size=1).map(tuple)
_DOCUMENTS = st.builds(Document, _TEXT, _TEXT, _COUNT, _COUNT, _FORMS)
_CASE_NAMES = st.one_of(_TEXT, _TEXT.map(lambda text: f"Trường hợp {text}"))
_CASES = st.builds(Case, _CASE_NAMES, st.lists(_DOCUMENTS, max_size=14).map(tuple), _TIMES)


@st.composite
def records(draw: st.DrawFn, make: Make) -> Procedure:
    return make(
        levels=tuple(draw(st.sets(st.sampled_from(LEVELS)))),
        agencies=tuple(draw(st.lists(_TEXT, max_size=3))),
        receiving_address=draw(_TEXT),
        methods=tuple(draw(st.lists(_METHODS, max_size=3))),
        cases=tuple(draw(st.lists(_CASES, max_size=3))),
        steps=tuple(draw(st.lists(st.builds(Step, _TEXT, _TEXT), max_size=3))),
        requirements=draw(_TEXT),
        results=tuple(draw(st.lists(_TEXT, max_size=3))),
        legal_bases=tuple(draw(st.lists(st.builds(LegalBasis, _TEXT, _TEXT), max_size=12))),
        online=draw(st.sampled_from(["full", "partial", "none"])),
    )


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_number_of_an_answer_stands_in_the_record(
    data: st.DataObject, procedure: Make, read_out: ReadOut, renderers: dict[str, Renderer]
) -> None:
    record = data.draw(records(procedure))
    stated = set().union(*map(numbers, everything(record)))
    for aspect in sorted(set(ASPECTS.values())):
        for case, page in ((None, 1), (1, 1), (2, 2)):
            made = view(record, aspect, case, page)
            for language in LANGUAGES:
                ours = numbers(load_text(language, made.response))
                text = read_out(made, language)
                assert shown_numbers(text) <= stated | ours, (aspect, text)


def load_text(language: str, response: str) -> str:
    """The response's own text, whose numbers (a hotline) are ours."""
    if language not in _LOADED:
        _LOADED[language] = load(language)
    return str(_LOADED[language][response]["text"])


_LOADED: dict[str, dict[str, dict[str, Any]]] = {}
