"""The life events of actions/data/life_events/: situations that editors describe, and their recognition."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from troly.errors import UsageError
from troly.text import fold

FOLDER = Path(__file__).parent.parent / "data" / "life_events"

Text = Mapping[str, str]
"""A text in both languages: {"vi": …, "en": …}."""

Answers = Mapping[str, str]
"""Question id -> option id, for the questions that are answered."""

_WORDS = re.compile(r"[^\W_]+")
# Words that a bare situation has around it: who speaks, politeness, and the question what is to be done.
# Folded, so "cho hỏi" and "chợ" meet; what a procedure is about ("giấy khai sinh") is not among them.
_AROUND = frozenset(
    _WORDS.findall(
        "toi em e minh m anh chi a c ad admin shop alo chao xin hoi cho co ah ak nhe voi giup gium dum oi "
        "thi la ma "
        "va roi da dang se vua moi muon can phai nen lam gi nhung cac thu tuc sao nao the nhu ra duoc dc "
        "chuan bay gio hien tai ben gia dinh biet bi day huong dan i my we our the "
        "to do does a an is are am have has just what need how please hi hello for of in and it should must "
        "which papers procedures about want"
    )
)
_ABOUT_WORK = re.compile(
    r"\b(?:nhung |cac )?viec (?:can|phai|gi|nao)\b|\b(?:can|lam|nhung|cac|gom|phai|tuc|bi) giay to\b"
    r"|\bgiay to (?:gi|nao)\b|\bo dau\b|\b(?:help|tell|for|show|let|give) me\b"
)
_JOINED = ((re.compile(r"\bgiay to\b"), "giayto"), (re.compile(r"\bo to\b"), "oto"))
"""Words whose halves mean something else once folded ("ô tô": "ở", "to")."""
_SHORT = {"vk": "vo", "ck": "chong", "cty": "cong ty", "bme": "bo me"}
_YES = frozenset({
    "co", "vang", "da", "co roi", "roi", "lam roi", "co chu", "muon", "co muon", "yes", "yep", "yeah", "u",
    "uh", "ok", "dung", "dung roi", "yes please", "i do", "we are", "already",
})  # fmt: skip
_NO = frozenset({
    "khong", "khong co", "chua", "chua co", "khong muon", "khong can", "k", "ko", "hok", "no", "nope", "none",
    "not yet", "no thanks",
})  # fmt: skip
_POLITE = re.compile(r"^da (?=\w)|(?: (?:a|ah|ak|nhe|nha|em|anh|chi|ban|ad|oi))+$")
_MEANS_YES = re.compile(
    r"(?:co|roi|yes)"
    r"(?: (?!(?:khong|ko|k|chua|gi|sao|nao|dau|may|bao|phai|the)\b)\w+){1,4}"
)
_MEANS_NO = re.compile(
    r"(?:khong|ko|chua|hok|no)(?: (?!(?:biet|ro|nho|chac|sao|thi|duoc|dc|idea)\b)\w+){1,4}"
)
"""A yes or no with a few words behind it ("có đất", "không thuộc diện nào"), which ask nothing."""
_MEANS = {"have": "yes", "none": "no"}
"""What an option with this id means where its file does not say it."""
_SURE = 0.75
"""Share of the words that message and name have in common, of all that either has."""
_WORDS_FOR_ONE_MORE = 4
"""A name of so many words may have one more beside it in the message; a shorter one none: "mở công ty" is
not "mở công ty đấu giá"."""
_LONG_WORD = 7
"""Letters of a word that may be a name by itself ("unemployed")."""
_ANSWER_WORDS = 8
_BETWEEN = frozenset(["va", "voi", "ca", "and", "the", "my", "a", "or", "hoac", "cung", "luon"])
"""Words between the options that an answer names."""
_LIKE = 0.6


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to a question."""

    id: str
    title: Text
    means: str
    """"yes" or "no", where a mere yes or no takes it."""
    also: tuple[str, ...] = ()
    """Other words for it."""


@dataclass(frozen=True, slots=True)
class Question:
    """What decides which procedures are needed."""

    id: str
    text: Text
    options: tuple[Option, ...]
    only: Mapping[str, tuple[str, ...]]
    """Asked only where these earlier answers were given."""

    def read(self, text: str) -> str | None:
        """The option that a written answer means; None for anything else."""
        words = fold(text).strip(" .!?,")
        bare = _POLITE.sub("", words)
        for option in self.options:
            if bare in {"yes": _YES, "no": _NO}.get(option.means, ()):
                return option.id
        said = words.split()
        if not said or len(said) > _ANSWER_WORDS:
            return None
        # "Married" is one option, and a part of "Not married, the father recognises the child".
        for option in self.options:
            if words in {
                " ".join(_WORDS.findall(fold(title))) for title in (*option.title.values(), *option.also)
            }:
                return option.id
        scores = [
            max(_like(said, title) for title in (*option.title.values(), *option.also))
            for option in self.options
        ]
        best = max(scores)
        if best >= _LIKE and scores.count(best) == 1:
            return self.options[scores.index(best)].id
        plain = words.removeprefix("da ")
        meant = "yes" if _MEANS_YES.fullmatch(plain) else "no" if _MEANS_NO.fullmatch(plain) else None
        return next((option.id for option in self.options if option.means == meant), None) if meant else None

    def names_several(self, text: str) -> bool:
        """Whether the answer is words of several options ("the passport and the licence")."""
        said = [word for word in _WORDS.findall(fold(text)) if word not in _BETWEEN]
        titles = [title for option in self.options for title in option.title.values()]
        touched = sum(any(_like(said, title) for title in option.title.values()) for option in self.options)
        return touched > 1 and len(said) <= _ANSWER_WORDS and _like(said, " ".join(titles)) >= _LIKE


@dataclass(frozen=True, slots=True)
class Item:
    """One procedure of an event."""

    code: str
    title: Text
    linked: bool
    """Several procedures in one go (liên thông)."""
    note: Text
    when: tuple[Mapping[str, tuple[str, ...]], ...]
    """Needed where one of these sets of answers was given; always where there is none."""
    cases: Mapping[str, Mapping[str, str]]
    """Question -> option -> words in the name of the record's case that then holds."""

    def needed(self, answers: Answers) -> bool:
        """Whether the answers call for this procedure."""
        return not self.when or any(_holds(given, answers) for given in self.when)

    def case(self, answers: Answers) -> str:
        """Words of the record's case that the answers lead to; "" where they lead to none."""
        found = (options.get(answers.get(question, ""), "") for question, options in self.cases.items())
        return next(filter(None, found), "")


@dataclass(frozen=True, slots=True)
class Event:
    """A situation in life."""

    id: str
    title: Text
    button: Text
    names: tuple[str, ...]
    questions: tuple[Question, ...]
    items: tuple[Item, ...]
    remark: Text
    source: Mapping[str, str]
    common: int
    """Place among the events offered without a question; 0: after the others."""
    offered_with: tuple[str, ...]
    """Procedures whose overview offers the whole event."""

    def next_question(self, answers: Answers) -> Question | None:
        """The first question that is open; None when all are answered."""
        for question in self.questions:
            if question.id not in answers and _holds(question.only, answers):
                return question
        return None

    def needed(self, answers: Answers) -> list[Item]:
        """The procedures in their order, those that replace several first."""
        needed = [item for item in self.items if item.needed(answers)]
        return sorted(needed, key=lambda item: not item.linked)

    def valid(self, answers: Mapping[str, Any]) -> dict[str, str]:
        """Of what a button's payload claims, the answers that this event has."""
        known = {question.id: {option.id for option in question.options} for question in self.questions}
        return {
            question: str(option) for question, option in answers.items() if option in known.get(question, ())
        }


class Events:
    """All life events."""

    def __init__(self, events: Iterable[Event]) -> None:
        """Prepares the names for matching."""
        self._events = {event.id: event for event in events}
        self._names = [(_content(name), event) for event in self._events.values() for name in event.names]

    def get(self, name: str) -> Event | None:
        """The event with this id."""
        return self._events.get(name)

    def all(self) -> list[Event]:
        """Every event, the most common first."""
        return sorted(self._events.values(), key=lambda event: (event.common or 99, event.id))

    def match(self, text: str) -> Event | None:
        """The event whose bare situation the message states, and nothing beside it; None when unsure."""
        said = _content(text)
        if not said:
            return None
        scored = [
            (len(said & name) / len(said | name), -len(name), event)
            for name, event in self._names
            if len(said - name) <= len(name) // _WORDS_FOR_ONE_MORE
            if len(name) > 1 or len(min(name, default="")) >= _LONG_WORD
        ]
        best = max(scored, key=lambda one: one[:2], default=None)
        if best is None or best[0] < _SURE:
            return None
        rivals = {event.id for score, _, event in scored if score == best[0]}
        return best[2] if len(rivals) == 1 else None

    def with_procedure(self, code: str) -> Event | None:
        """The event that is offered beside an answer about this procedure."""
        return next((event for event in self.all() if code in event.offered_with), None)


def _like(said: list[str], title: str) -> float:
    words = set(_WORDS.findall(fold(title)))
    return len(words & set(said)) / len(set(said)) if said and words else 0.0


def _holds(given: Mapping[str, tuple[str, ...]], answers: Answers) -> bool:
    return all(answers.get(question) in options for question, options in given.items())


def _content(text: str) -> frozenset[str]:
    plain = _ABOUT_WORK.sub(" ", fold(text))
    for apart, joined in _JOINED:
        plain = apart.sub(joined, plain)
    words = " ".join(_SHORT.get(word, word) for word in _WORDS.findall(plain)).split()
    return frozenset(word for word in words if word not in _AROUND)


def read(folder: Path = FOLDER) -> list[Event]:
    """Every event of a folder. Raises UsageError for a file that `troly data check` would name."""
    return [_event(path) for path in sorted(folder.glob("*.yml"))]


def _event(path: Path) -> Event:
    try:
        return _made(path.stem, yaml.safe_load(path.read_text(encoding="utf-8")))
    except (AttributeError, KeyError, TypeError, yaml.YAMLError) as error:
        raise UsageError(f"{path.name}: no life event ({error!r}); run: troly data check") from error


def _made(name: str, raw: Mapping[str, Any]) -> Event:
    return Event(
        id=name,
        title=dict(raw["title"]),
        button=dict(raw["button"]),
        names=tuple(map(str, raw["names"])),
        questions=tuple(
            Question(
                id=asked["id"],
                text=dict(asked["ask"]),
                options=tuple(
                    Option(
                        one["id"],
                        {"vi": one["vi"], "en": one["en"]},
                        one.get("means") or _MEANS.get(one["id"], ""),
                        tuple(map(str, one.get("also") or ())),
                    )
                    for one in asked["options"]
                ),
                only=_given(asked.get("only") or {}),
            )
            for asked in raw["questions"]
        ),
        items=tuple(
            Item(
                code=item["code"],
                title=dict(item["title"]),
                linked=bool(item.get("linked")),
                note=dict(item.get("note") or {}),
                when=tuple(_given(given) for given in item.get("when") or ()),
                cases=item.get("cases") or {},
            )
            for item in raw["procedures"]
        ),
        remark=dict(raw.get("remark") or {}),
        source={key: str(raw["source"].get(key) or "") for key in ("title", "url", "as_of")},
        common=int(raw.get("common") or 0),
        offered_with=tuple(raw.get("offered_with") or ()),
    )


def _given(raw: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    return {question: tuple(options) for question, options in raw.items()}


@lru_cache(maxsize=1)
def events() -> Events:
    """The life events of this version, read once."""
    return Events(read())
