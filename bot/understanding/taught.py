"""Names of procedures that staff taught, read from the deployment's database: effective without training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from troly.database import engine
from troly.errors import UsageError
from troly.settings import settings
from troly.tables.learning import LearnedName

Names = Mapping[str, Mapping[str, Sequence[str]]]
"""code -> language -> names."""

State = tuple[int, int]
"""Changes whenever names() does."""


def state() -> State | None:
    """The highest id and the number of names taken back: a look that costs next to nothing.

    None where the database does not answer, or has no such table yet.
    """
    query = select(func.coalesce(func.max(LearnedName.id), 0), func.count(LearnedName.removed_at))
    try:
        with _engine(settings().database).connect() as connection:
            highest, removed = connection.execute(query).one()
    except (SQLAlchemyError, UsageError, OSError):
        return None
    return int(highest), int(removed)


def names() -> dict[str, dict[str, list[str]]] | None:
    """All names that count now; None where the database does not answer."""
    query = (
        select(LearnedName.procedure_code, LearnedName.language, LearnedName.name)
        .where(LearnedName.removed_at.is_(None))
        .order_by(LearnedName.id)
    )
    found: dict[str, dict[str, list[str]]] = {}
    try:
        with _engine(settings().database).connect() as connection:
            for code, language, name in connection.execute(query):
                found.setdefault(code, {}).setdefault(language, []).append(name)
    except (SQLAlchemyError, UsageError, OSError):
        return None
    return found


def merged(own: Names, more: Names) -> dict[str, dict[str, list[str]]]:
    """The names of both, each once, in this order."""
    made = {code: {language: list(names) for language, names in of.items()} for code, of in own.items()}
    for code, of in more.items():
        for language, added in of.items():
            known = made.setdefault(code, {}).setdefault(language, [])
            known += [name for name in dict.fromkeys(added) if name not in known]
    return made


@lru_cache(maxsize=2)
def _engine(address: str) -> Engine:
    return engine(address)
