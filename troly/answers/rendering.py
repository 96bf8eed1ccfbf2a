"""Turns a response name and values into text in one language. No prose here: it lives in bot/responses/.

A value may be plain text or a number, a list (one line each), or one of the typed values that are
written differently in each language:

    {"response": "label_x", …}     another response, with its own values
    {"money": 50000, "currency": "VND"}
    {"date": "2026-07-18"}          also with a time: "2026-07-18T17:00"
    {"count": 10, "response": "unit_day"}   picks unit_day_one or unit_day_other
    {"official": "Ủy ban nhân dân cấp xã"}  official text; English where the glossary knows it
    {"vi": "…", "en": "…"}          text that is known in both languages
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

Responses = Mapping[str, Mapping[str, Any]]
"""Response name -> {"text": …, "buttons": […]} of one language."""

_PLACE = re.compile(r"\{([a-z_]+)\}")
_BLANK_LINES = re.compile(r"\n{3,}")
_CURRENCY = {"vi": {"VND": "đồng", "USD": "đô la Mỹ"}, "en": {"VND": "VND", "USD": "USD"}}


class UnknownResponse(KeyError):
    """An action named a response that bot/responses/ does not have."""


class Renderer:
    """Renders the responses of one language."""

    def __init__(self, language: str, responses: Responses, terms: Mapping[str, str] | None = None) -> None:
        """terms: official Vietnamese terms and their name in this language."""
        self.language = language
        self._responses = responses
        self._terms = terms or {}

    def text(self, name: str, values: Mapping[str, Any]) -> str:
        """The text of response `name`. A line whose places are all empty is left out.

        Raises UnknownResponse, or KeyError for a value that the response needs and was not given.
        """
        try:
            template = str(self._responses[name].get("text", ""))
        except KeyError:
            raise UnknownResponse(name) from None
        lines = (self._line(line, values) for line in template.split("\n"))
        return _BLANK_LINES.sub("\n\n", "\n".join(line for line in lines if line is not None)).strip()

    def buttons(self, name: str, values: Mapping[str, Any]) -> list[dict[str, str]]:
        """The response's own buttons, then those that the action gave under "choices"."""
        own = self._responses[name].get("buttons") or []
        return [
            {"title": self.value(button["title"]), "payload": str(button["payload"])}
            for button in [*own, *(values.get("choices") or [])]
        ]

    def value(self, value: Any) -> str:
        """One value as text in this language."""
        if value is None:
            return ""
        if isinstance(value, list | tuple):
            return "\n".join(part for part in (self.value(item) for item in value) if part)
        if isinstance(value, Mapping):
            return self._typed(value)
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        return str(value)

    def _line(self, line: str, values: Mapping[str, Any]) -> str | None:
        places = _PLACE.findall(line)
        if not places:
            return line
        rendered = {place: self.value(values[place]) for place in places}
        if not any(rendered.values()):
            return None
        return _PLACE.sub(lambda match: rendered[match.group(1)], line)

    def _typed(self, value: Mapping[str, Any]) -> str:
        if "count" in value:
            count = value["count"]
            form = "one" if count == 1 else "other"
            return self.text(f"{value['response']}_{form}", {**value, "count": self._number(count)})
        if "response" in value:
            return self.text(str(value["response"]), value)
        if "money" in value:
            unit = _CURRENCY[self.language].get(
                str(value.get("currency", "")), str(value.get("currency", ""))
            )
            return f"{self._number(value['money'])} {unit}".strip()
        if "date" in value:
            return self._date(str(value["date"]))
        if "official" in value:
            return self._official(str(value["official"]))
        return str(value.get(self.language) or value.get("vi") or value.get("en") or "")

    def _official(self, text: str) -> str:
        known = self._terms.get(" ".join(text.lower().split()))
        return f"{known} ({text})" if known else text

    def _number(self, number: float) -> str:
        whole = f"{number:,.0f}" if float(number).is_integer() else f"{number:,}"
        return whole if self.language == "en" else whole.translate(str.maketrans(",.", ".,"))

    def _date(self, iso: str) -> str:
        moment = datetime.fromisoformat(iso)
        day = f"{moment.day}/{moment.month}/{moment.year}"
        if self.language == "en":
            day = f"{moment.day} {moment:%B} {moment.year}"
        return f"{day}, {moment:%H:%M}" if "T" in iso else day
