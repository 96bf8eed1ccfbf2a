"""Reads a message as a query: its words, and how much each says about a procedure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot.understanding.data import read_yaml
from bot.understanding.lexical import Query
from bot.understanding.spelling import Speller
from bot.understanding.tokens import APPLICATION_LIKE, PHONE, PROCEDURE_CODE, URL, WORD, folded_words
from troly.text import strip_accents

FILLER, ASPECT, LIGHT, CONTENT = 0.03, 0.12, 0.5, 1.0
_EXPANSION = 0.25
_ROW_FLOOR = 0.2
_ENDINGS = ("ations", "ation", "ings", "ing", "ers", "er", "ies", "ied", "es", "ed", "s", "y", "e")
_SPENT = frozenset({"bao", "may", "tien", "phi", "khoang", "nhieu", "lau", "them"})
"""What follows "mất" where it means to cost or to take time."""
_UNITS = frozenset({
    "ngay", "hom", "bua", "tuan", "thang", "nam", "gio", "tieng", "phut", "buoi",
    "trieu", "nghin", "ngan", "k", "dong",
})  # fmt: skip
_SPELLINGS = {
    "licence": "license", "licences": "license", "licenses": "license", "marry": "marriage",
    "married": "marriage", "marrying": "marriage", "wedding": "marriage", "born": "birth",
    "baby": "birth", "newborn": "birth",
    "died": "death", "dead": "death", "driver": "driving", "drivers": "driving", "drive": "driving",
    "renew": "extend", "renewal": "extend", "extension": "extend", "prolong": "extend",
    "motorbike": "motorcycle", "id": "identity", "foreigner": "foreign", "foreigners": "foreign",
}  # fmt: skip


@dataclass(slots=True)
class Analyzer:
    """Weighs words by carriers.yml and adds official words by synonyms.yml; one for each language."""

    language: str
    carriers: Mapping[str, Sequence[tuple[tuple[str, ...], float]]] = field(default_factory=dict)
    synonyms: Mapping[str, Sequence[tuple[tuple[str, ...], tuple[str, ...]]]] = field(default_factory=dict)
    common: Mapping[str, float] = field(default_factory=dict)
    variants: Mapping[str, frozenset[tuple[str, ...]]] = field(default_factory=dict)
    speller: Speller | None = None
    short: Mapping[str, str] = field(default_factory=dict)
    """Short forms in names ("BHXH") and what they mean: messages are read with them written out."""
    _row_weights: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for phrases in self.carriers.values():
            for phrase, weight in phrases:
                if len(phrase) == 1:
                    word = stem(phrase[0]) if self.language == "en" else phrase[0]
                    self._row_weights[word] = max(_ROW_FLOOR, weight)

    def mend(self, text: str) -> str:
        """The text with its slips mended, where the language has a speller."""
        return self.speller.mend(text) if self.speller else text

    def variant_groups(self, text: str) -> set[str]:
        """The groups of carriers.yml's `variants` of which the text has a word."""
        words = _without_spending(folded_words(text))
        phrases = {tuple(words[i : i + n]) for n in (1, 2, 3, 4) for i in range(len(words) - n + 1)}
        return {group for group, members in self.variants.items() if not members.isdisjoint(phrases)}

    def speaks_of_variants_only(self, text: str) -> bool:
        """True where every word that is no carrier belongs to a variant ("hết hạn thôi", "bị mất rồi")."""
        query = self.query(text)
        marks = {word for phrases in self.variants.values() for phrase in phrases for word in phrase}
        # Not folded_words(): a lone mark ends a word there and none here, and the weights are of these.
        plain = [strip_accents(word) for word in query.accented]
        content = [word for word, weight in zip(plain, query.weights, strict=True) if weight >= LIGHT]
        return (
            0 < len(plain) <= 10
            and any(word in marks for word in content)
            and all(word in marks or self._row_weights.get(word, 1.0) < 1 for word in content)
        )

    @property
    def row_weights(self) -> Mapping[str, float]:
        """The words of names that do not count in full there."""
        return self._row_weights

    def row_weight(self, word: str) -> float:
        """How much a word of a name counts there; carriers count little."""
        return self._row_weights.get(word, 1.0)

    def accented_words(self, text: str) -> list[str]:
        """The words of a name with their marks."""
        return WORD.findall(self._written_out(text).lower())

    def words(self, text: str) -> list[str]:
        """The words of a name, by which it is compared with queries."""
        found = folded_words(self._written_out(text))
        return [stem(word) for word in found] if self.language == "en" else found

    def _written_out(self, text: str) -> str:
        if not self.short:
            return text
        return " ".join(self.short.get(word, word) for word in WORD.findall(text.lower()))

    def query(self, text: str) -> Query:
        """The message without codes and numbers, weighed; `accented` has the same words with their marks."""
        written = _without_spending(WORD.findall(without_codes(text).lower()))
        plain = [strip_accents(word) for word in written]
        weights = [0.3 if word.isdigit() else self.common.get(word, CONTENT) for word in plain]
        for at in range(len(plain)):
            for phrase, weight in self.carriers.get(plain[at], ()):
                if tuple(plain[at : at + len(phrase)]) == phrase:
                    for i in range(at, at + len(phrase)):
                        weights[i] = min(weights[i], weight)
        expansion: dict[str, float] = {}
        concepts: set[int] = set()
        for at in range(len(plain)):
            for phrase, official in self.synonyms.get(plain[at], ()):
                if tuple(plain[at : at + len(phrase)]) == phrase:
                    expansion.update((word, _EXPANSION) for word in official)
                    if len(phrase) > 1:
                        concepts.update(range(at, at + len(phrase)))
        if all(weight < LIGHT for at, weight in enumerate(weights) if at not in concepts):
            # A concept alone, though each of its words is common: "sổ đỏ", folded as "số đó" is.
            weights = [CONTENT if at in concepts else weight for at, weight in enumerate(weights)]
        words = [stem(word) for word in plain] if self.language == "en" else plain
        return Query(tuple(words), tuple(weights), tuple(expansion.items()), tuple(written))


def _spending(words: Sequence[str]) -> list[int]:
    """Where "mất" is to cost or to take ("mất bao lâu", "mất 3 ngày"), not to lose ("mất thẻ")."""
    return [
        at
        for at in range(len(words) - 1)
        if words[at] == "mat" and (words[at + 1] in _SPENT or _measured(words[at + 1 : at + 3]))
    ]


def _measured(words: Sequence[str]) -> bool:
    return len(words) == 2 and words[0].isdigit() and words[1] in _UNITS


def _without_spending(words: list[str]) -> list[str]:
    spent = set(_spending([strip_accents(word) for word in words]))
    return [word for at, word in enumerate(words) if at not in spent]


def without_codes(text: str) -> str:
    """The text without addresses, codes and telephone numbers."""
    for pattern in (URL, APPLICATION_LIKE, PROCEDURE_CODE, PHONE):
        text = pattern.sub(" ", text)
    return text


def stem(word: str) -> str:
    """What the forms of an English word share: registering, registration, registered -> regist."""
    word = _SPELLINGS.get(word, word)
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: -len(ending)]
            break
    return word[:6]


def common_words(
    sentences: Iterable[str], names: Iterable[str], split: Callable[[str], Iterable[str]] = folded_words
) -> dict[str, float]:
    """Words (by `split`) that people use around whatever they ask, with a weight below 1.

    Learned by comparing how often a word stands in `sentences` (those that are about no procedure, where
    there are enough) with how often it stands in the everyday `names` of procedures.
    """
    about, around = Counter[str](), Counter[str]()
    about_total = around_total = 1
    for name in names:
        about.update(set(split(name)))
        about_total += 1
    for sentence in sentences:
        around.update(set(split(sentence)))
        around_total += 1
    made: dict[str, float] = {}
    for word, n in around.items():
        if n < 3:
            continue
        ratio = ((about[word] + 0.5) / about_total) / ((n + 0.5) / around_total)
        if ratio < 1:
            made[word] = round(max(0.1, ratio**0.6), 3)
    return made


def read_variants(root: Path) -> dict[str, frozenset[tuple[str, ...]]]:
    """Group -> the words and phrases that mark a variant of a procedure, from carriers.yml."""
    groups = (read_yaml(root / "carriers.yml") or {}).get("variants") or {}
    return {
        str(group): frozenset(tuple(folded_words(str(phrase))) for phrase in phrases)
        for group, phrases in groups.items()
    }


def read_carriers(root: Path, language: str) -> dict[str, list[tuple[tuple[str, ...], float]]]:
    """First word -> phrases and their weight, from carriers.yml."""
    groups = (read_yaml(root / "carriers.yml") or {}).get(language) or {}
    made: dict[str, list[tuple[tuple[str, ...], float]]] = defaultdict(list)
    for name, weight in (("fillers", FILLER), ("aspects", ASPECT), ("light", LIGHT)):
        for phrase in groups.get(name) or []:
            words = tuple(folded_words(str(phrase)))
            if words:
                made[words[0]].append((words, weight))
    return dict(made)


def read_synonyms(
    paths: Iterable[Path], language: str = "vi"
) -> dict[str, list[tuple[tuple[str, ...], tuple[str, ...]]]]:
    """First word -> what citizens say in the language and the words that official names use for it, from
    synonyms.yml."""
    made: dict[str, list[tuple[tuple[str, ...], tuple[str, ...]]]] = defaultdict(list)
    for path in paths:
        for entry in read_yaml(path) or []:
            if entry.get("language", "vi") != language:
                continue
            official = dict.fromkeys(
                word for phrase in entry["official"] for word in folded_words(str(phrase))
            )
            for said in entry["say"]:
                if words := tuple(folded_words(str(said))):
                    new = [word for word in official if word not in words]
                    made[words[0]].append(
                        (words, tuple(stem(w) for w in new) if language == "en" else tuple(new))
                    )
    return dict(made)
