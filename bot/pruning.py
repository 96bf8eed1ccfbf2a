"""Old model versions make room: their files go, their rows stay."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.train import record_of
from troly import training
from troly.clock import now
from troly.settings import Settings
from troly.tables.training import ModelVersion


async def prune(engine: AsyncEngine, config: Settings) -> list[str]:
    """Delete the files of old versions, never of the active one, the one before, or one that is loaded."""
    async with engine.connect() as connection:
        keep = (await training.plan(connection))["keep"]
        current = await training.active(connection)
        used = {current.version, current.previous} if current else set()
        used |= {one.version for one in await training.instances(connection)}
        rows = (
            await connection.execute(
                select(ModelVersion.name, ModelVersion.path)
                .where(ModelVersion.pruned_at.is_(None), ModelVersion.run_id.is_not(None))
                .order_by(ModelVersion.made_at.desc(), ModelVersion.name.desc())
            )
        ).all()
    old = [row for row in rows if row.name not in used][keep:]
    for row in old:
        model = config.model_dir / row.path
        remove: tuple[Callable[[], None], ...] = (model.unlink, record_of(model).unlink)
        for one in remove:
            with suppress(FileNotFoundError):
                one()
    if old:
        async with engine.begin() as connection:
            await connection.execute(
                update(ModelVersion)
                .where(ModelVersion.name.in_([row.name for row in old]))
                .values(pruned_at=now())
            )
    return [row.name for row in old]
