"""Trains the intent model on the sentences; as a program, ahead of the rest of a training.

`python -m bot.intent_training` needs no Rasa: on a second core it works while that is loaded and the other
components are trained. The component finds its result in the cache, or makes it itself.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from itertools import islice
from pathlib import Path

import numpy as np

import troly.text
from bot import training_data
from bot.cache import Arrays, as_bytes, as_texts, cached_arrays, content_key, read_arrays, write_arrays
from bot.understanding import (
    augment,
    bags,
    data,
    features,
    intents,
    noise,
    normalize,
    separators,
    stories,
    subject,
    syllables,
    tokens,
)  # fmt: skip
from bot.understanding.augment import Row
from bot.understanding.data import Sentence
from bot.understanding.intents import IntentModel
from bot.understanding.stories import Stories
from bot.understanding.subject import Subject
from troly.settings import ROOT

SEED = 20260701
TEMPERATURE = 5.2
"""Measured (IntentModel.train without one), and the same in every training since."""
_WRITING = (normalize, syllables, tokens, features, troly.text)
"""What turns a text into its grams; changed code makes everything anew."""
_LEARNING = (augment, noise, bags, intents, separators, stories, subject)


def train_intents(
    root: Path,
    sentences: Sequence[Sentence],
    seed: int = SEED,
    temperature: float = TEMPERATURE,
    beside: bool = False,
) -> IntentModel:
    """The model over these sentences and their seeded copies; from the cache where nothing changed.

    `beside`: use a second core (no cause for another model).
    """
    plain, ambiguous = data.short_forms(root)
    english = data.hint_words(root, "en")
    seldom = data.seldom_needed(root)
    citizens = [names for code, names in data.citizens_names(root).items() if code not in seldom]
    names = {language: [name for one in citizens for name in one[language]] for language in ("vi", "en")}
    writing = content_key(_WRITING, version("underthesea"), plain, ambiguous, english)
    asking = [root / "carriers.yml", root / "places.yml"]
    everything = content_key(
        writing, _LEARNING, version("scikit-learn"), sentences, names, asking, seed, temperature
    )  # fmt: skip

    def make() -> Arrays:
        words = Subject.of(root)
        told = Stories(sentences, lambda text, language: not words.alone(text, language))
        copies = content_key(augment, noise, stories, subject, tokens, troly.text, asking)
        rows = _copies(sentences, plain, names, told, seed, copies)
        clean = normalize.make_normalizer(plain, ambiguous, english).normalize
        texts = [row.text for row in rows]
        table = bags.kept_bags(writing, texts, lambda text: features.grams(clean(text)))
        labels, groups = [row.intent for row in rows], [row.group for row in rows]
        return _arrays(IntentModel.train(texts, labels, groups, 1.0, temperature, table, beside))

    return _model(cached_arrays("intents", everything, make))


def _copies(
    sentences: Sequence[Sentence],
    plain: Mapping[str, str],
    names: Mapping[str, Sequence[str]],
    told: Stories,
    seed: int,
    how: str,
) -> list[Row]:
    """As augment(); the copies of sentences that an earlier training saw are not made again, unless other
    stories are told. `how` is the key of all that makes copies beside these arguments."""
    key = content_key(how, plain, names, list(told.drawers.values()), seed)
    known: dict[Sentence, list[str]] = {}
    if stored := read_arrays("copies", key):
        texts = iter(as_texts(stored["texts"]))
        for line, number in zip(as_texts(stored["sentences"]), stored["numbers"].tolist(), strict=True):
            intent, language, text = line.split("\t", 2)
            known[Sentence(text, intent, language)] = list(islice(texts, number))
    missing = [sentence for sentence in dict.fromkeys(sentences) if sentence not in known]
    if missing:
        for row in augment.augment(missing, plain, names, seed, told):
            known.setdefault(missing[row.group], []).append(row.text)
        each = list(dict.fromkeys(sentences))
        kept = {
            "sentences": as_bytes(f"{one.intent}\t{one.language}\t{one.text}" for one in each),
            "numbers": np.array([len(known[one]) for one in each]),
            "texts": as_bytes(text for one in each for text in known[one]),
        }
        write_arrays("copies", key, kept)
    return [
        Row(text, sentence.intent, group)
        for group, sentence in enumerate(sentences)
        for text in known[sentence]
    ]


def _arrays(model: IntentModel) -> Arrays:
    return {
        "grams": as_bytes(sorted(model.vocabulary, key=model.vocabulary.__getitem__)),
        "labels": np.array(model.labels),
        "idf": model.idf,
        "weights": model.weights,
        "bias": model.bias,
        "temperature": np.array(model.temperature),
    }


def _model(arrays: Arrays) -> IntentModel:
    vocabulary = {gram: i for i, gram in enumerate(as_texts(arrays["grams"]))}
    labels, temperature = arrays["labels"].tolist(), float(arrays["temperature"])
    return IntentModel(
        labels, vocabulary, arrays["idf"], arrays["weights"], arrays["bias"], temperature
    )  # fmt: skip


@contextlib.contextmanager
def started_ahead() -> Iterator[None]:
    """Trains the intent model in another process meanwhile, where there is a core for it.

    Nothing depends on that process: where it fails, the training does its work.
    """
    if len(os.sched_getaffinity(0)) < 2:
        yield
        return
    with subprocess.Popen(
        [sys.executable, "-m", "bot.intent_training"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield
        finally:
            process.kill()


def main() -> None:
    """Train on nlu_data/ and leave the result in the cache."""
    found = [Sentence(text, intent, language) for intent, language, text in training_data.sentences()]
    train_intents(ROOT / "nlu_data", found, beside=True)


if __name__ == "__main__":
    main()
