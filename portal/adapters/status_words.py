"""The words of provincial systems for an application's state, as the ten national statuses.

Sources: the national data standard's list, the words of OpenCPS, and what iGate shows in Vietnamese and
English. A word that is not here never decides: then the dates on the application do.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from portal.errors import PortalProtocolError
from portal.models import STATUS_NAMES
from troly.text import fold

WORDS: dict[str, int] = {fold(name): status for status, name in STATUS_NAMES.items()} | {
    "just registered": 1,
    "moi nop": 1,
    "cho tiep nhan": 1,
    "receiving": 1,
    "da tiep nhan": 2,
    "moi tiep nhan": 2,
    "new": 2,
    "tu choi tiep nhan": 3,
    "tu choi": 3,
    "bi tu choi": 3,
    "denied": 3,
    "dang giai quyet": 4,
    "dang thu ly": 4,
    "cho phe duyet": 4,
    "cho ky": 4,
    "processing": 4,
    "yeu cau bo sung": 5,
    "yeu cau bo sung ho so": 5,
    "cho bo sung": 5,
    "cho bo sung ho so": 5,
    "waiting": 5,
    "cho thanh toan": 6,
    "cho nop phi": 6,
    "yeu cau thanh toan": 6,
    "cho thuc hien nghia vu tai chinh": 6,
    "paying": 6,
    "rut ho so": 7,
    "da rut ho so": 7,
    "cong dan rut ho so": 7,
    "cancelled": 7,
    "unresolved": 8,
    "khong giai quyet": 8,
    "da dung xu ly": 8,
    "da co ket qua": 9,
    "cho tra ket qua": 9,
    "da giai quyet xong": 9,
    "releasing": 9,
    "da tra": 10,
    "done": 10,
}
"""Folded words and their national status."""

# iGate's own numbers, as far as they are known: 0 just filed, 4 has a result.
_IGATE_IDS = {0: 1, 4: 9}


def status_of(
    words: Iterable[str],
    *,
    igate_id: int | None = None,
    applied: datetime | None = None,
    accepted: datetime | None = None,
    completed: datetime | None = None,
) -> int:
    """The national status 1..10. words: from the most telling to the least.

    A known word decides. Else a known number of iGate. Else what the dates prove and no more: completed (9),
    accepted (2), applied (1). Raises PortalProtocolError when nothing is known.
    """
    for word in words:
        if status := WORDS.get(fold(word).strip(" .")):
            return status
    if igate_id in _IGATE_IDS:
        return _IGATE_IDS[igate_id]
    for when, status in ((completed, 9), (accepted, 2), (applied, 1)):
        if when is not None:
            return status
    raise PortalProtocolError("the status service gave neither a known status nor a date")
