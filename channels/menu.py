"""The short menu, in one place: what citizens may ask for by a command, on every platform alike."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """A command, its Vietnamese name without marks, and what it asks of the assistant."""

    name: str
    vietnamese: str
    payload: str


ENTRIES = (
    Entry("start", "batdau", "/greet"),
    Entry("procedure", "thutuc", "/ask_procedure"),
    Entry("status", "hoso", "/check_application_status"),
    Entry("office", "noinop", "/find_office"),
    Entry("guide", "huongdan", "/ask_digital_help"),
    Entry("life", "sukien", "/life_event"),
    Entry("report", "phananh", "/report_issue"),
    Entry("staff", "canbo", "/talk_to_human"),
    Entry("lang", "ngonngu", "/change_language"),
    Entry("help", "trogiup", "/ask_capabilities"),
    Entry("data", "dulieu", "/delete_my_data"),
)
"""In the order of the greeting's buttons (bot/responses); erasing is not among them: it is asked about."""

PAYLOADS = {word: entry.payload for entry in ENTRIES for word in (entry.name, entry.vietnamese)}
"""Every word of a command -> its payload."""

ERASE = ("delete", "xoa")
STATUS = ("status", "hoso")
LANGUAGE = ("lang", "ngonngu")
