"""troly catalogue: output, exit codes, errors in one line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import troly.settings
from portal.commands import catalogue
from troly.database import engine
from troly.tables import Base

Make = Callable[..., dict[str, Any]]


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A fresh database that the commands use."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'c.db'}")
    monkeypatch.setenv("PORTAL_PORT", "9")
    made = engine(f"sqlite:///{tmp_path / 'c.db'}")
    Base.metadata.create_all(made)
    made.dispose()
    troly.settings.settings.cache_clear()
    yield tmp_path
    troly.settings.settings.cache_clear()


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(catalogue, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def write(path: Path, *records: Any) -> str:
    path.write_text(
        "\n".join(item if isinstance(item, str) else json.dumps(item) for item in records), encoding="utf-8"
    )
    return str(path)


def test_import_then_search_then_show(database: Path, record: Make) -> None:
    result = run("import", write(database / "a.jsonl", record(1), record(2)), "--as-of", "2026-07-18")
    assert result.exit_code == 0 and result.stdout.startswith("2 read, 2 added")
    result = run("search", "giay", "phep", "so", "2")
    assert result.exit_code == 0 and "1.000002  Cấp giấy phép mẫu số 2" in result.stdout
    result = run("show", "1.000002")
    assert result.exit_code == 0 and "8000 VND" in result.stdout and "18/07/2026" in result.stdout
    assert json.loads(run("show", "1.000002", "--json").stdout)["code"] == "1.000002"
    assert json.loads(run("search", "--json", "1.000001").stdout)["name"] == "Cấp giấy phép mẫu số 1"


def test_a_broken_line_is_told_with_its_place_and_exit_code_1(database: Path, record: Make) -> None:
    result = run("import", write(database / "a.jsonl", record(1), "{"))
    assert result.exit_code == 1 and "a.jsonl:2: not JSON" in result.stderr


def test_nothing_found_is_1_and_nothing_there_is_2(database: Path, record: Make) -> None:
    result = run("search", "x")
    assert result.exit_code == 2 and "troly catalogue sync" in result.stderr
    run("import", write(database / "a.jsonl", record(1)))
    assert run("search", "xyz").exit_code == 1
    assert run("show", "9.999999").exit_code == 1


@pytest.mark.parametrize(
    "arguments", [("import", "missing.jsonl"), ("import",), ("search",), ("show",), ("fly",)]
)
def test_a_wrong_call_is_2(database: Path, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_missing_tables_are_2_and_name_the_fix(database: Path) -> None:
    made = engine(f"sqlite:///{database / 'c.db'}")
    Base.metadata.drop_all(made)
    made.dispose()
    result = run("show", "1.000001")
    assert result.exit_code == 2 and result.stderr.count("\n") == 1 and "troly db upgrade" in result.stderr


def test_an_unreachable_portal_is_1_in_one_line(database: Path) -> None:
    result = run("sync")
    told = [line for line in result.stderr.splitlines() if "[warning" not in line]  # beside what is logged
    assert result.exit_code == 1 and len(told) == 1 and "127.0.0.1" in told[0]


def test_sync_over_real_http(database: Path, demo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_PORT", str(demo().port))
    troly.settings.settings.cache_clear()
    result = run("sync")
    assert result.exit_code == 0 and result.stdout == "5 read, 5 fetched, 5 added\n"
    assert run("sync").stdout == "5 read, 5 unchanged\n"
    assert "5 fetched" in run("sync", "--full").stdout


def test_the_commands_leave_no_event_loop_behind(database: Path) -> None:
    run("show", "1.000001")
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()
