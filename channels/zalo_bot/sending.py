"""One part to the platform, and what its failure means for the reply."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

import structlog

from channels.base import Part
from channels.errors import ChatClosed, SendError, SendLater, SendRefused, SendUnknown
from channels.zalo_bot.client import ZaloBotClient
from channels.zalo_bot.errors import NoAnswer, NotReached, Refusal

log = structlog.get_logger("zalo_bot")

QUOTA_SECONDS = 24 * 3600.0
"""When nothing has gone out for so long, the month's messages are used up: no use in holding replies."""

TOKEN_FIX = "ZALO_BOT_TOKEN is refused: copy it again from the message of Zalo Bot Manager, and restart"  # noqa: S105

_LONGEST_TOKEN_PAUSE = 300.0
_LONGEST_QUOTA_PAUSE = 900.0
_BAD_REQUEST = (400, 413, 414, 415, 422)


class Sending:
    """Sends parts, and remembers what concerns all chats: a refused token, a used-up quota."""

    def __init__(self, client: ZaloBotClient, clock: Callable[[], float] = monotonic) -> None:
        """Assumes that all is well until the platform says otherwise."""
        self._client = client
        self._clock = clock
        self._token_refused = 0
        self._over_quota = 0
        self._quota_since: float | None = None

    async def send(self, chat_id: str, part: Part) -> str | None:
        """The platform's id of the sent message. Raises the four errors of PushChannel.send()."""
        body = {name: value for name, value in part.items() if name != "method"}
        try:
            result = await self._client.call(part["method"], {"chat_id": chat_id} | body)
        except NotReached as error:
            raise SendLater(error.reason) from None
        except NoAnswer as error:
            raise SendUnknown(error.reason) from None
        except Refusal as refusal:
            raise self._meaning(refusal) from None
        self._token_refused = self._over_quota = 0
        self._quota_since = None
        message_id = result.get("message_id") if isinstance(result, dict) else None
        return str(message_id) if message_id else None

    def _meaning(self, refusal: Refusal) -> SendError:
        """401, 408 and 429 are documented; the rest follows HTTP, as the platform's own clients do."""
        match refusal.code:
            case 401:
                return self._token()
            case 429:
                return self._quota(refusal.retry_after)
            case 403:
                return ChatClosed("blocked")
            case 408:
                return SendUnknown("error_408")
            case code if code in _BAD_REQUEST:
                return SendRefused(f"error_{code}")
        # An outage, or a code that we do not know: not delivered, and tried as often as any other.
        return SendLater(refusal.reason, seconds=refusal.retry_after)

    def _token(self) -> SendLater:
        """No reply is at fault, so none is lost: all wait until the token is right."""
        self._token_refused += 1
        log.error("token_refused", fix=TOKEN_FIX)
        return SendLater("token", seconds=_pause(self._token_refused, _LONGEST_TOKEN_PAUSE), counts=False)

    def _quota(self, retry_after: float | None) -> SendError:
        """The same code says "too fast" and "the month is used up"; only time tells which."""
        moment = self._clock()
        self._quota_since = moment if self._quota_since is None else self._quota_since
        self._over_quota += 1
        lasted = moment - self._quota_since
        log.error("over_quota", seconds=round(lasted), fix="the plan's messages may be used up: see its page")
        if lasted > QUOTA_SECONDS:
            return SendRefused("quota")
        pause = retry_after or _pause(self._over_quota, _LONGEST_QUOTA_PAUSE)
        return SendLater("quota", seconds=pause, counts=False)


def _pause(times: int, longest: float) -> float:
    return min(longest, 2.0 ** min(times - 1, 20))
