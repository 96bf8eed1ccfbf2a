"""Every command explains itself, at once: help never waits for TensorFlow."""

from __future__ import annotations

import subprocess
import sys

import pytest

from troly.cli import _COMMANDS
from troly.settings import ROOT

HEAVY = ("tensorflow", "rasa", "sklearn", "torch", "underthesea")

# Ends with the heavy modules that showing the help has imported.
_HELP = f"""
import sys
import click
from troly.cli import program
try:
    program(sys.argv[1:] + ["--help"], standalone_mode=True)
except SystemExit as stop:
    code = stop.code
print("imported:", *[name for name in {HEAVY!r} if name in sys.modules])
sys.exit(code)
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("command", list(_COMMANDS))
def test_a_command_has_help_and_loads_nothing_heavy_for_it(command: str) -> None:
    done = run("-c", _HELP, command)
    assert done.returncode == 0, done.stderr[-2000:]
    *help_text, imported = done.stdout.splitlines()
    assert help_text[0].startswith("Usage: ")
    assert any(line.strip() for line in help_text[1:3]), "a command says what it does"
    assert imported.split() == ["imported:"]


def test_the_program_lists_its_commands_without_importing_any() -> None:
    done = run("-c", _HELP + "\nassert not {'bot', 'channels', 'portal', 'actions'} & set(sys.modules)")
    assert done.returncode == 0, done.stderr[-2000:]
    for command in _COMMANDS:
        assert f"\n  {command} " in done.stdout


def test_an_unknown_command_is_refused_with_exit_code_2() -> None:
    done = run("-m", "troly", "fly")
    assert done.returncode == 2
    assert "No such command 'fly'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_setting_is_one_line_and_exit_code_2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_PORT", "many")
    done = run("-m", "troly", "serve")
    assert done.returncode == 2
    assert done.stderr.startswith("troly: GATEWAY_PORT: ")
    assert len(done.stderr.splitlines()) == 1
