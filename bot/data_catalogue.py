"""Which procedure codes the local catalogue has, for checking the data against it."""

from __future__ import annotations

from pathlib import Path

from troly.settings import Settings

FEWEST = 1000
"""A copy with fewer procedures is a part (the demo portal's own 80, a sync under way) and proves nothing."""


def catalogue_codes(settings: Settings) -> frozenset[str] | None:
    """The codes of all procedures in force; None where there is no whole catalogue in the database.

    Those of other provinces too: the data is the same for every deployment.
    """
    prefix = "sqlite:///"
    if settings.database.startswith(prefix) and not Path(settings.database.removeprefix(prefix)).is_file():
        return None
    # Imported here: without a database the check needs none of this, and is done in a second.
    from sqlalchemy import select
    from sqlalchemy.exc import SQLAlchemyError

    from troly.database import engine
    from troly.tables.catalogue import CatalogueProcedure

    made = engine(settings.database)
    try:
        with made.connect() as connection:
            query = select(CatalogueProcedure.code).where(CatalogueProcedure.withdrawn_at.is_(None))
            codes = frozenset(connection.scalars(query))
    except SQLAlchemyError:
        return None  # no tables yet, or the server is away: nothing to compare with
    finally:
        made.dispose()
    return codes if len(codes) >= FEWEST else None
