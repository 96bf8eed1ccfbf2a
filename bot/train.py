"""`troly train`: compiles the assistant and the data, trains a model, stores it with its metrics."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import sys
import time
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from troly.errors import TrolyError
from troly.settings import ROOT, Settings, settings

_SOURCES = (
    "nlu_data",
    "bot/domain",
    "bot/rules",
    "bot/responses",
    "bot/components",
    "bot/understanding",
)


class TrainingError(TrolyError):
    """Rasa could not train; the message has its last words."""


@click.command()
@click.option(
    "--if-changed", is_flag=True, help="Do nothing when the newest model was trained on the same data."
)
def train(if_changed: bool) -> None:
    """Train the assistant on nlu_data/ and the catalogue, and store the model with its metrics."""
    config = settings()
    asyncio.run(_prepare_catalogue(config))
    fingerprint = {"files": _files(), "catalogue": asyncio.run(_catalogue(config))}
    newest = _newest_record(config.model_dir)
    if if_changed and newest and newest.get("fingerprint") == fingerprint:
        click.echo(f"Nothing changed since {newest['model']}.")
        return
    started = time.monotonic()
    model = train_model(config)
    record = {
        "model": model.name,
        "fingerprint": fingerprint,
        "trained_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - started, 1),
        "bytes": model.stat().st_size,
    }
    model.with_name(model.name.removesuffix(".tar.gz") + ".json").write_text(
        json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    click.echo(f"Trained {model.name} in {record['seconds']} s ({model.stat().st_size / 1e6:.1f} MB).")


def train_model(config: Settings) -> Path:
    """Train and return the model file. Raises TrainingError."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    # Rasa would write its training cache into the folder that the command was called in.
    os.environ.setdefault("RASA_CACHE_DIRECTORY", str(config.data_dir / "rasa-cache"))
    build = config.data_dir / "build"
    with warnings.catch_warnings(), _quiet():
        warnings.simplefilter("ignore")
        from rasa.model_training import train as rasa_train

        from bot import assistant, training_data

        assistant.write(build)
        training_data.write(build)
        name = f"troly-{datetime.now(UTC):%Y%m%d-%H%M%S}"
        result = rasa_train(
            domain=str(build / "domain.yml"),
            config=str(ROOT / "bot" / "config.yml"),
            training_files=[str(build / "rules.yml"), str(build / "nlu.yml")],
            output=str(config.model_dir),
            fixed_model_name=name,
            force_training=True,
        )
    if result.code != 0 or result.model is None:
        raise TrainingError("training failed; run `troly data check` first")
    return Path(result.model)


async def _prepare_catalogue(config: Settings) -> None:
    """A deployment without a copy of the catalogue gets its first one, so that the finder has names."""
    from portal.first_copy import ensure_catalogue
    from troly.migrate import upgrade

    await asyncio.to_thread(upgrade, config.database)
    await ensure_catalogue(config, click.echo)


def needs_training(config: Settings) -> bool:
    """Whether there is no model, or the newest one was made from other files of the assistant.

    A changed catalogue alone needs none: the procedure finder takes new names over when it is loaded.
    """
    newest = _newest_record(config.model_dir)
    if newest is None:
        return not list(config.model_dir.glob("*.tar.gz"))
    made_from = newest.get("fingerprint")
    return not isinstance(made_from, dict) or made_from.get("files") != _files()


def _files() -> str:
    """Changes when something does that a model is made of."""
    digest = hashlib.sha256((ROOT / "bot" / "config.yml").read_bytes())
    for folder in _SOURCES:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".yml", ".py"):
                digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()[:16]


async def _catalogue(config: Settings) -> str:
    """Changes when a served procedure's name does."""
    from portal.catalogue import Catalogue
    from troly.database import async_engine

    engine = async_engine(config.database)
    try:
        return (await Catalogue(engine, config.province).fingerprint())[:16]
    finally:
        await engine.dispose()


def _newest_record(folder: Path) -> dict[str, Any] | None:
    models = sorted(folder.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)
    if not models:
        return None
    record = models[-1].with_name(models[-1].name.removesuffix(".tar.gz") + ".json")
    if not record.is_file():
        return None
    found: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
    return found


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Rasa prints several hundred progress lines a training; they hide what matters."""
    import logging

    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    logging.disable(logging.WARNING)
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        saved = sys.stderr
        sys.stderr = nowhere
        try:
            yield
        finally:
            sys.stderr = saved
            logging.disable(logging.NOTSET)
