"""What the operator does with accounts and the audit from the command line."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from console.commands import audit, user
from troly.errors import UsageError
from troly.migrate import upgrade
from troly.settings import settings

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `troly user …` and `troly audit …` on a migrated database."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()
    upgrade(settings().database)

    def call(*words: str) -> Result:
        group = {"user": user, "audit": audit}[words[0]]
        return CliRunner().invoke(group, words[1:])

    yield call  # type: ignore[misc]
    settings.cache_clear()


def test_the_first_admin_is_made_listed_disabled_and_given_a_new_password(run: Run) -> None:
    made = run("user", "add", "Lan", "--display-name", "Nguyễn Lan")
    assert made.exit_code == 0, made.output
    assert re.search(r"sign-in: [a-z0-9-]{23}\n", made.output)
    run("user", "add", "mai", "--role", "officer", "--role", "reviewer")
    listed = run("user", "list").output
    assert re.search(r"^lan +admin +password +no one-time codes +Nguyễn Lan$", listed, re.M)
    assert re.search(r"^mai +officer, reviewer", listed, re.M)
    assert run("user", "disable", "mai").exit_code == 0
    assert re.search(r"^mai .* disabled", run("user", "list").output, re.M)
    assert run("user", "disable", "mai", "--undo").exit_code == 0
    assert re.search(r"sign-in: [a-z0-9-]{23}\n", run("user", "reset", "mai").output)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("add", "lan"), "exists already"),
        (("add", "Tên Dấu"), "lower-case"),
        (("disable", "lan"), "last administrator"),
        (("reset", "nobody"), "no such account"),
        (("add", "x2", "--password-env", "NOT_SET"), "NOT_SET is empty"),
        (("add", "x2", "--password-env", "SHORT"), "at least 12"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], reason: str
) -> None:
    monkeypatch.setenv("SHORT", "abc")
    run("user", "add", "lan")
    refused = run("user", *words)
    assert isinstance(refused.exception, UsageError)
    assert reason in str(refused.exception) and "\n" not in str(refused.exception)


def test_a_given_password_is_not_printed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRST", "một câu ngắn dễ nhớ")
    assert "một câu" not in run("user", "add", "lan", "--password-env", "FIRST").output


def test_the_audit_is_verified_and_its_end_can_be_noted(run: Run, tmp_path: Path) -> None:
    run("user", "add", "lan")
    first = run("audit", "verify")
    assert first.exit_code == 0
    noted = re.findall(r"1:[0-9a-f]{64}", first.output)[0]
    run("user", "add", "mai")
    assert run("audit", "verify", "--expect", noted).exit_code == 0
    assert run("audit", "verify", "--expect", f"1:{'0' * 64}").exit_code == 1
    with sqlite3.connect(tmp_path / "troly.db") as connection:
        connection.execute("DROP TRIGGER audit_line_no_update")
        connection.execute("UPDATE audit_line SET actor = 'somebody' WHERE sequence = 1")
    broken = run("audit", "verify")
    assert broken.exit_code == 1 and "line 1: changed" in broken.stderr
    assert "line 2" not in broken.stderr
