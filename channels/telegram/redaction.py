"""Keeps the bot's token out of logs: Telegram's API has it in every address."""

from __future__ import annotations

import logging
import re

_TOKEN = re.compile(r"\d{5,}(?::|%3[Aa])[A-Za-z0-9_-]{20,}")
_SHOWN = "<token>"

_LOGGERS = (
    "httpx",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
    "telegram.Bot",
    "telegram.ext.ExtBot",
    "telegram.request.BaseRequest",
    "telegram.request.HTTPXRequest",
)
"""A filter sees only what is logged to its very logger, not to the loggers below it."""


def redact(text: str) -> str:
    """The text with everything that has the form of a bot token replaced."""
    return _TOKEN.sub(_SHOWN, text)


class Redaction(logging.Filter):
    """Takes tokens out of a record: its message, its arguments and its traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true; the record is changed."""
        record.msg, record.args = redact(record.getMessage()), None
        if record.exc_info and record.exc_info[0]:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
        return True


def install() -> None:
    """Redact what the libraries below the channel log, at any level; again is a no-op.

    python-telegram-bot also logs every call with its parameters, which are citizens' words: never below
    a warning, whatever the level of the rest.
    """
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(known, Redaction) for known in logger.filters):
            logger.addFilter(Redaction())
    for name in ("httpx", "httpcore", "telegram"):
        logging.getLogger(name).setLevel(logging.WARNING)
