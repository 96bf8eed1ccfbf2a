"""Training: runs and their progress, model versions, which one answers, and which process has which.

Written by the console (asking, activating), by the training run (progress, result) and by the Rasa
processes (what they have loaded). Nothing about a citizen stands here: results name messages of the living
test set by their row only.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Float, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from troly.clock import now
from troly.tables.base import Base, JsonText, UtcDateTime

_BigId = BigInteger().with_variant(Integer, "sqlite")


class TrainingRun(Base):
    """One training with its comparison, from the wish to the result."""

    __tablename__ = "training_run"
    __table_args__ = (Index("ix_training_run_state", "state"),)

    id: Mapped[int] = mapped_column(_BigId, primary_key=True, autoincrement=True)
    state: Mapped[str] = mapped_column(String(16), default="queued")
    """queued, running, done, failed, cancelled."""
    asked_by: Mapped[str] = mapped_column(String(80))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    note: Mapped[str] = mapped_column(Text, default="")
    stage: Mapped[str] = mapped_column(String(24), default="queued")
    progress: Mapped[float] = mapped_column(Float, default=0.0)
    """0 to 1."""
    seconds: Mapped[Any] = mapped_column(JsonText, nullable=True)
    """Stage -> seconds that it took."""
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    heartbeat_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancel_asked: Mapped[bool] = mapped_column(Boolean, default=False)
    reason: Mapped[str] = mapped_column(String(40), default="")
    """Why it failed, as a key of the console's texts."""
    log: Mapped[str] = mapped_column(Text, default="")
    """The end of what the programs said, without citizens' words."""
    version: Mapped[str | None] = mapped_column(String(80))
    baseline: Mapped[str | None] = mapped_column(String(80))
    """The version that it was compared with."""
    result: Mapped[Any] = mapped_column(JsonText, nullable=True)


class ModelVersion(Base):
    """A trained model."""

    __tablename__ = "model_version"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    path: Mapped[str] = mapped_column(String(200))
    """Within MODEL_DIR."""
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    author: Mapped[str] = mapped_column(String(80))
    note: Mapped[str] = mapped_column(Text, default="")
    run_id: Mapped[int | None] = mapped_column(_BigId)
    """None: made by `troly train`."""
    files: Mapped[str] = mapped_column(String(16), default="")
    """Changes when the program or nlu_data/ does: a model runs on the program that it was made for."""
    data: Mapped[str] = mapped_column(String(32), default="")
    """Changes when a sentence does that it learned."""
    counts: Mapped[Any] = mapped_column(JsonText, nullable=True)
    figures: Mapped[Any] = mapped_column(JsonText, nullable=True)
    verdict: Mapped[str] = mapped_column(String(16), default="")
    """better, same, worse: against the baseline of its run; empty where nothing was measured."""
    broken_stories: Mapped[int] = mapped_column(Integer, default=0)
    bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    pruned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When its file was deleted; the row stays."""


class ModelActivation(Base):
    """Which version answers: the last row says so, the ones before are the history."""

    __tablename__ = "model_activation"

    id: Mapped[int] = mapped_column(_BigId, primary_key=True, autoincrement=True)
    version: Mapped[str] = mapped_column(String(80))
    previous: Mapped[str | None] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(16))
    """start (the first), update (the program changed), activate, back, withdrawn (it could not be loaded)."""
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    by: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(Text, default="")


class ModelInstance(Base):
    """A Rasa process and what it has loaded."""

    __tablename__ = "model_instance"

    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    """host:port."""
    state: Mapped[str] = mapped_column(String(16))
    """loading, serving, failed (it serves `version`, `wanted` could not be loaded)."""
    version: Mapped[str | None] = mapped_column(String(80))
    wanted: Mapped[str | None] = mapped_column(String(80))
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    """Times that loading `wanted` was begun and not ended."""
    error: Mapped[str] = mapped_column(String(300), default="")
    files: Mapped[str] = mapped_column(String(16), default="")
    """The program's fingerprint, see ModelVersion.files."""
    since: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class TrainingPlan(Base):
    """When training begins by itself, and how many versions are kept. One row."""

    __tablename__ = "training_plan"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    hour: Mapped[int | None] = mapped_column(Integer)
    """Of the day in Vietnam; None: never."""
    least: Mapped[int] = mapped_column(Integer, default=1)
    """New examples without which nothing is trained."""
    keep: Mapped[int] = mapped_column(Integer, default=5)
    """Versions besides the active one and the one before."""
    last_day: Mapped[str] = mapped_column(String(10), default="")
    """The day in Vietnam on which it was last looked at."""
