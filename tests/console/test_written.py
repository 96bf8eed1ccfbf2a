"""`troly erase`: a citizen's letter is answered, and only with what is theirs."""

from __future__ import annotations

import json
import re
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import insert, select, update

from console.commands import audit
from console.written.commands import erase
from troly.clock import now
from troly.database import engine
from troly.errors import UsageError
from troly.migrate import upgrade
from troly.privacy import Keyring
from troly.settings import settings
from troly.tables.audit import AuditLine
from troly.tables.channels import AddressRow, MediaRow
from troly.tables.conversations import Conversation
from troly.tables.counts import DailyCount
from troly.tables.delivery import Inbox, Outbox
from troly.tables.handover import Handover
from troly.tables.notices import Subscription
from troly.tables.reports import Report
from troly.tables.tracker import TrackerEvent, TrackerSnapshot
from troly.tables.verification import VerificationAttempt

CHAT, PHONE, CODE, SAID = "4711", "0912345678", "H49.33-250421-0001", "nhà bà Bí Mật bị lấn"
PICTURE = "ab" * 32
Run = Callable[..., Result]


class Office:
    """A database with citizens, and the commands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keyring = Keyring.from_settings(settings())
        self._made = engine(settings().database)
        for name, channel in (("lan", "telegram"), ("minh", "web"), ("other", "web")):
            self.put(
                insert(Conversation).values(
                    id=name, channel=channel, created_at=now(), active_at=now(), last_message=1, last_event=1
                )
            )
            row = {"conversation_id": name, "number": 1}
            self.put(
                insert(Inbox).values(
                    id=f"in-{name}", channel=channel, message_id=name, text=f"{name}: {SAID}",
                    received_at=now(), state="done", due_at=now(), **row,
                )
            )  # fmt: skip
            self.put(insert(Outbox).values(kind="reply", content={"text": "đáp"}, created_at=now(), **row))
            self.put(
                insert(TrackerEvent).values(sender_id=name, type="user", timestamp=1.0, data={"text": SAID})
            )
        self.put(
            insert(AddressRow).values(
                conversation_id="lan",
                lookup=self.keyring.hash("telegram", CHAT),
                external_id=self.keyring.encrypt(CHAT),
                display_name=self.keyring.encrypt("Chị Lan"),
            )
        )

    def put(self, statement: Any) -> None:
        with self._made.begin() as connection:
            connection.execute(statement)

    def all(self, statement: Any) -> list[Any]:
        with self._made.connect() as connection:
            return [tuple(row) for row in connection.execute(statement)]

    def names(self) -> set[str]:
        return {name for (name,) in self.all(select(Conversation.id))}

    def run(self, *words: str, said: str | None = None) -> Result:
        return CliRunner().invoke(erase, words, input=said)

    def dump(self) -> str:
        with sqlite3.connect(self.folder / "troly.db") as connection:
            return "\n".join(connection.iterdump())


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()
    upgrade(settings().database)
    yield Office(tmp_path)
    settings.cache_clear()


def found(result: Result) -> set[str]:
    assert result.exit_code == 0, (result.output, result.exception)
    return set(re.findall(r"^(\w+)  \w+, \d", result.output, re.M))


def test_a_platforms_user_is_found_and_counted_and_nothing_changes(office: Office) -> None:
    result = office.run("--channel", "telegram", "--user", CHAT)
    assert found(result) == {"lan"}
    assert "inbox 1, outbox 1, address 1" in result.output and "tracker_event 1" in result.output
    assert SAID not in result.output and CHAT not in result.output and "Chị Lan" not in result.output
    assert found(office.run("--channel", "zalo_oa", "--user", CHAT)) == set()
    assert found(office.run("--channel", "telegram", "--user", "-", said=f"{CHAT}\n")) == {"lan"}
    assert office.names() == {"lan", "minh", "other"} and office.all(select(AuditLine.action)) == []


@pytest.mark.parametrize("how", ["followed", "remembered", "looked up"])
def test_who_asked_about_an_application_is_found(office: Office, how: str) -> None:
    office.put(
        {
            "followed": insert(Subscription).values(
                id="s", conversation_id="minh", code=CODE, created_at=now()
            ),
            "remembered": insert(TrackerSnapshot).values(
                sender_id="minh", slots={"recent_applications": [{"code": CODE}]}, last_event_id=1
            ),
            "looked up": insert(VerificationAttempt).values(
                conversation=office.keyring.hash("conversation", "minh"),
                code=office.keyring.hash("application", CODE),
                outcome="lookup",
                at=now(),
            ),
        }[how]
    )
    result = office.run("--application", CODE.lower())
    assert found(result) == {"minh"} and "found by application" in result.output


@pytest.mark.parametrize("given", [PHONE, "+84 912 345 678", "0912.345.678"])
def test_a_number_that_was_left_is_found_however_it_is_written(office: Office, given: str) -> None:
    contact = {"asked_at": now(), "contact": office.keyring.encrypt(PHONE)}
    office.put(insert(Handover).values(conversation_id="lan", state="message", **contact))
    report = {
        "category": "x",
        "content": SAID,
        "photos": [],
        "state": "sent",
        "kind": "report",
        "due_at": now(),
    }
    office.put(
        insert(Report).values(
            id="r", receipt="TL-1", conversation_id="minh", created_at=now(),
            contact=office.keyring.encrypt("+84912345678"), **report,
        )
    )  # fmt: skip
    assert found(office.run("--phone", given)) == {"lan", "minh"}
    assert found(office.run("--phone", "0912345679")) == set()


def test_a_number_in_a_message_that_is_not_masked_yet_is_found(office: Office) -> None:
    office.put(update(Inbox).where(Inbox.id == "in-minh").values(text="gọi 0912 345 678", identifying=True))
    assert found(office.run("--phone", PHONE)) == {"minh"}


def test_erasing_leaves_nothing_but_a_line_of_the_audit_and_a_count(office: Office) -> None:
    (office.folder / "media").mkdir()
    (office.folder / "media" / PICTURE).write_bytes(b"picture")
    media = {"conversation_id": "lan", "mime": "image/jpeg", "size": 7, "created_at": now()}
    office.put(insert(MediaRow).values(sha256=PICTURE, **media))
    refused = office.run(
        "--channel", "telegram", "--user", CHAT, "--erase", "--reference", "12/YC", said="n\n"
    )
    assert refused.exit_code == 1 and office.names() == {"lan", "minh", "other"}
    receipt = office.folder / "receipt.txt"
    result = office.run(
        "--channel", "telegram", "--user", CHAT, "--erase", "--yes", "--reference", "12/YC-2026",
        "--receipt", str(receipt), "--language", "vi",
    )  # fmt: skip
    assert result.exit_code == 0, (result.output, result.exception)
    assert office.names() == {"minh", "other"} and not (office.folder / "media" / PICTURE).exists()
    dump = office.dump()
    assert "lan: " not in dump and office.keyring.hash("telegram", CHAT) not in dump
    said = receipt.read_text(encoding="utf-8")
    assert "BIÊN NHẬN" in said and "Số: 1. Theo văn bản: 12/YC-2026" in said and said.strip() in result.output
    assert "1 cuộc trò chuyện: 1 tin nhắn, 1 câu trả lời, 1 tệp" in said and SAID not in said
    ((action, target, after),) = office.all(select(AuditLine.action, AuditLine.target, AuditLine.after))
    assert (action, target) == ("written_erasure", "request:erasure")
    assert after["reference"] == "12/YC-2026" and after["erased"]["inbox"] == 1
    assert CliRunner().invoke(audit, ["verify"]).exit_code == 0
    assert ("erased", "request") in office.all(select(DailyCount.kind, DailyCount.name))


def test_all_that_is_kept_is_given_out_readable_and_written_down(office: Office) -> None:
    office.put(
        insert(Handover).values(
            conversation_id="lan", state="message", asked_at=now(), message=office.keyring.encrypt("gọi"),
            contact=office.keyring.encrypt(PHONE),
        )
    )  # fmt: skip
    target = office.folder / "lan.zip"
    words = ("--conversation", "lan", "--export", str(target), "--reference", "7")
    result = office.run(*words)
    assert result.exit_code == 0, (result.output, result.exception)
    assert target.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(target) as archive:
        data = json.loads(archive.read("data.json"))["lan"]
    assert data["address"][0]["external_id"] == CHAT and data["address"][0]["display_name"] == "Chị Lan"
    assert data["inbox"][0]["text"] == f"lan: {SAID}" and data["outbox"][0]["content"]["text"] == "đáp"
    assert data["handover"][0]["contact"] == PHONE and data["handover"][0]["message"] == "gọi"
    assert data["tracker_event"][0]["data"]["text"] == SAID and "minh" not in json.dumps(data)
    assert office.all(select(AuditLine.action)) == [("written_access",)] and office.names() == {
        "lan",
        "minh",
        "other",
    }
    again = office.run(*words)
    assert isinstance(again.exception, UsageError) and "exists" in str(again.exception)
    assert len(office.all(select(AuditLine.action))) == 1


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ((), "name the citizen"),
        (("--user", CHAT), "belong together"),
        (("--channel", "telegram"), "belong together"),
        (("--application", "abc"), "write it as"),
        (("--phone", "09"), "too short"),
        (("--conversation", "nobody"), "no such conversation"),
        (("--application", CODE, "--erase", "--reference", "1"), "name them with --conversation"),
        (("--phone", PHONE, "--export", "x.zip", "--reference", "1"), "name them with --conversation"),
        (("--conversation", "lan", "--erase"), "--reference"),
        (("--conversation", "lan", "--erase", "--reference", "Nguyễn Thị Lan, ở số 5"), "--reference"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(office: Office, words: tuple[str, ...], reason: str) -> None:
    refused = office.run(*words)
    assert isinstance(refused.exception, UsageError), (refused.output, refused.exception)
    assert reason in str(refused.exception) and "\n" not in str(refused.exception)
    assert office.names() == {"lan", "minh", "other"}
