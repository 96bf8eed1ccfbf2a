"""Which model file answers: the version that staff activated, else the newest that `troly train` made."""

from __future__ import annotations

import gzip
import json
import tarfile
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.exc import SQLAlchemyError

from bot.train import files_fingerprint, record_of
from troly import training
from troly.database import engine
from troly.errors import TrolyError, UsageError
from troly.settings import Settings
from troly.tables.training import ModelActivation, ModelVersion

VERSIONS = "versions"
"""The folder in MODEL_DIR of what the console trains; `troly serve` looks for new models beside it."""


class ModelBroken(TrolyError):
    """A model cannot be used. `reason`: missing, broken (cut off), load, silent (it understands nothing),
    crashed, other_program (it was made for another version of the program)."""

    def __init__(self, reason: str, detail: str = "") -> None:
        """Names the reason."""
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


def name_of(model: Path) -> str:
    """A version's name."""
    return model.name.removesuffix(".tar.gz")


def newest_model(folder: Path) -> Path:
    """The newest model file of `troly train`. Raises UsageError when there is none, or it was cut off."""
    models = sorted(folder.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)
    if not models:
        raise UsageError(f"no model in {folder}/: run `troly train` first")
    try:
        check_file(models[-1])
    except ModelBroken:
        raise UsageError(f"the model {models[-1]} is broken: delete it and run `troly train`") from None
    return models[-1]


def require_model(config: Settings) -> None:
    """Raises UsageError where nothing can be served: no model, or the only one was cut off."""
    model = serving_model(config)
    if model.parent == config.model_dir:
        newest_model(config.model_dir)


def check_file(model: Path) -> None:
    """Raises ModelBroken for a file that is not there, was cut off, or has other bytes than were written."""
    try:
        with gzip.open(model) as content:
            with tarfile.open(fileobj=content, mode="r|") as archive:
                for _member in archive:
                    pass
            while content.read(1 << 20):  # to its end, where the checksum is
                pass
    except FileNotFoundError:
        raise ModelBroken("missing", model.name) from None
    except (tarfile.TarError, EOFError, OSError, zlib.error):
        raise ModelBroken("broken", model.name) from None


def serving_model(config: Settings) -> Path:
    """The model that answers. A version made for another program gives way to the newest model, if that is
    made for this one. Raises UsageError where there is no usable model.
    """
    chosen = _activated(config)
    if chosen is None:
        return newest_model(config.model_dir)
    here = files_fingerprint()
    if about(chosen).get("files", here) != here:
        others = sorted(config.model_dir.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)
        if others and about(others[-1]).get("files") == here:
            return newest_model(config.model_dir)
    return chosen


def _activated(config: Settings) -> Path | None:
    made = engine(config.database)
    try:
        with made.connect() as connection:
            if not inspect(connection).has_table(ModelActivation.__tablename__):
                return None
            query = (
                select(ModelVersion.path)
                .join(ModelActivation, ModelActivation.version == ModelVersion.name)
                .order_by(ModelActivation.id.desc())
                .limit(1)
            )
            path = connection.scalar(query)
    except SQLAlchemyError:
        return None
    finally:
        made.dispose()
    model = config.model_dir / path if path else None
    return model if model is not None and model.is_file() else None


def about(model: Path) -> dict[str, Any]:
    """What a version's row holds, from the record beside the file; little where there is none."""
    try:
        stated = json.loads(record_of(model).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        stated = {}
    data = stated.get("data") or {}
    values: dict[str, Any] = {"counts": data | {"encoder": (stated.get("encoder") or {}).get("model")}}
    if made := (stated.get("fingerprint") or {}).get("files"):
        values["files"] = made
    if data.get("fingerprint"):
        values["data"] = data["fingerprint"]
    if stated.get("trained_at"):
        values["made_at"] = datetime.fromisoformat(stated["trained_at"])
    elif model.is_file():
        values["made_at"] = datetime.fromtimestamp(model.stat().st_mtime, UTC)
    values["bytes"] = model.stat().st_size if model.is_file() else 0
    return values


async def adopt(connection: Any, model: Path, config: Settings) -> None:
    """Note the model that this process starts with, and that it answers where nothing was activated yet or
    the program changed."""
    name = name_of(model)
    await training.register(
        connection,
        name=name,
        path=str(model.relative_to(config.model_dir)),
        author="troly train",
        **about(model),
    )
    current = await training.active(connection)
    if current is None:
        await training.activate(connection, name, "start", "troly serve", after=None)
    elif current.version != name:
        chosen = await training.version(connection, current.version)
        if chosen is None or (chosen.files and chosen.files != files_fingerprint()):
            await training.activate(connection, name, "update", "troly serve", after=current.id)
