"""Structured logs: one line an event, never with a citizen's words or a secret."""

from __future__ import annotations

import logging
import sys

import structlog


def configure(level: str = "info", *, process: str = "", once: bool = False) -> None:
    """Send logs of this process to standard error as one line each (JSON when not a terminal).

    `once`: it is not called again, as in a server; then each logger is put together once, not for each line,
    those of Rasa's unwritten lines included.
    """
    number = getattr(logging, level.upper())
    renderer: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer(colors=True)
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            _without_citizens_words,
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        # Writes a line at once; the one that prints writes its end apart.
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        # A second configuration in the same process must reach loggers already used.
        cache_logger_on_first_use=once,
    )
    structlog.contextvars.bind_contextvars(process=process)
    logging.basicConfig(
        level=max(number, logging.WARNING), stream=sys.stderr, format="%(levelname)s %(name)s %(message)s"
    )
    # Libraries warn about each other's age on import; nobody who runs this can act on it.
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").setLevel(logging.DEBUG if number == logging.DEBUG else logging.ERROR)
    # httpx logs whole addresses, and those may carry tokens.
    logging.getLogger("httpx").setLevel(logging.WARNING)


def _without_citizens_words(
    _logger: object, method: str, entry: structlog.types.EventDict
) -> structlog.types.EventDict:
    """Rasa's own debugging ("processor.message.parse") quotes messages; our events have no dotted names."""
    if method == "debug" and "." in str(entry.get("event", "")).split(" ")[0].rstrip("."):
        raise structlog.DropEvent
    return entry
