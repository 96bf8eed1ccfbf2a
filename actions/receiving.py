"""The office in the province's list that an application's agency names, where the list knows it."""

from __future__ import annotations

from functools import lru_cache

from actions import portal
from troly.office_list import Office
from troly.offices import Offices
from troly.settings import settings
from troly.units.directory import directory


@lru_cache(maxsize=1)
def _offices() -> Offices:
    return Offices(portal.engine(), settings().province)


async def office_of(agency: str) -> Office | None:
    """The one-stop desk of the commune that the agency's name contains; None where that is not certain,
    also because the commune has several.
    """
    communes = directory().find(agency, settings().province).communes if agency else ()
    if len({commune.code for commune in communes}) != 1:
        return None
    code = communes[0].code
    offices = await _offices().all()
    found = [office for office in offices if office.level == "commune" and office.commune_code == code]
    return found[0] if len(found) == 1 else None
