"""The first copy of the catalogue on a fresh deployment."""

from __future__ import annotations

from collections.abc import Callable

from portal.catalogue import Catalogue
from troly.database import async_engine
from troly.settings import Settings


async def ensure_catalogue(settings: Settings, report: Callable[[str], None]) -> int:
    """Fill an empty catalogue and return how many procedures it has.

    From the real portal where one is set; else from what the demo portal serves, read directly, so that
    the demo portal need not run yet.
    """
    engine = async_engine(settings.database)
    try:
        catalogue = Catalogue(engine, settings.province)
        if known := await catalogue.count():
            return known
        # Only now: a start with a catalogue need not load the client and the demo portal.
        from portal.client import PortalClient
        from portal.demo.app import OWN_DATA

        if settings.uses_demo_portal:
            source = settings.demo_catalogue_file or OWN_DATA
            report(f"Copying the demo portal's catalogue from {source.name} …")
            await catalogue.import_file(source, forms_from=settings.portal)
        else:
            report(f"Copying the catalogue from {settings.portal} …")
            client = PortalClient.from_settings(settings)
            try:
                await catalogue.sync(client)
            finally:
                await client.aclose()
        return await catalogue.count()
    finally:
        await engine.dispose()
