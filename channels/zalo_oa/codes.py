"""What Zalo's error codes mean for a reply, and which of them an operator has to mend."""

from __future__ import annotations

from datetime import datetime

from channels.errors import ChatClosed, SendError, SendLater, SendRefused
from channels.zalo_oa.windows import seconds_until_morning

TOKEN = frozenset({-216, -220})
"""The access token is invalid, expired or removed: refresh once, send again."""

ATTACHMENT = -100
"""The uploaded image or file is gone (Zalo keeps it 7 days): upload again."""

RATE_LIMIT = -32
NIGHT = -234

UNSUPPORTED = frozenset({-201, -210, -233})
"""Zalo does not take a message of this form: a plainer one may pass."""

_CLOSED = {
    -213: "not_follower",
    -217: "blocked",
    -227: "inactive",
    -230: "window",
    -232: "window",
    -244: "restricted",
    -305: "window",
}

_REFUSED = {
    -201: "invalid",
    -204: "account_deleted",
    -205: "account_unknown",
    -210: "invalid",
    -211: "quota",
    -212: "api_not_registered",
    -218: "free_messages",  # what this one citizen may be sent, not the account's
    -219: "app_removed",
    -233: "invalid",
    -248: "standards",
    -311: "quota",
}

_SETUP = frozenset({-209, -221, -223, -224, -242, -320, -321})
"""The account or the app lacks something that an operator can give it: worth trying again later."""

FIXES = {
    -204: "the Official Account is disabled or deleted: look at it on oa.zalo.me",
    -205: "the Official Account does not exist: check ZALO_OA_ID and authorize the app again",
    -209: "activate the app on developers.zalo.me (Cài đặt → Đang hoạt động)",
    -211: "the package's quota is used up: look at it on oa.zalo.me",
    -212: "register Official Account API for the app on developers.zalo.me (Đăng ký sử dụng API)",
    -219: "the app was removed or disabled: look at it on developers.zalo.me",
    -221: "the Official Account has to be verified (xác thực) on oa.zalo.me",
    -223: "the account has not given the app this permission: authorize it again",
    -224: "the account's package does not include this: look at it on oa.zalo.me",
    -242: "Zalo wants appsecret_proof: switch it off in the app's settings on developers.zalo.me",
    -320: "connect the app with a Zalo Cloud Account",
    -321: "the Zalo Cloud Account is out of money",
}
"""What the operator does about it; these are logged as errors."""

_PAUSE = 30.0
_SETUP_PAUSE = 600.0


def outcome(code: int, moment: datetime) -> SendError:
    """The error that tells channels/sender.py what to do with a reply that Zalo refused with this code.

    Token and attachment codes come here only when their one second try was refused as well.
    """
    if code in _CLOSED:
        return ChatClosed(_CLOSED[code])
    if code in _REFUSED:
        return SendRefused(_REFUSED[code])
    if code == NIGHT:
        return SendLater("night", seconds=seconds_until_morning(moment) or _PAUSE, counts=False)
    if code == RATE_LIMIT:
        return SendLater("rate_limit", seconds=_PAUSE, counts=False)
    if code in TOKEN:
        return SendLater("token", seconds=_PAUSE, counts=False)
    if code in _SETUP:
        return SendLater(f"error_{code}", seconds=_SETUP_PAUSE)
    # Not in the table: refused, so surely not delivered, and perhaps only for now. The tries are counted.
    return SendLater(f"error_{code}")
