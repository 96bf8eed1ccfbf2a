"""What citizens send to an official: shown to the one who has the conversation, cleaned, audited, erased."""

from __future__ import annotations

import json
import sqlite3
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import text

from tests.channels.pictures import located, with_code
from tests.channels.scripted import Citizen, settled
from tests.channels.test_pdf_reading import pdf
from tests.channels.test_sharing import CARD, CODE, files, upload
from tests.console.conftest import Office
from tests.console.handover.conftest import ASK
from tests.console.handover.test_desk import actions, asked

HTML = b"<html><script>alert(1)</script>"


async def shared(visitor: Any, content: bytes) -> str:
    """Send a photo through the website; gives its name."""
    uploaded = (await upload(visitor, content)).json()
    await visitor.send(payload=uploaded["payload"])
    return str(uploaded["media_id"])


async def message_of(counter: Any, conversation_id: str) -> str:
    """The id of the citizen's last message."""
    (row,) = await counter.rows(
        text(f"SELECT id FROM inbox WHERE conversation_id = '{conversation_id}' ORDER BY number DESC LIMIT 1")
    )
    return str(row[0])


async def opened(counter: Any, client: Any, handover: int, message: str) -> Any:
    return await counter.post(client, f"/handover/{handover}/files/{message}")


async def held_photo(stack: Any, counter: Any, officer: Any, content: bytes) -> tuple[Any, int, str]:
    """A visitor whose conversation this officer holds, who sent this."""
    visitor, number = await asked(stack)
    await counter.post(officer, f"/handover/{number}/claim")
    await shared(visitor, content)
    await settled(stack.gateway)
    return visitor, number, await message_of(counter, visitor.id)


async def test_the_holder_sees_a_photo_without_metadata_and_that_is_audited(stack: Any, counter: Any) -> None:
    lan = await counter.staff("officer", name="lan")
    _, number, message = await held_photo(stack, counter, lan, located())
    page = (await lan.get(f"/console/handover/{number}")).text
    assert f"/console/handover/{number}/files/{message}" in page and "Xem ảnh" in page
    shown = await opened(counter, lan, number, message)
    assert shown.status_code == 200 and shown.headers["content-type"] == "image/jpeg"
    assert b"Secret Phone" not in shown.content
    with Image.open(BytesIO(shown.content)) as image:
        assert image.format == "JPEG" and not image.getexif()
    headers = shown.headers
    assert headers["cache-control"] == "no-store" and headers["x-content-type-options"] == "nosniff"
    assert headers["content-disposition"] == 'inline; filename="tep.jpg"'
    assert "default-src 'none'; sandbox" in headers.get_list("content-security-policy")
    (line,) = await counter.rows(
        text("SELECT actor, target, after FROM audit_line WHERE action = 'handover_file_opened'")
    )
    assert (line[0], line[1]) == ("lan", f"handover:{number}")
    assert json.loads(line[2]) == {"message": message, "kind": "image", "bytes": len(shown.content)}


async def test_nobody_else_and_nobody_before_the_claim_sees_it(stack: Any, counter: Any) -> None:
    visitor, number = await asked(stack)
    name = await shared(visitor, located())
    await settled(stack.gateway)
    message = await message_of(counter, visitor.id)
    lan, mai = await counter.staff("officer", name="lan"), await counter.staff("officer", name="mai")
    admin, editor = await counter.staff("admin", name="quan"), await counter.staff("editor", name="bien")
    assert (await opened(counter, lan, number, message)).status_code == 404
    assert "/files/" not in (await lan.get(f"/console/handover/{number}")).text
    await counter.post(lan, f"/handover/{number}/claim")
    assert (await opened(counter, lan, number, message)).status_code == 200
    assert (await opened(counter, mai, number, message)).status_code == 404
    assert "/files/" not in (await mai.get(f"/console/handover/{number}")).text
    assert (await opened(counter, admin, number, message)).status_code == 404
    assert (await opened(counter, editor, number, message)).status_code == 403
    # The address is no secret: without a session, without the form's token, with GET, by the file's name.
    address = f"/console/handover/{number}/files/{message}"
    assert (await stack.http.post(address)).status_code in (303, 401, 403)
    assert (await lan.post(address)).status_code == 403
    assert (await lan.get(address)).status_code == 405
    assert (await opened(counter, lan, number, name)).status_code == 404
    # Passed on: from now on it is the colleague's.
    await counter.post(lan, f"/handover/{number}/transfer", {"target": "to:mai"})
    assert (await opened(counter, lan, number, message)).status_code == 404
    assert (await opened(counter, mai, number, message)).status_code == 200
    assert (await actions(counter)).count("handover_file_opened") == 2


async def test_another_conversations_file_cannot_be_reached_through_ones_own(
    stack: Any, counter: Any
) -> None:
    lan, mai = await counter.staff("officer", name="lan"), await counter.staff("officer", name="mai")
    _, mine, own = await held_photo(stack, counter, lan, located())
    _, theirs, message = await held_photo(stack, counter, mai, with_code("just a text"))
    assert (await opened(counter, lan, mine, message)).status_code == 404
    assert (await opened(counter, lan, theirs, message)).status_code == 404
    assert (await opened(counter, lan, mine, "../" + own[3:])).status_code == 404
    # A citizen who names somebody else's file in a button's words is not given it through the desk.
    visitor, number = await asked(stack)
    await counter.post(lan, f"/handover/{number}/claim")
    (name,) = await counter.rows(text(f"SELECT payload FROM inbox WHERE id = '{own}'"))
    await visitor.send(payload=name[0])
    await settled(stack.gateway)
    refused = await opened(counter, lan, number, await message_of(counter, visitor.id))
    assert refused.status_code == 409 and refused.headers["content-type"].startswith("text/html")


async def test_after_the_end_what_came_before_stays_and_what_comes_later_is_not_theirs(
    stack: Any, counter: Any
) -> None:
    lan = await counter.staff("officer", name="lan")
    visitor, number, message = await held_photo(stack, counter, lan, located())
    await counter.post(lan, f"/handover/{number}/close", {"seen": "99"})
    assert (await opened(counter, lan, number, message)).status_code == 200
    await shared(visitor, with_code("later"))
    await settled(stack.gateway)
    later = await message_of(counter, visitor.id)
    assert (await opened(counter, lan, number, later)).status_code == 404
    page = (await lan.get(f"/console/handover/{number}")).text
    assert message in page and f"/files/{later}" not in page


async def test_an_erased_or_expired_photo_is_gone(stack: Any, counter: Any, tmp_path: Path) -> None:
    lan = await counter.staff("officer", name="lan")
    visitor, number, message = await held_photo(stack, counter, lan, located())
    async with stack.gateway.store.write() as connection:
        await connection.execute(text("DELETE FROM media"))
    assert (await opened(counter, lan, number, message)).status_code == 409
    await visitor.http.delete("/api/v1/conversation", headers=visitor.headers)
    assert (await opened(counter, lan, number, message)).status_code == 404
    await stack.gateway.media.sweep()
    assert (await counter.rows(text("SELECT count(*) FROM media")))[0][0] == 0


async def test_a_changed_file_on_the_disk_is_not_passed_on(stack: Any, counter: Any, tmp_path: Path) -> None:
    lan = await counter.staff("officer", name="lan")
    _, number, message = await held_photo(stack, counter, lan, located())
    (kept,) = files(tmp_path)
    kept.write_bytes(HTML)
    refused = await opened(counter, lan, number, message)
    assert refused.status_code == 409 and b"alert(1)" not in refused.content


# Messaging channels


class Desk:
    """A citizen on a messaging channel whose conversation an officer holds."""

    def __init__(self, stack: Any) -> None:
        self.office = Office(stack.gateway.settings, stack.gateway.store, stack.app)
        self.citizen = Citizen(stack)
        self.stack = stack

    async def begin(self) -> None:
        await self.citizen.write(ASK)
        await self.citizen.until(1)
        (one,) = await self.stack.gateway.desk.asked()
        self.number = one.id
        self.lan = await self.office.staff("officer", name="lan")
        await self.office.post(self.lan, f"/handover/{self.number}/claim")

    async def send(self, content: bytes, kind: str, **media: Any) -> tuple[Any, str]:
        """What the officer gets for it, and the page."""
        self.citizen.channel.content = content
        await self.citizen.write(None, media={"kind": kind, **media})
        await settled(self.stack.gateway, 30)  # a PDF is read in a process of its own
        page = (await self.lan.get(f"/console/handover/{self.number}")).text
        message = await message_of(self.office, self.citizen.id)
        return await opened(self.office, self.lan, self.number, message), page


@pytest.fixture
async def held(push: None, start: Any, rasa: Any) -> Any:
    async with start(rasa_url=rasa.url) as stack:
        made = Desk(stack)
        await made.begin()
        yield made
        for client in made.office.clients:
            await client.aclose()


async def test_photos_of_a_messaging_channel_are_shown(held: Desk) -> None:
    shown, page = await held.send(located(), "image")
    assert shown.status_code == 200 and b"Secret Phone" not in shown.content
    assert "Xem ảnh" in page


async def test_a_recording_can_be_heard_and_is_never_a_page(held: Desk) -> None:
    shown, page = await held.send(b"OggS" + b"\x00" * 400 + HTML, "voice")
    assert (shown.status_code, shown.headers["content-type"]) == (200, "audio/ogg")
    assert shown.headers["content-disposition"].startswith("attachment")
    assert "Nghe" in page


async def test_a_pdf_is_shown_as_a_picture_of_its_pages_and_itself_not_kept(
    held: Desk, tmp_path: Path
) -> None:
    shown, page = await held.send(pdf("Don de nghi", pages_before=5), "file", name="don.pdf")
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    with Image.open(BytesIO(shown.content)) as image:
        assert image.height > 4 * image.width  # four pages below each other
    assert "Xem các trang" in page and "(6)" in page
    assert not any(b"%PDF" in file.read_bytes() for file in files(tmp_path))


@pytest.mark.parametrize(
    ("content", "kind", "said"),
    [
        (HTML, "file", "mời người dân gửi ảnh hoặc tệp PDF"),
        (b"PK\x03\x04 macro.docm", "file", "mời người dân gửi ảnh hoặc tệp PDF"),
        (b"MZ\x90\x00", "image", "Không tải được"),
        (b"%PDF-1.7 broken", "file", "mời người dân gửi ảnh hoặc tệp PDF"),
        (b"\xff\xd8\xff broken", "image", "Không tải được"),
        (b"<svg onload=alert(1)>", "image", "Không tải được"),
        (with_code(CARD), "image", "không giữ ảnh căn cước"),
        (pdf(code=CARD), "file", "không giữ ảnh căn cước"),
        (with_code(CODE), "image", CODE),
    ],
    ids=["html", "office", "program", "broken pdf", "broken photo", "svg", "card", "card in pdf", "code"],
)
async def test_what_is_unsafe_or_not_kept_is_named_and_leaves_no_file(
    held: Desk, tmp_path: Path, content: bytes, kind: str, said: str
) -> None:
    shown, page = await held.send(content, kind, name="<script>alert(1)</script>.exe")
    assert shown.status_code == 409 and said in page
    assert "/files/" not in page and "alert(1)" not in page
    assert files(tmp_path) == []
    with sqlite3.connect(tmp_path / "test.db") as connection:
        assert "001099012345" not in str(connection.execute("SELECT media FROM inbox").fetchall())


async def test_the_citizens_transcript_names_what_was_sent(held: Desk) -> None:
    await held.send(located(), "image", caption="giấy của tôi")
    await held.send(b"OggS" + b"\x00" * 100, "voice")
    from channels import conversations, transcripts

    transcript = await conversations.read(held.stack.gateway.store, held.citizen.id)
    assert transcript is not None
    written = transcripts.as_text(transcript)
    assert "(ảnh)" in written and "(ghi âm)" in written


async def test_a_pdf_from_the_website_is_taken_once_an_official_is_asked_for(
    stack: Any, counter: Any, tmp_path: Path
) -> None:
    visitor = await stack.visitor()
    assert (await upload(visitor, pdf("Bien nhan"))).status_code == 422
    _, number = await asked(stack, visitor)
    lan = await counter.staff("officer", name="lan")
    await counter.post(lan, f"/handover/{number}/claim")
    await shared(visitor, pdf("Bien nhan"))
    await settled(stack.gateway)
    shown = await opened(counter, lan, number, await message_of(counter, visitor.id))
    assert shown.headers["content-type"] == "image/jpeg"
    refused = await upload(visitor, pdf(code=CARD))
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "personal_card")
