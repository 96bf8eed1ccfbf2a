"""The watcher of this deployment, from its settings; python -m portal.watch runs it alone."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from portal.client import PortalClient, holiday_service
from portal.watcher import Watcher, WatchOptions
from troly.database import async_engine, require_tables
from troly.errors import TrolyError
from troly.holidays import from_file
from troly.hours import OfficeHours
from troly.settings import Settings, settings


@asynccontextmanager
async def watcher(config: Settings, options: WatchOptions | None = None) -> AsyncIterator[Watcher]:
    """A watcher with connections of its own: its breaker must not keep citizens from asking."""
    engine = async_engine(config.database, hide_parameters=True)
    client = PortalClient.from_settings(config)
    holidays = holiday_service(config)
    hours = OfficeHours.parse(config.office_hours, from_file())
    chosen = options or WatchOptions(
        interval=config.notice_poll_minutes * 60, per_minute=config.notice_requests_per_minute
    )
    try:
        yield Watcher(engine, client, hours, chosen, holidays)
    finally:
        await client.aclose()
        if holidays:
            await holidays.aclose()
        await engine.dispose()


async def run(config: Settings, options: WatchOptions | None = None) -> None:
    """Watch until cancelled."""
    async with watcher(config, options) as one:
        await one.run()


def main() -> int:
    """Watch in the foreground; 2 when a setting is wrong."""
    from troly import log

    try:
        config = settings()
        log.configure(config.log_level, process="watch")
        require_tables(config.database)
        asyncio.run(run(config))
    except KeyboardInterrupt:
        return 0
    except TrolyError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
