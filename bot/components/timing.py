"""The time that each component takes, written on the message."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import cast

from rasa.shared.constants import INTENT_MESSAGE_PREFIX
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message


@contextmanager
def timed(message: Message, name: str) -> Iterator[None]:
    """Add the milliseconds of the block to `ms_parts` under the name, and to `ms`."""
    started = perf_counter()
    try:
        yield
    finally:
        spent = (perf_counter() - started) * 1000
        parts: dict[str, float] = message.get("ms_parts") or {}
        message.set("ms_parts", {**parts, name: round(spent, 3)}, add_to_output=True)
        message.set("ms", round((message.get("ms") or 0.0) + spent, 3), add_to_output=True)


def is_payload(message: Message) -> bool:
    """True for a button's payload (/name{"json"}): Rasa's own handler reads those after the pipeline."""
    return str(message.get(TEXT) or "").lstrip().startswith(INTENT_MESSAGE_PREFIX)


def normalized(message: Message) -> str:
    """The normalized text, or the text itself where no normalizer ran."""
    return cast(str, message.get("text_normalized") or message.get(TEXT) or "")
