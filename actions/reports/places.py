"""Where it is: a shared location, or an address with the commune that it names."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from actions.reports.draft import Draft
from troly.settings import settings
from troly.text import fold
from troly.units.directory import Commune, directory

_FAR_KM = 60.0
"""Beyond this from every commune of the province, a location is somewhere else."""

_MOST_CHOICES = 6

_SPOT = re.compile(
    r"\b(?:so(?: nha)? \d|\d+ duong|duong \w|ngo|ngach|hem|kiet|pho|to \d|to dan pho|khu|thon|xom|ban|ap"
    r"|nga (?:tu|ba|nam)|cau|cho|truong|benh vien|tram|cong vien|quoc lo|ql ?\d+|tinh lo|km ?\d+|cong|dau"
    r"|cuoi|gan|canh|truoc|sau|doi dien"
    r"|street|road|lane|alley|near|in front|opposite|next to|school|market|bridge|corner|crossroad)\b"
)

_STREET = re.compile(
    r"(?<!thanh )(?<!khu )(?<!dan )\b(?:duong|pho) \w+ \w+(?= *(?:[,.;]|$))|\b\w+ \w+ (?:street|road)\b"
)
"""A street, which may have a commune's name too ("đường Lê Lợi"), at the end of a part of the address; no
"thành phố Hạ Long"."""


def names_spot(text: str) -> bool:
    """Whether the words tell a place that one can find: a street, a house, something beside it."""
    return _SPOT.search(fold(text)) is not None


def communes_in(text: str) -> tuple[Commune, ...]:
    """The communes of today, of this province, that a text names; several where a former one was divided."""
    named = directory().find(_STREET.sub(" ", fold(text)), settings().province)
    found = named.communes or tuple(commune for unit in named.former for commune in unit.successors)
    own = {commune.code: commune for commune in found if commune.province == settings().province}
    return tuple(own.values())


def at_address(draft: Draft, text: str) -> Draft:
    """The draft with an address, and with the commune where the words make it certain."""
    found = communes_in(text)
    only = found[0].code if len(found) == 1 else ""
    codes = tuple(commune.code for commune in found[:_MOST_CHOICES]) if len(found) > 1 else ()
    return replace(draft, address=text[:300], commune=only, communes=codes)


def at_location(draft: Draft, entities: dict[str, Any]) -> Draft:
    """The draft with a shared location; with a note instead where that is outside the province, or none."""
    try:
        latitude, longitude = float(entities["latitude"]), float(entities["longitude"])
    except (KeyError, TypeError, ValueError):
        return replace(draft, note="bad_location")
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        return replace(draft, note="bad_location")
    ((commune, distance),) = directory().nearest(latitude, longitude, count=1)
    if commune.province != settings().province or distance > _FAR_KM:
        return replace(draft, note="outside")
    return replace(draft, latitude=latitude, longitude=longitude, commune=commune.code, place_done=True)
