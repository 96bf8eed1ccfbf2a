"""Stores the intent models as arrays in Rasa's model archive."""

from __future__ import annotations

import numpy as np
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage

from bot.understanding.intents import IntentModel
from bot.understanding.second_opinion import EncoderHead

_HEAD = "head_"
Models = tuple[IntentModel | None, EncoderHead | None, frozenset[str]]


def save_models(
    storage: ModelStorage,
    resource: Resource,
    model: IntentModel,
    head: EncoderHead | None,
    known: frozenset[str],
) -> None:
    """Write both models and the known words."""
    with storage.write_to(resource) as folder:
        grams = sorted(model.vocabulary, key=model.vocabulary.__getitem__)
        (folder / "grams.txt").write_text("\n".join(grams), encoding="utf-8")
        (folder / "known.txt").write_text("\n".join(sorted(known)), encoding="utf-8")
        arrays = {
            "labels": np.array(model.labels),
            "idf": model.idf,
            "weights": model.weights,
            "bias": model.bias,
        }
        arrays["temperature"] = np.array(model.temperature)
        if head is not None:
            arrays |= {_HEAD + name: values for name, values in head.to_arrays().items()}
        np.savez(folder / "intents.npz", **arrays)


def load_models(storage: ModelStorage, resource: Resource) -> Models:
    """What save_models() wrote; nothing where the component was never trained."""
    try:
        with storage.read_from(resource) as folder:
            grams = (folder / "grams.txt").read_text(encoding="utf-8").split("\n")
            known = frozenset((folder / "known.txt").read_text(encoding="utf-8").split("\n"))
            with np.load(folder / "intents.npz", allow_pickle=False) as arrays:
                vocabulary = {gram: i for i, gram in enumerate(grams)}
                model = IntentModel(
                    arrays["labels"].tolist(), vocabulary, arrays["idf"], arrays["weights"], arrays["bias"],
                    float(arrays["temperature"]),
                )  # fmt: skip
                of_head = {
                    name.removeprefix(_HEAD): arrays[name] for name in arrays if name.startswith(_HEAD)
                }
            return model, EncoderHead.of_arrays(of_head) if of_head else None, known
    except (ValueError, FileNotFoundError):
        return None, None, frozenset()
