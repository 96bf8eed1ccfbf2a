"""All checks of one address, in their order, with the connections that they need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from portal.check import holidays, national, reports, status, webhook
from portal.check.findings import Findings
from portal.check.status import Sample
from portal.check.wire import Heard
from portal.client import status_service
from portal.http import LOOPBACK
from troly.errors import UsageError
from troly.settings import Settings

Adapter = Literal["national", "igate", "lgsp", "reports", "holidays", "webhook"]
ADAPTERS: tuple[Adapter, ...] = ("national", "igate", "lgsp", "reports", "holidays", "webhook")

_REPORT_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to check beyond the settings."""

    procedure: str = ""
    sample: Sample = field(default_factory=Sample)
    send_report: bool = False
    listen: str = ""
    wait: float = 0


async def check(
    found: Findings, url: str, adapters: Sequence[Adapter], settings: Settings, wanted: Wanted
) -> None:
    """Ask the system at `url`. Raises UsageError for an address that is none."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{url}: not an address; write it as https://dichvucong.tinh.gov.vn")
    for adapter in dict.fromkeys(adapters):
        await _one(found, url.rstrip("/"), adapter, settings, wanted)


async def _one(found: Findings, url: str, adapter: Adapter, settings: Settings, wanted: Wanted) -> None:
    if adapter in ("igate", "lgsp"):
        await _status(found, url, adapter, settings, wanted)
        return
    if adapter == "webhook":
        if not wanted.listen or not wanted.wait:
            found.skipped("webhook", "name where the portal may call with --listen HOST:PORT --wait SECONDS")
            return
        key = settings.portal_webhook_secret.get_secret_value()
        await webhook.check(found, key=key, listen=wanted.listen, wait=wanted.wait)
        return
    http = Heard(url, timeout=_REPORT_SECONDS if adapter == "reports" else settings.portal_timeout)
    try:
        if adapter == "national":
            await national.check(found, http, code=wanted.procedure)
        elif adapter == "reports":
            token = settings.report_token.get_secret_value()
            await reports.check(found, http, token=token, send=wanted.send_report)
        else:
            await holidays.check(found, http)
    finally:
        await http.aclose()


async def _status(found: Findings, url: str, kind: str, settings: Settings, wanted: Wanted) -> None:
    made: list[Heard] = []

    def connect(address: str, **options: object) -> Heard:
        made.append(Heard(address, **options))
        return made[-1]

    chosen = _at(url, kind, settings)
    service = status_service(chosen, connect)
    if service is None:
        raise UsageError("STATUS_URL: empty beside a real PORTAL_URL")
    try:
        await status.check(
            found,
            made[0],
            service,
            kind=kind,
            service_path=chosen.status_url or "/lgsp/service",
            sample=wanted.sample,
            wait=wanted.wait,
        )
    finally:
        await service.aclose()


def _at(url: str, kind: str, settings: Settings) -> Settings:
    """The settings with the service at `url`; a demo portal on this machine needs no credentials."""
    local = urlsplit(url).hostname in LOOPBACK
    if local and not settings.status_url and not settings.status_client_id:
        return settings.model_copy(update={"portal_url": "", "demo_portal_url": url, "status_kind": kind})
    return settings.model_copy(update={"status_url": url, "status_kind": kind})
