"""Every fault that is tried, with what must hold and the command: python -m tests.faults.table [--run]

With --run each command is run, one after the other, and its outcome and time stand in the table. The program
writes the table as it is in docs/faults.md.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass

import click

from troly.settings import ROOT


@dataclass(frozen=True)
class Fault:
    """One line."""

    name: str
    holds: str
    tests: str
    """What pytest is given."""


FAULTS = (
    Fault(
        "kill -9 of gateway, rasa, actions, portal at random, under load",
        "lost 0, doubled 0, wrong 0; all come back",
        "tests/stack/test_chaos.py",
    ),
    Fault(
        "kill -9 of one process while a message waits", "answered once, in order", "tests/stack/test_kills.py"
    ),
    Fault(
        "kill -9 of a gateway at 24 chosen steps, each channel",
        "lost 0; a repetition only where recorded",
        "tests/channels/test_killed.py",
    ),
    Fault(
        "rasa, portal, platforms, gateway fail while 300 messages come in",
        "lost 0, doubled 0, in order",
        "tests/faults/test_messages.py",
    ),
    Fault(
        "PostgreSQL restarted; loses its power",
        "503 while away; nothing acknowledged is lost",
        "tests/channels/test_database_faults.py -k comes_back",
    ),
    Fault(
        "disk full (SQLite)",
        "503 while full; nothing acknowledged is lost",
        "tests/channels/test_database_faults.py -k full_disk",
    ),
    Fault(
        "database read-only (SQLite, PostgreSQL)",
        "503; /readyz says so; goes on afterwards",
        "tests/channels/test_database_faults.py -k read_only",
    ),
    Fault(
        "Redis gone, hanging, restarted",
        "replies arrive, limits hold for each gateway",
        "tests/channels/test_redis_broker.py tests/channels/test_redis_limits.py "
        "tests/channels/test_gateways_with_redis.py",
    ),
    Fault(
        "portal slow, down, hanging, HTML, broken JSON, wrong types, 10 MB",
        "the copy with its date; no wrong fact",
        "tests/stack/test_portal_failures.py",
    ),
    Fault(
        "the same, for each of the portal's services",
        "an error with its reason",
        "tests/portal/test_client.py tests/portal/test_client_more.py tests/portal/test_http.py",
    ),
    Fault(
        "clock set back a year, an hour; ahead 36 s, an hour, 20 h, 11 years",
        "order kept, lost 0, doubled 0; no mass erasure",
        "tests/channels/test_clock_jumps.py",
    ),
    Fault(
        "model file cut off, empty, replaced, with bad sectors",
        "refused before loading; the error names the fix",
        "tests/faults/test_models.py",
    ),
    Fault(
        "bad deploy: a version that is missing, does not load, or ends the process",
        "withdrawn; the version before answers; lost 0",
        "tests/stack/test_activation.py tests/stack/test_bad_deploy.py",
    ),
    Fault(
        "tables upgraded while citizens write",
        "lost 0, refused 0; older programs' writes fit",
        "tests/channels/test_upgrade_while_running.py tests/troly/test_older_program_on_newer_tables.py",
    ),
    Fault(
        "backup while others write; damaged backup; wrong key",
        "one moment; refused, nothing changed",
        "tests/troly/backups",
    ),
    Fault("restored on another machine", "the conversation goes on", "tests/stack/test_backup.py"),
    Fault(
        "each part down, failing, hanging",
        "/readyz names it and no other",
        "tests/channels/test_readiness.py",
    ),
)


def header(run: bool) -> list[str]:
    """The table's first lines."""
    last = " outcome | seconds |" if run else ""
    rule = "---|---|" if run else ""
    return [f"| fault | what must hold | `pytest …` |{last}", f"|---|---|---|{rule}"]


def line(fault: Fault, outcome: str = "", seconds: float | None = None) -> str:
    """One row."""
    row = f"| {fault.name} | {fault.holds} | `{fault.tests}` |"
    return row if seconds is None else f"{row} {outcome} | {seconds:.0f} |"


def play(fault: Fault) -> tuple[str, float]:
    """Run its tests; what pytest says at the end."""
    started = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "--show-capture=no", *_words(fault.tests)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    said = done.stdout.strip().splitlines()
    outcome = said[-1].partition(" in ")[0].strip("= ") if said else f"exit code {done.returncode}"
    return ("" if done.returncode == 0 else "**failed**: ") + outcome, time.monotonic() - started


def _words(tests: str) -> list[str]:
    import shlex

    return shlex.split(tests)


@click.command()
@click.option("--run", is_flag=True, help="Try them all (half an hour).")
def main(run: bool) -> None:
    """Print the table; with --run, with outcomes. Ends with 1 when one failed."""
    failed = False
    click.echo("\n".join(header(run)))
    for fault in FAULTS:
        outcome, seconds = play(fault) if run else ("", None)
        failed = failed or "failed" in outcome
        click.echo(line(fault, outcome, seconds))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
