"""troly portal: tries a province's own system before the assistant is connected to it."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from dataclasses import asdict
from os import environ

import click
import structlog

from portal.check.findings import Finding, Findings
from portal.check.run import ADAPTERS, Adapter, Wanted, check
from portal.check.status import Sample
from portal.codes import parse_application_code
from portal.owner import read_factor
from troly.errors import UsageError
from troly.settings import Settings, settings
from troly.signatures import signature


@click.group()
def portal() -> None:
    """A province's own system: does it answer as the assistant needs it?"""


@portal.command("check")
@click.argument("url")
@click.option(
    "--adapter",
    "adapters",
    multiple=True,
    type=click.Choice(ADAPTERS),
    help="What is at URL; may be repeated. Without it: procedures, STATUS_KIND, reports and holidays.",
)
@click.option("--procedure", default="", help="Code of a procedure to look at, one with forms.")
@click.option("--code", default="", help="Code of an application that is there, of an invented owner.")
@click.option("--send-report", is_flag=True, help="Also send a report; it makes a ticket, marked as a test.")
@click.option("--listen", default="", help="HOST:PORT where the portal may call the webhook.")
@click.option("--wait", default=0.0, type=click.FloatRange(0, 3600), help="Seconds to wait for a change.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def check_(
    url: str,
    adapters: tuple[Adapter, ...],
    procedure: str,
    code: str,
    send_report: bool,
    listen: str,
    wait: float,
    as_json: bool,
) -> None:
    """Ask the system at URL everything that the assistant asks, and judge the answers.

    Credentials come from the settings (STATUS_CLIENT_ID, STATUS_CLIENT_SECRET, STATUS_TOKEN_URL, LGSP_UNIT,
    STATUS_FEATURES, REPORT_TOKEN, PORTAL_WEBHOOK_SECRET), the owner's second factor from the variable
    PORTAL_CHECK_FACTOR. Exit code: 0 nothing fails, 1 something does, 2 a wrong call or setting.
    """
    chosen = settings()
    wanted = Wanted(procedure, _sample(code), send_report, listen, wait)
    # The report is all that belongs on the screen.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    found = Findings(_tell_json if as_json else _tell)
    asyncio.run(check(found, url, adapters or _usual(chosen, listen), chosen, wanted))
    counts = found.counts
    if not as_json:
        click.echo(f"{counts['PASS']} passed, {counts['FAIL']} failed, {counts['SKIPPED']} skipped")
    sys.exit(1 if counts["FAIL"] else 0)


@portal.command("holidays")
def holidays_() -> None:
    """Print which days of this year and the next are no usual working days, and who said so."""
    from portal.holidays import shown

    for line in asyncio.run(shown(settings().database)):
        click.echo(line)


@portal.command("sign")
@click.argument("timestamp")
@click.argument("body")
def sign(timestamp: str, body: str) -> None:
    """Print the signature of a webhook call with PORTAL_WEBHOOK_SECRET, to compare with your own."""
    key = settings().portal_webhook_secret.get_secret_value()
    if not key:
        raise UsageError("PORTAL_WEBHOOK_SECRET: empty")
    click.echo(signature(key, timestamp, body.encode()))


def _usual(chosen: Settings, listen: str) -> tuple[Adapter, ...]:
    return ("national", chosen.status_kind, "reports", "holidays", *(("webhook",) if listen else ()))


def _sample(code: str) -> Sample:
    if not code:
        return Sample()
    read = parse_application_code(code)
    if read is None:
        raise UsageError(f"--code {code}: not an application code; write it as H49.33-250421-0001")
    written = environ.get("PORTAL_CHECK_FACTOR", "")
    factor = read_factor(written) if written else None
    if written and factor is None:
        raise UsageError("PORTAL_CHECK_FACTOR: neither four digits of an ID number nor a phone number")
    return Sample(read, factor)


def _tell(finding: Finding) -> None:
    click.echo(f"{finding.verdict:<8} {finding.name:<24} {finding.said}")
    if finding.fix:
        click.echo(f"{'':<8} fix: {finding.fix}")


def _tell_json(finding: Finding) -> None:
    click.echo(json.dumps(asdict(finding), ensure_ascii=False))
