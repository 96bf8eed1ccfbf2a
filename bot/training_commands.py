"""`troly training`: what runs behind the console's training pages."""

from __future__ import annotations

import asyncio

import click

from troly.settings import settings


@click.group()
def training() -> None:
    """Training runs and model versions."""


@training.command()
@click.argument("run_id", type=int)
def run(run_id: int) -> None:
    """Do the run RUN_ID that the console asked for; the Rasa process starts this."""
    from bot.training_run import run as go

    go(settings(), run_id)


@training.command("list")
def listed() -> None:
    """All versions, newest first; the active one has a star."""
    from sqlalchemy import select

    from troly import training as state
    from troly.database import async_engine, require_tables
    from troly.tables.training import ModelVersion

    async def read() -> None:
        engine = async_engine(settings().database)
        try:
            async with engine.connect() as connection:
                current = await state.active(connection)
                rows = await connection.execute(
                    select(ModelVersion.__table__).order_by(ModelVersion.made_at.desc())
                )
                for row in rows:
                    mark = "*" if current and row.name == current.version else " "
                    learned = (row.counts or {}).get("learned", "?")
                    gone = "  (file deleted)" if row.pruned_at else ""
                    click.echo(
                        f"{mark} {row.name:<34} {row.made_at:%Y-%m-%d %H:%M}  {learned} taught  "
                        f"{row.verdict or '-':<7} {row.author}{gone}"
                    )
        finally:
            await engine.dispose()

    require_tables(settings().database)
    asyncio.run(read())
