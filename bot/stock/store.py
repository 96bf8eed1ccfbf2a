"""Rasa's own SQL tracker store, with the one line that the project's newer SQLAlchemy needs."""

from __future__ import annotations

from typing import Any

from rasa.core.tracker_store import SQLTrackerStore
from sqlalchemy.engine import URL


class StockTrackerStore(SQLTrackerStore):
    """As Rasa has it: the whole conversation read and replayed for each message, synchronously."""

    @staticmethod
    def get_db_url(
        dialect: str = "sqlite",
        host: str | None = None,
        port: int | None = None,
        db: str = "rasa.db",
        *_: Any,
        **__: Any,
    ) -> URL:
        """The address of a database file. Rasa calls URL(…), which SQLAlchemy 2 does not offer any more."""
        return URL.create(dialect, database=db)
