"""Messages of our own that the finder's probabilities are fitted to: written ones, and ones made of names.

Written messages alone are too few and too easy: names were added wherever one of them failed.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from bot.labelled import Record, read_records
from bot.understanding import noise
from bot.understanding.data import CITIZENS, CJK_LANGUAGES, Sentence, read_yaml
from bot.understanding.route import Served
from troly.errors import UsageError
from troly.text import fold as folded

Citizens = Mapping[str, Mapping[str, Sequence[str]]]
FOLDS = 4
KINDS = {"blind": 2.0, "written": 1.0, "part": 0.2, "official": 0.2, "held": 0.15}
"""What a message of each kind weighs: written by who had not seen the names; by who had; an everyday name
with words left out; an official name with words left out; an everyday name that the finder was not given.
Without those made of names the rest is too easy; with more of them the finder is less sure than it may be."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message and the procedures that are right; `fold` tells which names the finder must not know."""

    text: str
    language: str
    right: frozenset[str]
    kind: str
    fold: int | None = None


def fold_of(language: str, name: str) -> int:
    """The fold in which a name is held out: the same in every run."""
    return zlib.crc32((language + name).encode()) % FOLDS


def without(citizens: Citizens, fold: int | None) -> dict[str, dict[str, list[str]]]:
    """The everyday names but for those of the fold."""
    return {
        code: {
            language: [name for name in names if fold is None or fold_of(language, name) != fold]
            for language, names in of.items()
        }
        for code, of in citizens.items()
    }


def written(tests: Path) -> Iterator[Message]:
    """The messages for which one procedure is right, of tests/nlu/, tests/bot/finder_messages*.yml and
    tests/messages/fitted/. Those of tests/messages/measured/ are for measuring.

    Raises:
        UsageError: there is no such folder, as in an installation without the tests.
    """
    if not (tests / "nlu").is_dir():
        raise UsageError(f"calibrate: {tests / 'nlu'} is missing; run it where the whole project lies")
    sources = [("written", tests / "nlu")]
    sources += [("blind", file) for file in sorted((tests / "messages" / "fitted").glob("*.jsonl"))]
    for kind, path in sources:
        for record in read_records(path):
            if isinstance(record, Record) and record.counts_in_recall:
                yield Message(record.text, record.language, frozenset(record.procedures), kind)
    for file in sorted((tests / "bot").glob("finder_messages*.yml")):
        for entry in read_yaml(file)["messages"]:
            right = frozenset(entry["procedures"])
            yield Message(entry["text"], entry.get("language", "vi"), right, "written")


def carriers(sentences: Iterable[Sentence], citizens: Citizens) -> dict[str, list[tuple[str, str]]]:
    """By language, what our sentences about a procedure say before and after its name."""
    found: dict[str, list[tuple[str, str]]] = {"vi": [], "en": []}
    patterns = {}
    for language in found:
        names = {folded(name) for of in citizens.values() for name in of.get(language, ())}
        names = {name for name in names if 2 <= len(name.split()) <= 7}
        either = "|".join(map(re.escape, sorted(names, key=lambda name: (-len(name), name))))
        patterns[language] = re.compile(rf"(?<!\w)(?:{either or '(?!)'})(?!\w)")
    for sentence in sentences:
        plain = folded(sentence.text)
        if sentence.language not in found or len(plain) != len(sentence.text):
            continue
        if sentence.intent.startswith("ask_") and (match := patterns[sentence.language].search(plain)):
            around = sentence.text[: match.start()], sentence.text[match.end() :]
            found[sentence.language].append(around)
    return found


def made(
    served: Sequence[Served],
    citizens: Citizens,
    short: Mapping[str, str],
    around: Mapping[str, Sequence[tuple[str, str]]],
    scale: float = 1.0,
    seed: int = 5,
) -> list[Message]:
    """Messages made of names, three of four inside a carrier (`around`), half of the Vietnamese ones as
    people type them; `scale` 1 makes about 2,800."""
    random = Random(seed)  # noqa: S311
    shorthand = noise.reversed_shorthand(short)
    codes = {item.code for item in served}
    found: list[Message] = []

    def add(text: str, language: str, right: frozenset[str], kind: str, held: int | None = None) -> None:
        if (known := around.get(language)) and random.random() < 0.75:
            before, after = random.choice(known)
            text = f"{before}{text}{after}"
        found.append(Message(_typed(text, language, shorthand, random), language, right, kind, held))

    for item in random.choices(served, k=int(600 * scale)):
        language = "en" if item.title and random.random() < 0.35 else "vi"
        name = item.title if language == "en" and item.title else item.name.removeprefix("Thủ tục ")
        add(_thinned(name, random), language, frozenset({item.code}), "official")
    owners: dict[tuple[str, str], set[str]] = {}
    for code in sorted(codes & citizens.keys()):
        for language, names in citizens[code].items():
            for name in names:
                owners.setdefault((language, name), set()).add(code)
    names_of = {language: [key for key in owners if key[0] == language] for language in CITIZENS}
    for language, most in (("vi", 430), ("en", 270)):
        keys = [key for key in names_of[language] if len(key[1].split()) >= 3]
        for key in random.sample(keys, min(len(keys), int(most * scale))):
            add(_thinned(key[1], random), language, frozenset(owners[key]), "part")
    for language, most in (("vi", 880), ("en", 520), *((one, 240) for one in CJK_LANGUAGES)):
        keys = names_of[language]
        for key in random.sample(keys, min(len(keys), int(most * scale))):
            add(key[1], language, frozenset(owners[key]), "held", fold_of(*key))
    return found


def _thinned(name: str, random: Random) -> str:
    words = name.split()[:24]
    share = random.choice((0.1, 0.25, 0.4))
    kept = [word for word in words if random.random() > share]
    return " ".join(kept if len(kept) > 1 else words)


def _typed(text: str, language: str, shorthand: Mapping[str, Sequence[str]], random: Random) -> str:
    way = random.random()
    if language == "vi" and way < 0.25:
        return noise.unaccented(text, random)
    if language == "vi" and way < 0.37:
        return noise.teencode(text, shorthand, random)
    return noise.typos(text, random) if language in ("vi", "en") and way > 0.87 else text
