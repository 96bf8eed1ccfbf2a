"""The public benchmark PhoATIS (Vietnamese flight queries; Dao, Truong and Nguyen, Interspeech 2021).

Layout as published in the repository VinAIResearch/JointIDSF, folder PhoATIS: `syllable-level/` and
`word-level/`, in each `train/`, `dev/` and `test/`, in each three files with one line a message:
`seq.in` (the words, separated by spaces; in word-level the syllables of a word are joined by "_"), `seq.out`
(slot tags, not read here) and `label` (the intent). The data may be used for research and education under
terms of its own and is not part of this project.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from bot.statistics import Macro, macro_f1
from bot.understanding import data
from bot.understanding.intents import IntentModel
from bot.understanding.normalize import make_normalizer
from troly.errors import UsageError
from troly.settings import ROOT
from troly.statistics import Share
from troly.text import strip_accents

SPLITS = ("train", "dev", "test")
PUBLISHED = "JointIDSF with PhoBERT: 97.62 % intent accuracy on test (its authors' figure)"

Labelled = list[tuple[str, str]]
"""(text, intent) of each message."""


@dataclass(frozen=True, slots=True)
class Result:
    """The accuracy on one split, written with or without marks."""

    split: str
    unaccented: bool
    accuracy: Share
    macro: Macro

    @property
    def title(self) -> str:
        """The split in words."""
        return f"{self.split}, unaccented" if self.unaccented else self.split


@dataclass(frozen=True, slots=True)
class Benchmark:
    """What was trained on and how it did."""

    level: str
    trained_on: int
    intents: int
    unknown: int
    """Messages of dev and test whose intent is not in train: no classifier can be right."""
    seconds: float
    results: tuple[Result, ...]

    def to_dict(self) -> dict[str, object]:
        """JSON."""
        return {
            "dataset": "phoatis",
            "level": self.level,
            "trained_on": self.trained_on,
            "intents": self.intents,
            "intents_unknown": self.unknown,
            "training_seconds": round(self.seconds, 2),
            "published": PUBLISHED,
            "results": [
                {
                    "split": one.split,
                    "unaccented": one.unaccented,
                    "intent_accuracy": one.accuracy.to_dict(),
                    "macro_f1": one.macro.to_dict(),
                }
                for one in self.results
            ],
        }


def read(path: Path) -> tuple[str, dict[str, Labelled]]:
    """The level that was found ("syllable-level", else "word-level") and the messages of each split.

    `path` is the folder PhoATIS, or the repository that holds it. Raises UsageError naming what is missing or
    does not fit.
    """
    roots = [path, path / "PhoATIS"]
    for level in ("syllable-level", "word-level"):
        for root in roots:
            if (root / level).is_dir():
                return level, {split: _split(root / level / split) for split in SPLITS}
    raise UsageError(f"{path}: neither syllable-level/ nor word-level/ is there; name the folder PhoATIS")


def run(path: Path) -> Benchmark:
    """Train our linear classifier on train and measure it on dev and test, with marks and without."""
    level, splits = read(path)
    root = ROOT / "nlu_data"
    normalize = make_normalizer(*data.short_forms(root), data.hint_words(root, "en")).normalize
    train = [(normalize(text), intent) for text, intent in splits["train"]]
    started = perf_counter()
    # As in our own training: every message also without its marks; both copies share one weight.
    texts = [copy for text, _ in train for copy in (text, strip_accents(text))]
    labels = [intent for _, intent in train for _ in range(2)]
    groups = [number for number in range(len(train)) for _ in range(2)]
    model = IntentModel.train(texts, labels, groups, temperature=1.0)
    seconds = perf_counter() - started
    known = set(model.labels)
    results = [
        _result(model, split, unaccented, [(normalize(text), intent) for text, intent in splits[split]])
        for split in SPLITS[1:]
        for unaccented in (False, True)
    ]
    unknown = sum(intent not in known for split in SPLITS[1:] for _, intent in splits[split])
    return Benchmark(level, len(train), len(known), unknown, seconds, tuple(results))


def lines(found: Benchmark) -> Iterator[str]:
    """For people."""
    yield (
        f"PhoATIS, {found.level}: {found.trained_on} messages of {found.intents} intents learned in "
        f"{found.seconds:.1f} s"
    )
    for one in found.results:
        macro = one.macro
        yield f"  {one.title:<18} intent accuracy {one.accuracy}"
        yield f"  {'':<18} macro-F1 {macro.value:.1%} (95% {macro.low:.1%}–{macro.high:.1%})"
    if found.unknown:
        yield f"  {found.unknown} messages have an intent that train lacks; they count as wrong"
    yield f"  {PUBLISHED}"


def _result(model: IntentModel, split: str, unaccented: bool, messages: Sequence[tuple[str, str]]) -> Result:
    pairs = [
        (intent, model.ranking(strip_accents(text) if unaccented else text)[0][0])
        for text, intent in messages
    ]
    right = sum(wanted == said for wanted, said in pairs)
    return Result(split, unaccented, Share(right, len(pairs)), macro_f1(pairs))


def _split(folder: Path) -> Labelled:
    columns: Mapping[str, list[str]] = {name: _lines(folder / name) for name in ("seq.in", "label")}
    texts, labels = columns["seq.in"], columns["label"]
    if len(texts) != len(labels):
        raise UsageError(f"{folder}: seq.in has {len(texts)} lines and label {len(labels)}")
    if not texts:
        raise UsageError(f"{folder}: no messages")
    return [(text.replace("_", " "), label) for text, label in zip(texts, labels, strict=True)]


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise UsageError(f"{path}: {reason}") from None
    found = [line.strip() for line in text.splitlines()]
    while found and not found[-1]:
        found.pop()
    return found
