"""The list of reviewed advisories is dated, true of the lock, and the only thing that lets one pass."""

from __future__ import annotations

import json
import sys
from datetime import date, timedelta
from typing import Any

import pytest
import yaml

from tests.project.tools import tool
from troly.settings import ROOT

audit = tool("audit")
TODAY = date(2026, 11, 22)
ENTRY = {
    "id": "CVE-2024-1",
    "package": "keras",
    "version": "2.12.0",
    "what": "x",
    "why": "y",
    "reviewed": TODAY,
    "expires": TODAY + timedelta(days=180),
}
LOCKED = [audit.Locked("keras", "2.12.0", "", ())]


def test_the_list_is_true_of_the_lock() -> None:
    entries = yaml.safe_load(audit.LIST.read_text("utf-8"))
    assert entries
    # Its expiry is checked by `make audit`: no test fails because a day has passed.
    assert audit.problems(entries, audit.read(audit.LOCK), max(entry["reviewed"] for entry in entries)) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"expires": TODAY - timedelta(days=1)}, "expired"),
        ({"expires": TODAY + timedelta(days=400)}, "more than"),
        ({"reviewed": TODAY + timedelta(days=1)}, "future"),
        ({"package": "gone"}, "not locked any more"),
        ({"version": "2.11.0"}, "locked is 2.12.0"),
        ({"why": ""}, "lacks why"),
        ({"reviewed": "yesterday"}, "are dates"),
    ],
)
def test_an_entry_that_is_not_in_order_fails(change: dict[str, Any], said: str) -> None:
    assert audit.problems([ENTRY], LOCKED, TODAY) == []
    (problem,) = audit.problems([ENTRY | change], LOCKED, TODAY)
    assert said in problem


def test_an_entry_twice_fails() -> None:
    assert "twice" in audit.problems([ENTRY, ENTRY], LOCKED, TODAY)[0]


def answer(*names: str) -> str:
    vulns = [{"id": names[0], "aliases": list(names[1:]), "fix_versions": ["2.13.1"]}] if names else []
    return json.dumps(
        {
            "dependencies": [
                {"name": "Keras", "version": "2.12.0", "vulns": vulns},
                {"name": "other", "version": "1", "vulns": []},
            ]
        }
    )


def test_only_a_reviewed_advisory_passes_by_whichever_of_its_names() -> None:
    known = audit.advisories_in(answer("GHSA-x", "CVE-2024-1"))
    assert audit.unreviewed(known, [ENTRY]) == []
    new = audit.advisories_in(answer("PYSEC-2027-9"))
    assert audit.unreviewed(new, [ENTRY]) == new
    assert new[0].fixed_in == ("2.13.1",)
    # The same number for another package is another thing.
    assert audit.unreviewed(known, [ENTRY | {"package": "tensorflow-cpu"}]) == known


def run(monkeypatch: pytest.MonkeyPatch, asked: Any, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["audit", *words])
    monkeypatch.setattr(audit, "ask", asked)
    monkeypatch.setattr(audit, "problems", lambda *_: [])
    return int(audit.main())


def unreachable(_lock: Any) -> list[Any]:
    raise audit.Unreachable("no network")


def test_without_the_service_it_says_that_nobody_was_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, unreachable) == 0
    assert "NOT ASKED" in capsys.readouterr().out
    assert run(monkeypatch, unreachable, "--strict") == 3


def test_a_new_advisory_fails_the_audit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = audit.advisories_in(answer("PYSEC-2027-9"))
    assert run(monkeypatch, lambda _lock: found) == 1
    assert "PYSEC-2027-9" in capsys.readouterr().err
    assert run(monkeypatch, lambda _lock: []) == 0


def test_packages_that_nobody_knows_are_not_taken_for_safe() -> None:
    """A mirror of the package index has no advisories, and pip-audit ends with 0."""
    skipped = {"name": "rasa", "skip_reason": "Dependency not found on PyPI and could not be audited"}
    with pytest.raises(audit.Unreachable, match="1 of 1 packages: rasa"):
        audit.advisories_in(json.dumps({"dependencies": [skipped]}))


def test_what_is_no_answer_is_not_taken_for_no_advisory(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        return type("Done", (), {"stdout": "", "stderr": "connection refused"})

    monkeypatch.setattr(audit.subprocess, "run", broken)
    monkeypatch.setattr(audit.shutil, "which", lambda *_, **__: "uv")
    with pytest.raises(audit.Unreachable, match="connection refused"):
        audit.ask(audit.LOCK)


def test_packages_that_face_the_network_have_no_entry() -> None:
    slim = {one.name for one in audit.read(ROOT / "requirements.slim.lock")}
    entries = yaml.safe_load(audit.LIST.read_text("utf-8"))
    assert not slim & {entry["package"] for entry in entries}
