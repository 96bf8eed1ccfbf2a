"""Stores the intent models as arrays in Rasa's model archive."""

from __future__ import annotations

import numpy as np
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage

from bot.understanding.intents import IntentModel
from bot.understanding.second_opinion import EncoderHead

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
            arrays |= {"head_labels": np.array(head.labels), "head_mean": head.mean}
            arrays |= {"head_weights": head.weights, "head_bias": head.bias}
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
                head = None
                if "head_labels" in arrays:
                    head = EncoderHead(
                        arrays["head_labels"].tolist(),
                        arrays["head_mean"],
                        arrays["head_weights"],
                        arrays["head_bias"],
                    )
            return model, head, known
    except (ValueError, FileNotFoundError):
        return None, None, frozenset()
