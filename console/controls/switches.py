"""Each control as one row that stands while it is switched away from the settings; with who and when."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from console.actions import Change
from console.conversations.filters import CHANNELS
from console.errors import Invalid
from troly.clock import now
from troly.settings import Settings
from troly.tables.controls import (
    BANNER,
    EVERYWHERE,
    LIMITS,
    OFF,
    RETENTION,
    RETENTION_LEAST,
    RETENTION_MOST,
    THRESHOLDS,
    Control,
    retention_days,
    value_of,
)
from troly.text import clean

MESSAGE = 600
"""Characters of what citizens are told."""


async def read(connection: AsyncConnection) -> dict[str, Any]:
    """Every control that is switched, by name."""
    rows = await connection.execute(select(Control.__table__))
    return {row.name: row for row in rows}


def words_of(form: Any) -> dict[str, str]:
    """The message in both languages. Raises Invalid."""
    said = {language: clean(str(form.get(language, ""))) for language in ("vi", "en")}
    if not all(said.values()):
        raise Invalid("controls.both_languages")
    if any(len(text) > MESSAGE for text in said.values()):
        raise Invalid("controls.too_long", longest=MESSAGE)
    return said


def scope_of(form: Any) -> str:
    """The channel, or * for all. Raises Invalid."""
    scope = str(form.get("scope", ""))
    if scope != EVERYWHERE and scope not in CHANNELS:
        raise Invalid("controls.no_channel")
    return scope


async def turn_off(connection: AsyncConnection, scope: str, words: dict[str, str], by: str) -> Change:
    """Citizens are told `words` from now on, in each process within two seconds."""
    return await _set(connection, f"{OFF}{scope}", words, by)


async def turn_on(connection: AsyncConnection, scope: str) -> Change:
    """The assistant answers again."""
    return await _reset(connection, f"{OFF}{scope}")


async def announce(connection: AsyncConnection, words: dict[str, str], by: str) -> Change:
    """Tell of an incident; a changed text is told again."""
    return await _set(connection, BANNER, {"id": secrets.token_hex(6), **words}, by)


async def unannounce(connection: AsyncConnection) -> Change:
    """It is over."""
    return await _reset(connection, BANNER)


async def set_thresholds(connection: AsyncConnection, form: Any, by: str) -> Change:
    """From which certainty the assistant answers. Raises Invalid for a number outside its bounds."""
    given = {}
    for name, limit in LIMITS.items():
        percent = _whole(form.get(name))
        if percent is None or not limit.least <= percent / 100 <= limit.most:
            raise Invalid(
                "controls.threshold_bounds", least=round(limit.least * 100), most=round(limit.most * 100)
            )
        given[name] = percent / 100
    return await _set(connection, THRESHOLDS, given, by)


async def reset_thresholds(connection: AsyncConnection) -> Change:
    """As they were measured."""
    return await _reset(connection, THRESHOLDS)


async def set_retention(connection: AsyncConnection, form: Any, by: str) -> Change:
    """How many days conversations are kept. Raises Invalid."""
    plain, with_report = _whole(form.get("plain")), _whole(form.get("with_report"))
    if plain is None or with_report is None or not RETENTION_LEAST <= plain <= with_report <= RETENTION_MOST:
        raise Invalid("controls.retention_bounds", least=RETENTION_LEAST, most=RETENTION_MOST)
    return await _set(connection, RETENTION, {"plain": plain, "with_report": with_report}, by)


async def reset_retention(connection: AsyncConnection) -> Change:
    """As the settings say."""
    return await _reset(connection, RETENTION)


async def kept_for(connection: AsyncConnection, settings: Settings) -> tuple[int, int]:
    """The days that hold now."""
    return await retention_days(connection, settings)


def _whole(given: Any) -> int | None:
    text = str(given or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 5 else None


async def _set(connection: AsyncConnection, name: str, value: Any, by: str) -> Change:
    before = await value_of(connection, name)
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    row = {"value": value, "set_by": by, "set_at": now()}
    await connection.execute(
        dialect.insert(Control)
        .values(name=name, **row)
        .on_conflict_do_update(index_elements=["name"], set_=row)
    )
    return Change(f"control:{name}", before, value)


async def _reset(connection: AsyncConnection, name: str) -> Change:
    before = await value_of(connection, name)
    await connection.execute(delete(Control).where(Control.name == name))
    return Change(f"control:{name}", before, None)
