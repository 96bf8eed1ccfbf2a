"""Facts of the portal's record as typed values, which the response files write in each language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from portal.models import Case, Document, Duration, Fee, Method, Procedure
from troly.text import fold

NOTE_LENGTH = 320
PAGE_LENGTH = 1100
NAME_LENGTH = 150

_ENUMERATOR = re.compile(r"^[-+*• ]*(\(?\d+(\.\d+)*[.)]+(?!\d)|\(?[a-zđ]\))\s*")
_CODE_AT_END = re.compile(r"\s*\(\s*\d\.\d{6}\s*\)\s*$")
_SECTION = re.compile(
    r"^\W*((cac )?giay to|thanh phan|bao gom|ho so (bao )?gom|luu y|ghi chu|ban khai|ban chinh|ban sao|phieu|"
    r"van ban|to khai|don|xuat trinh|ho so (phai )?(nop|xuat trinh))\b"
)
_ADDITION = re.compile(r"\b(uy quyen|luu y|xuat trinh|phai nop|dien tu|trich xuat|buu chinh)\b")


def duration(time: Duration) -> Any:
    """A time limit: a number with its unit, or the portal's own words."""
    if time.value is None or time.unit == "OTHER":
        return {"official": time.text} if time.text else ""
    return {"response": f"unit_{time.unit.lower()}", "count": time.value}


def channel(method: Method) -> Any:
    """How one submits: in person, online, by post."""
    return {"response": f"channel_{method.channel.lower()}"}


def times(procedure: Procedure) -> list[Any]:
    """The time limits: one where all ways agree, else a line for each way. Empty when none is stated."""
    by_channel = [(method, duration(method.time)) for method in procedure.methods if method.time]
    stated = [(method, time) for method, time in by_channel if time]
    if not stated:
        return _unique(duration(case.time) for case in procedure.cases if case.time)
    distinct = _unique(time for _, time in stated)
    if len(distinct) == 1:
        return distinct
    lines = [{"response": "label_channel_line", "channel": channel(m), "value": time} for m, time in stated]
    return _unique(lines)


def fee(one: Fee) -> Any:
    """One charge: the amount and the portal's note; only the note where no number is stated."""
    note = shorten(one.note, NOTE_LENGTH).lstrip("-+*•. ")
    if one.amount is None:
        return note
    if one.amount == 0:
        amount: Any = {"response": "label_free"}
    elif one.currency:
        amount = {"money": one.amount, "currency": one.currency}
    else:
        amount = {"response": "label_money_without_unit", "amount": {"money": one.amount}}
    if not note:
        return amount
    joined = "label_amount_per_unit" if note.startswith("/") else "label_amount_with_note"
    return {"response": joined, "amount": amount, "note": note}


def fees(procedure: Procedure) -> list[Any]:
    """A line for each distinct charge, with the ways of submitting that it holds for."""
    ways: list[tuple[Any, list[Any]]] = []
    for method in procedure.methods:
        for one in method.fees:
            value = fee(one)
            if not value:
                continue
            known = next((channels for same, channels in ways if same == value), None)
            if known is None:
                ways.append((value, [channel(method)]))
            elif channel(method) not in known:
                known.append(channel(method))
    everywhere = len({method.channel for method in procedure.methods})
    return [
        {"response": "label_fee_line", "value": value}
        if len(channels) == everywhere
        else {
            "response": "label_fee_line_by_channel",
            "channels": joined(channels, "label_and"),
            "value": value,
        }
        for value, channels in ways
    ]


def brief_fee(procedure: Procedure) -> Any:
    """The charge in one phrase; "" when none is stated, and a hint to the details when it depends."""
    all_fees = [one for method in procedure.methods for one in method.fees]
    if not any(fee(one) for one in all_fees):
        return ""
    amounts = {(one.amount, one.currency) for one in all_fees}
    if len(amounts) == 1 and all_fees[0].amount is not None and not any(one.note for one in all_fees):
        return fee(all_fees[0])
    return {"response": "label_fee_varies"}


def places(procedure: Procedure) -> list[Any]:
    """The agencies that handle it; the level of government where the record names none."""
    if procedure.agencies:
        return [{"official": name} for name in procedure.agencies[:6]]
    return [{"response": f"label_level_{level}"} for level in procedure.levels]


def says_something(one: Document) -> bool:
    """Whether it has a name; a line of a number alone would only make citizens wonder."""
    return any(sign.isalnum() for sign in one.name)


def is_paper(one: Document) -> bool:
    """Whether this is a paper to hand in or show; portals also file remarks among the documents."""
    return bool(one.originals or one.copies or one.forms)


def document(number: int, one: Document) -> Any:
    """A line of the dossier: a numbered paper with its originals and copies, or (number 0) a remark."""
    name = shorten(one.name, NOTE_LENGTH).lstrip("-+*• ")
    if number == 0:
        return {"response": "label_item", "value": name}
    return {"response": "label_document", "number": number, "name": name, "copies": _copies(one)}


def _copies(one: Document) -> Any:
    if one.originals and one.copies:
        return {"response": "label_originals_and_copies", "originals": one.originals, "copies": one.copies}
    if one.originals:
        return {"response": "label_originals", "count": one.originals}
    return {"response": "label_copies", "count": one.copies} if one.copies else ""


def section_title(name: str) -> str:
    """The name of a case as a heading: without bullets and the colon."""
    return _ENUMERATOR.sub("", shorten(name, 160)).strip("-+*•: ")


def is_alternative(case: Case) -> bool:
    """Whether the case is one of several that exclude each other.

    Portals also file sections of one dossier as cases ("* Giấy tờ phải nộp:", "* Lưu ý:"), and additions
    that hold for all of them (authorisation, filing online): those are no choice for the citizen.
    """
    name = fold(case.name)
    return bool(name) and not _SECTION.search(name) and not _ADDITION.search(name)


def case_title(case: Case, number: int) -> Any:
    """The title of a case; its number where the portal gave it no name."""
    return section_title(case.name) or {"response": "label_case", "number": number}


def pages(text: str, length: int = PAGE_LENGTH) -> list[str]:
    """A long text in parts of about `length` characters, cut between paragraphs, else between sentences."""
    parts = [part.strip() for part in text.replace("\r", "").split("\n") if part.strip()]
    pieces = [piece for part in parts for piece in _sentences(part, length)]
    made: list[str] = []
    for piece in pieces:
        if made and len(made[-1]) + len(piece) < length:
            made[-1] += "\n" + piece
        else:
            made.append(piece)
    return made


def _sentences(paragraph: str, length: int) -> list[str]:
    if len(paragraph) <= length:
        return [paragraph]
    made = [""]
    for sentence in paragraph.replace("; ", ";\u0000").replace(". ", ".\u0000").split("\u0000"):
        if made[-1] and len(made[-1]) + len(sentence) >= length:
            made.append(sentence)
        else:
            made[-1] = f"{made[-1]} {sentence}".strip()
    return made


def shorten(text: str, length: int) -> str:
    """The text on one line, cut at a word with "…" when longer than `length`."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[:length].rsplit(" ", 1)[0].rstrip(",;:") + "…"


def plain_name(name: str) -> str:
    """A procedure's official name without the word "Thủ tục" before it and a code in brackets after it, cut
    where it fills half a screen."""
    name = shorten(_CODE_AT_END.sub("", name), NAME_LENGTH)
    name = name.removeprefix("Thủ tục ").removeprefix("thủ tục ")
    return name[:1].upper() + name[1:]


def joined(values: Sequence[Any], response: Literal["label_and", "label_list"]) -> Any:
    """At least one value as one value, joined two by two as `response` says."""
    if len(values) == 1:
        return values[0]
    return {"response": response, "first": joined(values[:-1], response), "last": values[-1]}


def _unique(values: Iterable[Any]) -> list[Any]:
    made: list[Any] = []
    for value in values:
        if value and value not in made:
            made.append(value)
    return made
