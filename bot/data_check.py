"""Checks nlu_data/, tests/nlu/ and what editors write in actions/data/: every error, as `path: reason`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeGuard

import yaml

from bot.understanding.tokens import folded_words
from troly.text import clean, squeeze

try:
    from yaml import CSafeLoader as _Base
except ImportError:  # a PyYAML without libyaml reads the same, slower
    from yaml import SafeLoader as _Base  # type: ignore[assignment]

ASPECTS = (
    "overview", "documents", "fee", "processing_time", "place", "steps", "requirements", "legal_basis",
    "form", "result", "online",
)  # fmt: skip
VARIANTS = frozenset({"accented", "unaccented", "teencode", "typo", "mixed", "plain"})

_CODE = re.compile(r"[0-9]{1,2}\.[0-9]{6,9}")
_HELD_OUT_KEYS = frozenset({"text", "variant", "procedures", "application_code", "codes_strict", "note"})
# Training sentences an intent needs: (about an aspect of a procedure, about anything else).
_FEWEST = {"vi": (120, 60)}
_FEWEST_ELSEWHERE = (60, 40)


@dataclass(frozen=True, order=True, slots=True)
class Problem:
    """One thing to mend, and where."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


@dataclass
class Tree:
    """The data of one project folder as read, and what was wrong with it so far."""

    project: Path
    known_codes: frozenset[str] | None = None
    """Codes of the catalogue; None where there is none to compare with."""
    problems: list[Problem] = field(default_factory=list)
    intents: dict[str, dict[str, Any]] = field(default_factory=dict)
    languages: dict[str, dict[str, Any]] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    """Codes that procedures.yml gives names to."""

    def fault(self, path: Path, reason: str) -> None:
        """Note an error."""
        self.problems.append(Problem(path.relative_to(self.project).as_posix(), reason))

    def read(self, path: Path, shape: type, *, optional: bool = False) -> Any:
        """The file's content, or an empty `shape` (list or dict) where that is not what it holds."""
        if not path.is_file():
            if not optional:
                self.fault(path, "is missing")
            return shape()
        try:
            content = yaml.load(path.read_bytes(), _Loader)  # noqa: S506 - a safe loader
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            self.fault(path, f"is no valid YAML: {squeeze(str(error))}")
            return shape()
        if not isinstance(content, shape):
            wanted = "list" if shape is list else "mapping"
            self.fault(path, f"must hold a {wanted}, not {type(content).__name__}")
            return shape()
        return content

    def text(self, value: Any, path: Path, where: str = "") -> TypeGuard[str]:
        """Whether the value is a text fit for people; notes why not."""
        at = f"{where}: " if where else ""
        if not isinstance(value, str):
            self.fault(path, f"{at}not a text (put it in quotes): {quote(value)}")
        elif not value.strip():
            self.fault(path, f"{at}an empty text")
        elif not unicodedata.is_normalized("NFC", value):
            self.fault(path, f"{at}not in Unicode's NFC form: {quote(value)}")
        elif clean(value) != value or "\t" in value or "\n" in value:
            self.fault(path, f"{at}control characters or spaces at the ends: {quote(value)}")
        else:
            return True
        return False

    def texts(self, path: Path, values: Any, where: str) -> list[str]:
        """The good texts of what must be a list of texts; notes the others."""
        if not isinstance(values, list):
            self.fault(path, f"{where}: must be a list of texts, not {quote(values)}")
            return []
        return [value for value in values if self.text(value, path, where)]

    def code(self, path: Path, code: Any, where: str = "") -> bool:
        """Whether this is a procedure code, and one of the catalogue's; notes why not."""
        at = f"{where}: " if where else ""
        if not isinstance(code, str) or not well_formed(code):
            self.fault(path, f'{at}not a procedure code such as "1.001193" (in quotes): {quote(code)}')
            return False
        if self.known_codes is not None and code not in self.known_codes:
            self.fault(path, f"{at}the catalogue has no procedure {code}")
            return False
        return True


def check(project: Path, known_codes: frozenset[str] | None = None) -> list[Problem]:
    """Everything that is wrong with the data of a project folder, by path; an empty list when it is clean.

    known_codes: the catalogue's procedure codes, where there is a catalogue to compare with.
    """
    from bot import data_services, data_shapes

    tree = Tree(project, known_codes)
    data_shapes.check_intents(tree)
    data_shapes.check_languages(tree)
    data_shapes.check_procedures(tree)
    data_shapes.check_siblings(tree)
    data_shapes.check_words(tree)
    data_services.check_guides(tree)
    data_services.check_life_events(tree)
    data_services.check_report_categories(tree)
    learned = _check_sentences(tree)
    data_shapes.check_follow_ups(tree, learned)
    _check_held_out(tree, learned)
    return sorted(set(tree.problems))


def well_formed(code: str) -> bool:
    """Whether the text is a procedure code and nothing else: 1.001193 (a few have seven digits)."""
    return _CODE.fullmatch(code) is not None


def comparable(text: str) -> str:
    """The form in which sentences are compared: folded words; punctuation alone stays as it is."""
    return " ".join(folded_words(text)) or squeeze(text)


def quote(value: Any) -> str:
    """The value in quotes, invisible characters spelled out, cut to 80 characters."""
    shown = "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in str(value))
    return f'"{shown[:77]}…"' if len(shown) > 80 else f'"{shown}"'


def _check_sentences(tree: Tree) -> dict[str, str]:
    """Checks nlu_data/<language>/<intent>.yml; gives comparable sentence -> path, for the held-out ones."""
    learned: dict[str, str] = {}
    root = tree.project / "nlu_data"
    found: dict[tuple[str, str], int] = {}
    seen: dict[tuple[str, str], tuple[str, str]] = {}
    for path, language, intent, content in _intent_files(tree, root):
        entries = content.get("sentences")
        if not isinstance(entries, list):
            tree.fault(path, "needs a list of sentences")
            entries = []
        bare = [entry.get("text") if isinstance(entry, dict) else entry for entry in entries]
        sentences = [sentence for sentence in bare if tree.text(sentence, path)]
        found[language, intent] = len(sentences)
        for sentence in sentences:
            key = comparable(sentence)
            learned.setdefault(key, path.relative_to(tree.project).as_posix())
            if (language, key) in seen:
                other, first = seen[language, key]
                place = "" if other == intent else f" of {other}"
                reason = f"{quote(sentence)} repeats {quote(first)}{place} (compared without accents)"
                tree.fault(path, reason)
            seen.setdefault((language, key), (intent, sentence))
    _check_counts(tree, root, found)
    return learned


def _check_counts(tree: Tree, root: Path, found: Mapping[tuple[str, str], int]) -> None:
    for language in _answering(tree):
        for intent, about in tree.intents.items():
            path = root / language / f"{intent}.yml"
            aspect, other = _FEWEST.get(language, _FEWEST_ELSEWHERE)
            fewest = aspect if "aspect" in about else other
            number = found.get((language, intent))
            if number is None:
                tree.fault(path, "is missing: the intent has no sentences in this language")
            elif number < fewest:
                tree.fault(path, f"has {number} sentences, needs at least {fewest}")


def _check_held_out(tree: Tree, learned: Mapping[str, str]) -> None:
    root = tree.project / "tests" / "nlu"
    seen: dict[str, str] = {}
    covered = set()
    for path, language, intent, content in _intent_files(tree, root):
        entries = content.get("sentences")
        if not isinstance(entries, list):
            tree.fault(path, "needs a list of sentences")
            entries = []
        for entry in entries:
            if not isinstance(entry, dict):
                tree.fault(path, f"a held-out sentence is {{text, variant, procedures}}, not {quote(entry)}")
                continue
            text = entry.get("text")
            if not tree.text(text, path):
                continue
            covered.add((language, intent))
            _check_record(tree, path, entry)
            key = comparable(text)
            if key in learned:
                tree.fault(path, f"{quote(text)} is also a training sentence in {learned[key]}")
            elif key in seen:
                tree.fault(path, f"{quote(text)} repeats a held-out sentence in {seen[key]}")
            seen.setdefault(key, path.relative_to(tree.project).as_posix())
    for language in _answering(tree):
        for intent in tree.intents:
            if (language, intent) not in covered:
                tree.fault(root / language / f"{intent}.yml", "needs at least one held-out sentence")


def _check_record(tree: Tree, path: Path, entry: dict[str, Any]) -> None:
    where = quote(entry["text"])
    if (variant := entry.get("variant")) not in VARIANTS:
        tree.fault(path, f"{where}: variant must be one of {', '.join(sorted(VARIANTS))}, not {variant}")
    for key in sorted(entry.keys() - _HELD_OUT_KEYS, key=str):
        tree.fault(path, f"{where}: unknown key {key}")
    codes = entry.get("procedures")
    if not isinstance(codes, list):
        tree.fault(path, f"{where}: procedures must be a list of codes ([] where none is needed)")
        return
    for code in codes:
        tree.code(path, code, where)


def _answering(tree: Tree) -> list[str]:
    return [code for code, about in tree.languages.items() if about.get("answers") is True]


def _intent_files(tree: Tree, root: Path) -> Iterator[tuple[Path, str, str, dict[str, Any]]]:
    """The files root/<language>/<intent>.yml whose place and content agree; notes the others."""
    for path in sorted(root.glob("*/*")):
        language, intent = path.parent.name, path.stem
        if language == "vectors":  # made from the data, see `troly data vectors`
            continue
        if path.suffix != ".yml":
            tree.fault(path, "is no .yml file")
            continue
        content = tree.read(path, dict)
        if not content:
            continue
        for name, value in (("language", language), ("intent", intent)):
            if content.get(name) != value:
                tree.fault(path, f"says {name}: {content.get(name)}, but its place says {value}")
        for key in sorted(content.keys() - {"language", "intent", "sentences"}, key=str):
            tree.fault(path, f"unknown key {key}")
        if language not in tree.languages:
            tree.fault(path, f"unknown language {language} (not in nlu_data/languages.yml)")
        if intent not in tree.intents:
            tree.fault(path, f"unknown intent {intent} (not in nlu_data/intents.yml)")
        yield path, language, intent, content


class _Loader(_Base):
    """Safe, and strict about keys that stand twice: YAML would silently keep the last."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        if len(mapping) != len(node.value):
            keys = [self.construct_object(key, deep=True) for key, _ in node.value]
            twice = next((key for key in keys if keys.count(key) > 1), None)
            if twice is not None:
                reason = f"the key {twice!r} stands twice"
                raise yaml.constructor.ConstructorError(None, None, reason, node.start_mark)
        return mapping
