"""troly portal check: lines with what to mend, and exit codes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import troly.settings
from portal.check_commands import portal
from troly.errors import UsageError
from troly.settings import ROOT

CODE = "H49.08-251105-0312"


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No settings but those of the test."""
    monkeypatch.chdir(tmp_path)
    troly.settings.settings.cache_clear()
    yield
    troly.settings.settings.cache_clear()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(portal, list(arguments))


def test_a_good_system_ends_with_0_and_a_sum(
    demo: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTAL_CHECK_FACTOR", "0077")
    result = run("check", demo().url, "--code", CODE, "--send-report")
    assert result.exit_code == 0, result.output
    assert "PASS     verify.right" in result.output
    assert re.search(r"\d+ passed, 0 failed, 2 skipped\n$", result.output)
    assert "0077" not in result.output


def test_a_fault_ends_with_1_and_is_followed_by_its_fix(demo: Callable[..., Any]) -> None:
    running = demo()
    running.fail("html", path="/api/v1/holidays")
    result = run("check", running.url, "--adapter", "holidays", "--adapter", "reports")
    assert result.exit_code == 1
    assert re.search(r"FAIL     holidays\.\d{4} .*not JSON\n +fix: .*", result.output)
    assert "PASS     reports.unknown" in result.output


def test_each_line_can_be_json(demo: Callable[..., Any]) -> None:
    result = run("check", demo().url, "--adapter", "national", "--json")
    found = [json.loads(line) for line in result.output.splitlines()]
    assert {line["verdict"] for line in found} == {"PASS"}


@pytest.mark.parametrize(
    ("arguments", "factor", "said"),
    [
        (("ftp://x",), "", "not an address"),
        (("http://127.0.0.1:1", "--code", "12"), "", "--code 12: not an application code"),
        (("http://127.0.0.1:1", "--code", CODE), "12", "PORTAL_CHECK_FACTOR"),
        (
            ("http://127.0.0.1:1", "--adapter", "webhook", "--listen", "127.0.0.1:0", "--wait", "1"),
            "",
            "PORTAL_WEBHOOK_SECRET",
        ),
    ],
)
def test_a_wrong_call_is_named(
    arguments: tuple[str, ...], factor: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTAL_CHECK_FACTOR", factor)
    result = run("check", *arguments)
    assert isinstance(result.exception, UsageError)  # exit code 2, as troly.cli does it
    assert said in str(result.exception)


def test_the_example_in_the_documentation_is_what_we_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs" / "integrating-a-portal.md").read_text(encoding="utf-8")
    values = dict(re.findall(r"^(secret|timestamp|body|signature): +(.+)$", text, re.MULTILINE))
    monkeypatch.setenv("PORTAL_WEBHOOK_SECRET", values["secret"])
    assert run("sign", values["timestamp"], values["body"]).output.strip() == values["signature"]
