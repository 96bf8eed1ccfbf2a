"""The action server's one client to the portal and its copy of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import yaml
from rasa_sdk import Tracker
from sqlalchemy.ext.asyncio import AsyncEngine

from actions.attempts import Attempts, Limits, Who
from portal.catalogue import Catalogue
from portal.client import PortalClient
from portal.errors import NotFound, PortalError
from portal.following import Following
from portal.models import Procedure
from troly.database import async_engine
from troly.holidays import Calendar
from troly.privacy import Keyring
from troly.settings import ROOT, settings
from troly.tables import holidays


@dataclass(frozen=True)
class Record:
    """A procedure's record, and whether it is the stored copy because the portal did not answer."""

    procedure: Procedure
    is_copy: bool


@lru_cache(maxsize=1)
def client() -> PortalClient:
    """The pooled client; made on first use."""
    return PortalClient.from_settings(settings())


@lru_cache(maxsize=1)
def engine() -> AsyncEngine:
    """The action server's one pool of connections to the database."""
    return async_engine(settings().database, prompt=True, hide_parameters=True)


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """The local copy of the catalogue; made on first use."""
    return Catalogue(engine(), settings().province)


@lru_cache(maxsize=1)
def attempts() -> Attempts:
    """Who has looked up and tried to prove what, and how often."""
    config = settings()
    limits = Limits(config.verify_attempts, config.verify_attempts_per_address, config.lookups_per_hour)
    return Attempts(engine(), Keyring.from_settings(config), limits)


def who(tracker: Tracker) -> Who:
    """Who writes, for what is limited by person: the conversation and, on the website, the address."""
    visitor = (tracker.latest_message.get("metadata") or {}).get("visitor")
    return attempts().who(tracker.sender_id, visitor if isinstance(visitor, str) else None)


@lru_cache(maxsize=1)
def following() -> Following:
    """Who follows which application."""
    return Following(engine(), minutes=settings().notice_poll_minutes)


async def calendar() -> Calendar:
    """Which days are working days."""
    async with engine().connect() as connection:
        return await holidays.current(connection)


@lru_cache(maxsize=1)
def _english_titles() -> dict[str, str]:
    path = ROOT / "nlu_data" / "titles_en.yml"
    titles: dict[str, str] = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return titles


def english_title(procedure: Procedure) -> str | None:
    """The procedure's English name where one is known."""
    return procedure.name_en or known_english(procedure.code)


def known_english(code: str) -> str | None:
    """The English name of nlu_data/titles_en.yml."""
    return _english_titles().get(code)


async def procedure_record(code: str) -> Record:
    """The portal's record of a procedure, or the last copy when the portal gives no usable one.

    A copy of what the portal no longer has is marked as withdrawn. Raises NotFound when neither has it,
    another PortalError when the portal gives no usable answer and there is no copy.
    """
    identity = await catalogue().identity(code)
    try:
        return Record(await client().get_procedure(identity or code), is_copy=False)
    except PortalError as error:
        copy = await catalogue().get(code)
        if copy is None:
            raise
        if isinstance(error, NotFound):
            return Record(replace(copy, withdrawn=True), is_copy=False)
        return Record(copy, is_copy=True)
