"""SQLAlchemy's connection, which runs what it knows (troly/prompt_statements.py) on SQLite's cursor.

Everything else, and every statement where somebody listens or something is unusual, goes SQLAlchemy's way.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, SelectBase, UpdateBase

from troly.prompt_statements import Prepared, PromptResult


class StatementConnection(Connection):
    """A connection to SQLite whose dialect knows statements."""

    dialect: Any

    def execute(self, statement: Any, parameters: Any = None, *, execution_options: Any = None) -> Any:
        """As Connection does."""
        known_kind = isinstance(statement, (SelectBase, UpdateBase))
        if not known_kind or execution_options or not self._is_plain():
            return super().execute(statement, parameters, execution_options=execution_options)
        given = _rows(parameters)
        known = self.dialect.statements.find(statement, given)
        if isinstance(known, Prepared):
            try:
                values = known.all_values(given)
            except Exception:  # SQLAlchemy says what is wrong with them
                return super().execute(statement, parameters)
            return self._run(known, values)
        result = super().execute(statement, parameters)
        if known is not False:
            self.dialect.statements.learn(statement, given, known, result)
        return result

    def _is_plain(self) -> bool:
        """Whether nobody listens, nothing special was asked for, and the connection can go on."""
        transaction, manager = self._transaction, self._trans_context_manager
        return (
            self._dbapi_connection is not None
            and (transaction is None or transaction.is_active)
            and (manager is None or manager._transaction_is_active())
            and self._nested_transaction is None
            and not self._execution_options
            and not self._echo
            and not (self._has_events or self.engine._has_events or self.dialect._has_events)
        )

    def _run(self, known: Prepared, values: Sequence[Any]) -> PromptResult:
        if self._transaction is None:
            self._autobegin()
        cursor: Any = self._dbapi_connection.dbapi_connection.cursor()  # type: ignore[union-attr]
        try:
            (cursor.executemany if known.many else cursor.execute)(known.sql, values)
        except BaseException as error:
            if isinstance(error, Exception) and not isinstance(error, sqlite3.Error):
                raise  # as it is where a statement was begun
            self._handle_dbapi_exception(error, known.sql, values, cursor, None)
        return known.result(cursor)


def _rows(parameters: Any) -> Sequence[Mapping[str, Any]]:
    if not parameters:
        return ()
    return (parameters,) if isinstance(parameters, Mapping) else tuple(parameters)
