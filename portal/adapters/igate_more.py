"""Verification, change feed and batch for iGate: of our own design, because none is known in public code.

The names are those that iGate uses elsewhere (identity, phoneNumberApply, content, applicant.data.fullname).
The second factor goes in the body: addresses end up in the logs of proxies. docs/services/ has the whole.
"""

from __future__ import annotations

from typing import Any

from portal.adapters.national_record import PUBLIC_SITE
from portal.adapters.values import iso, number, records, text
from portal.codes import parse_application_code
from portal.errors import PortalProtocolError
from portal.models import FeeDue
from portal.owner import Changes, Disclosure, Factor, OfficerMessage, mask_name
from troly.clock import now

VERIFY_PATH = "/pa/dossier-search/dvc/verify"
BATCH_PATH = "/pa/dossier-search/dvc/batch"
CHANGES_PATH = "/pa/dossier-search/changes"
PAGE = 500
"""Changes on one page of the feed."""


def verification(code: str, factor: Factor) -> dict[str, str]:
    """The question whether a factor belongs to a code."""
    name = "identity" if factor.kind == "identity" else "phoneNumberApply"
    return {"code": code, name: factor.value}


def disclosure(item: dict[str, Any], code: str) -> Disclosure:
    """What the owner may see; the name leaves this function masked."""
    owner = _record(_record(item.get("applicant")).get("data"))
    fee = _record(item.get("financialObligation"))
    amount = number(fee.get("amount"))
    note = text(fee.get("content"))
    owed = amount is not None and amount > 0
    return Disclosure(
        code=code,
        owner=mask_name(text(owner.get("fullname"))),
        messages=tuple(
            OfficerMessage(iso(entry.get("createdDate")), said)
            for entry in records(item.get("comments"))
            if (said := text(entry.get("content")))
        ),
        fee_due=FeeDue(round(amount or 0) if owed else None, note) if owed or note else None,
        pay_how=text(fee.get("paymentGuide")),
        as_of=now(),
        source_url=PUBLIC_SITE,
    )


def changes(answer: Any, cursor: str, etag: str) -> Changes:
    """A page of the feed; None (not modified) is an empty page. Raises PortalProtocolError."""
    if answer is None:
        return Changes((), cursor, etag, more=False)
    following = answer.get("next") if isinstance(answer, dict) else None
    if not isinstance(following, str) or not following or not isinstance(answer.get("changes"), list):
        raise PortalProtocolError("the feed of changes has no changes or no next")
    codes = [parse_application_code(text(item.get("code"))) for item in records(answer["changes"])]
    known = dict.fromkeys(code for code in codes if code)
    more = bool(answer.get("more")) and following != cursor
    return Changes(tuple(known), following, etag, more=more, reset=bool(answer.get("reset")))


def _record(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
