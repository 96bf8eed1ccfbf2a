"""What a printed checklist says around the portal's own words."""

from __future__ import annotations

from typing import Any

from channels import texts


def say(name: str, language: str, **values: object) -> str:
    """The text `name`, filled with the values."""
    return texts.say(f"checklist_{name}", language, **values)


def pick(text: dict[str, Any], language: str) -> str:
    """Of a text in both languages, the wanted one."""
    return str(text.get(language) or text.get("vi") or "")


def time(value: dict[str, Any], language: str) -> str:
    """A time limit: {"count", "unit"}, {"text"} in the portal's words, or {} where none is stated."""
    if "count" in value:
        count = float(value["count"])
        shown = f"{count:.0f}" if count.is_integer() else f"{count:g}"
        return say(f"unit_{value['unit']}", language, count=shown)
    return str(value.get("text") or say("no_time", language))


def fee(value: list[int | None], language: str) -> str:
    """The cheapest and the dearest way, in đồng; None where no fixed amount is stated."""
    low, high = value
    if low is None or high is None:
        return say("not_stated", language)
    if high == 0:
        return say("free", language)
    if low == high:
        return say("amount", language, amount=_number(low, language))
    return say("range", language, low=_number(low, language), high=_number(high, language))


def day(iso: str) -> str:
    """A day as Vietnamese write it: 22/11/2026."""
    return "/".join(reversed(iso.split("-")))


def _number(number: int, language: str) -> str:
    shown = f"{number:,}"
    return shown if language == "en" else shown.replace(",", ".")
