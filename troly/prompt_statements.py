"""Statements that are run again and again, without SQLAlchemy's work around each run.

A statement that is made once and run for each message is the same text with other values. SQLAlchemy looks
it up in its cache, gathers the values by name, and builds a context and a result around them; that takes
several times as long as SQLite needs. What it comes to is kept here with the statement: the text, which value
goes where, what turns values into SQLite's and back.

Nothing is guessed: from the second run on, SQLAlchemy's own text and values are compared with what this
would have sent, and only a statement for which they are the same is run this way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import CursorResult, Executable
from sqlalchemy.engine import Dialect, IteratorResult

_SHAPES = 64
"""Sets of parameters that are known of one statement; more than that are run as SQLAlchemy does."""

_NONE: Mapping[str, Any] = {}

_Process = Callable[[Any], Any]


class PromptResult(IteratorResult[Any]):
    """The rows of a statement, all of them read, as any result of SQLAlchemy's gives them."""

    rowcount: int
    """How many rows were changed; -1 where that is not known, as for reading."""

    returns_rows: bool
    """False for a change that returns nothing."""


class Prepared:
    """What one statement with one set of parameters comes to."""

    __slots__ = ("_columns", "_constants", "_processes", "_returns", "_values", "many", "sql")

    def __init__(
        self,
        sql: str,
        names: Sequence[str],
        constants: Mapping[str, Any],
        processes: Mapping[str, _Process],
        *,
        many: bool,
        columns: Any,
    ) -> None:
        """`names` in the order of the text; `constants` are for those that are never given."""
        self.sql = sql
        self.many = many
        self._constants = constants
        self._processes = tuple(processes.items())
        self._columns = columns
        self._returns: bool = columns.returns_rows
        match names:
            case []:
                self._values: Callable[[Any], Sequence[Any]] = lambda _given: ()
            case [name]:
                self._values = lambda given: (given[name],)
            case _:
                self._values = itemgetter(*names)

    def values(self, given: Mapping[str, Any]) -> Sequence[Any]:
        """What SQLite is given for these parameters."""
        if not self._constants and not self._processes:
            return self._values(given)
        row = {**given, **self._constants}
        for name, process in self._processes:  # one value may have several places
            row[name] = process(row[name])
        return self._values(row)

    def all_values(self, given: Sequence[Mapping[str, Any]]) -> Sequence[Any]:
        """What the cursor is given: of one row, or of each of many. Raises KeyError where these differ."""
        if self.many:
            names = given[0].keys()
            if any(row.keys() != names for row in given):
                raise KeyError
            return [self.values(row) for row in given]
        return self.values(given[0]) if given else self.values(_NONE)

    def result(self, cursor: Any) -> PromptResult:
        """What the cursor found."""
        found = cursor.fetchall() if self._returns else ()
        result = PromptResult(self._columns, iter(found))
        result.returns_rows = self._returns
        result.rowcount = cursor.rowcount
        result._hard_closed = not self._returns
        return result


class Statements:
    """Those that were run on one database; each is known as long as it exists."""

    def __init__(self, dialect: Dialect) -> None:
        """Knows none."""
        self._dialect = dialect
        self._known: WeakKeyDictionary[Executable, dict[Any, Prepared | bool]] = WeakKeyDictionary()

    def find(self, statement: Executable, given: Sequence[Mapping[str, Any]]) -> Prepared | bool | None:
        """How to run the statement, once that is known.

        None: it was never run; True: it was, and the next run should be shown to learn(); False: as
        SQLAlchemy does it.
        """
        shapes = self._known.get(statement)
        return shapes.get(_shape(given)) if shapes else None

    def learn(
        self,
        statement: Executable,
        given: Sequence[Mapping[str, Any]],
        known: Prepared | bool | None,
        result: CursorResult[Any],
    ) -> None:
        """Take note of how SQLAlchemy ran the statement; `known` is what find() said before."""
        shapes = self._known.setdefault(statement, {})
        if known:
            shapes[_shape(given)] = self._prepared(statement, given, result) or False
        elif len(shapes) < _SHAPES:
            shapes[_shape(given)] = True  # most are made for one run, and not worth more

    def _prepared(
        self, statement: Executable, given: Sequence[Mapping[str, Any]], result: CursorResult[Any]
    ) -> Prepared | None:
        context: Any = result.context
        many = len(given) > 1
        if statement.get_execution_options() or (many and result.returns_rows):
            return None
        keys = sorted(given[0]) if given else []
        try:
            compiled: Any = statement.compile(  # type: ignore[attr-defined]
                dialect=self._dialect, column_keys=keys, for_executemany=many
            )
            found = _read(compiled, keys, result._metadata, many=many)
            same = (
                found
                and found.sql == context.statement
                and [tuple(found.values(row)) for row in given or (_NONE,)] == context.parameters
            )
        except Exception:  # SQLAlchemy has just run it, and will again
            return None
        return found if same else None


def _shape(given: Sequence[Mapping[str, Any]]) -> Any:
    return (len(given) > 1, *given[0]) if given else None


def _read(compiled: Any, keys: Sequence[str], columns: Any, *, many: bool) -> Prepared | None:
    """None for what needs more than values in their places."""
    if (
        compiled.post_compile_params
        or compiled.literal_execute_params
        or compiled.update_prefetch
        or compiled.implicit_returning
    ):
        return None
    constants: dict[str, Any] = {}
    wanted: dict[str, str] = {}
    for parameter, name in compiled.bind_names.items():
        wanted[name] = parameter.key if parameter.key in keys else name
        if wanted[name] in keys:
            continue
        if parameter.required or parameter.callable:
            return None
        constants[name] = parameter.value
    for column in compiled.insert_prefetch:
        if not (column.default and column.default.is_scalar):
            return None  # made anew for each row
        constants[compiled._within_exec_param_key_getter(column)] = column.default.arg
    processes = {wanted[name]: process for name, process in compiled._bind_processors.items()}
    names = [wanted[name] for name in compiled.positiontup]
    return Prepared(compiled.string, names, constants, processes, many=many, columns=columns)
