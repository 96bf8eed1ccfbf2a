"""`troly db retention`: what the gateway does every hour, by hand."""

from __future__ import annotations

import sys

import httpx

from channels import identifiers, retention
from channels.media import MediaStore
from channels.retention import Forgotten, Progress
from channels.store import Store
from troly.database import async_engine, require_tables
from troly.settings import Settings


async def run(settings: Settings, dry_run: bool, progress: Progress) -> Forgotten:
    """Count or forget what is too old. Raises UsageError when there is no usable database."""
    require_tables(settings.database)
    database = async_engine(settings.database, hide_parameters=True)
    try:
        store = Store(database)
        if dry_run:
            return await retention.count_old(store, settings)
        await identifiers.mask_due(store, settings, most=sys.maxsize)
        async with httpx.AsyncClient(trust_env=False) as http:
            return await retention.forget_old(store, MediaStore(store, http, settings), settings, progress)
    finally:
        await database.dispose()
