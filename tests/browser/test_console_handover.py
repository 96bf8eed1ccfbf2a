"""The desk in a real browser: somebody waits, is taken, answered and given back; notifications."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from chat_page import DESKTOP, PHONE
from playwright.sync_api import BrowserContext, expect
from sqlalchemy import insert, text, update
from test_console import Desk, grave, wide

from channels.photos import read_now
from tests.channels.pictures import located
from tests.fakes.talks import stored_talk
from troly.clock import now
from troly.privacy import Keyring
from troly.tables.channels import MediaRow
from troly.tables.conversations import Conversation
from troly.tables.delivery import Inbox
from troly.tables.desk import CannedAnswer
from troly.tables.handover import Handover

ATTACK = "<img src=x onerror=\"document.title='stolen'\">"


class Counter(Desk):
    """A console with citizens who wait."""

    def wait(self, name: str, words: str, state: str = "waiting", **values: Any) -> int:
        """One more; gives the number of the handover."""
        with self.database.begin() as connection:
            for statement in stored_talk(name, [{"text": words, "turn": {"status": "handed_over"}}]):
                connection.execute(statement)
            handover = "waiting" if state == "waiting" else None
            connection.execute(update(Conversation).where(Conversation.id == name).values(handover=handover))
            identity: int = connection.execute(
                insert(Handover)
                .values(conversation_id=name, state=state, asked_at=now() - timedelta(minutes=4), **values)
                .returning(Handover.id)
            ).scalar_one()
        return identity

    def photo(self, name: str, content: bytes) -> str:
        """The citizen sent this picture; gives the message's id."""
        sha256, message = hashlib.sha256(content).hexdigest(), secrets.token_hex(16)
        folder = self.settings.data_dir / "media"
        folder.mkdir(exist_ok=True)
        (folder / sha256).write_bytes(content)
        with self.database.begin() as connection:
            connection.execute(
                insert(MediaRow).values(
                    sha256=sha256,
                    conversation_id=name,
                    mime="image/jpeg",
                    size=len(content),
                    created_at=now(),
                )
            )
            connection.execute(
                insert(Inbox).values(
                    id=message,
                    channel="web",
                    message_id=message,
                    conversation_id=name,
                    number=2,
                    media={"kind": "image", "stored": sha256, "mime": "image/jpeg", "size": len(content)},
                    received_at=now(),
                    state="held",
                    due_at=now(),
                    attempts=0,
                )
            )
        return message

    def messages(self, name: str) -> list[str]:
        """The ids of what this citizen sent."""
        with self.database.connect() as connection:
            query = text("SELECT id FROM inbox WHERE conversation_id = :name")
            return [row.id for row in connection.execute(query, {"name": name})]

    def said(self, name: str) -> list[str]:
        """What staff told this citizen."""
        with self.database.connect() as connection:
            rows = connection.execute(
                text("SELECT content FROM outbox WHERE conversation_id = :name ORDER BY number"),
                {"name": name},
            )
            return [row.content for row in rows if '"staff"' in row.content]


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    made = Counter(tmp_path_factory.mktemp("counter"))
    keyring = Keyring.from_settings(made.settings)
    with made.database.begin() as connection:
        connection.execute(
            insert(CannedAnswer).values(
                owner="",
                title="Mời ra quầy",
                text_vi="Mời Anh/Chị ra quầy 3, {gio_lam_viec}. Tôi là {ten_can_bo}.",
                text_en="Please come to counter 3.",
                changed_by="test",
                changed_at=now(),
            )
        )
    made.wait(
        "a" * 32,
        "gọi lại giúp tôi, số 0912345678",
        state="message",
        message=keyring.encrypt("gọi lại giúp tôi, số 0912345678"),
        contact=keyring.encrypt("0912345678"),
    )
    yield made
    made.served.stop()
    made.database.dispose()


def test_a_citizen_is_taken_answered_and_given_back(
    context: BrowserContext, counter: Counter, screenshots: Path
) -> None:
    page = counter.signed_in(context, "officer")
    page.goto(f"{counter.url}/handover")
    counter.wait("b" * 32, f"cho gặp người, tôi tên Nguyễn Văn An {ATTACK}")
    expect(page.get_by_text("cho gặp người").first).to_be_visible()  # without a reload
    expect(page).to_have_title(re.compile(r"^\(1\)"))
    assert grave(page) == []
    page.screenshot(path=screenshots / "console-handover-queue.png", full_page=True)
    page.get_by_role("button", name="Nhận", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Trợ Lý im lặng")
    assert "stolen" not in page.title() and grave(page) == []
    page.get_by_label("Chèn câu mẫu").select_option(label="Mời ra quầy · dùng chung")
    expect(page.locator("#text")).to_have_value(re.compile("quầy 3, thứ Hai"))
    page.screenshot(path=screenshots / "console-handover-chat.png", full_page=True)
    page.locator("#text").press("Control+Enter")
    expect(page.locator(".line.staff .bubble")).to_contain_text("Mời Anh/Chị ra quầy 3")
    expect(page.locator("#text")).to_have_value("")
    page.get_by_role("link", name="Gợi ý của Trợ Lý").click()
    expect(page.locator("#suggestion")).to_contain_text("chưa trả lời được")  # no Rasa here
    page.get_by_label("Ghi chú mới").fill("Đã mời ra quầy")
    page.locator("form", has=page.get_by_label("Ghi chú mới")).get_by_role("button").click()
    expect(page.locator(".note")).to_contain_text("Đã mời ra quầy")
    page.get_by_role("button", name="Trả lại cho Trợ Lý").click()
    expect(page.get_by_role("status")).to_contain_text("Người dân đã được báo")
    assert len(counter.said("b" * 32)) == 3
    assert counter.audit()[-4:] == [
        "handover_claimed",
        "handover_replied",
        "note_written",
        "handover_returned",
    ]


def test_notifications_are_asked_for_by_a_button_only(
    context_of: Callable[..., BrowserContext], counter: Counter
) -> None:
    context = context_of(viewport=DESKTOP)
    context.add_init_script(
        "window.told = []; window.asked = 0;"
        "class Fake { constructor(title, options) { window.told.push(options.body); } close() {} }"
        "Fake.permission = 'default';"
        "Fake.requestPermission = async () => { window.asked++; Fake.permission = 'granted'; };"
        "window.Notification = Fake;"
        "Object.defineProperty(document, 'hidden', { get: () => true });"
    )
    page = counter.signed_in(context, "officer")
    page.goto(f"{counter.url}/handover")
    assert page.evaluate("window.asked") == 0
    page.get_by_role("button", name="Bật thông báo").click()
    expect(page.get_by_role("button", name="Thông báo: đang bật")).to_be_visible()
    expect(page.get_by_label("Phát tiếng khi có người chờ")).not_to_be_checked()
    counter.wait("c" * 32, "gặp cán bộ")
    for _ in range(40):
        if page.evaluate("window.told.length"):
            break
        page.wait_for_timeout(200)
    assert page.evaluate("window.told") == ["Có người dân đang chờ gặp cán bộ."]


def test_messages_that_were_left(context: BrowserContext, counter: Counter, screenshots: Path) -> None:
    page = counter.signed_in(context, "officer")
    page.goto(f"{counter.url}/handover/messages")
    expect(page.get_by_text("0912345678")).to_have_count(0)
    page.get_by_role("button", name="Mở xem").click()
    expect(page.locator("main strong", has_text="0912345678")).to_be_visible()
    assert grave(page) == []
    page.screenshot(path=screenshots / "console-handover-message.png", full_page=True)


def test_a_photo_is_opened_over_the_page_and_gone_when_it_is_closed(
    context_of: Callable[..., BrowserContext], counter: Counter, screenshots: Path
) -> None:
    name = "e" * 32
    number = counter.wait(name, "ảnh giấy tờ của tôi đây")
    message = counter.photo(name, read_now(located()).content)
    page = counter.signed_in(context_of(viewport=DESKTOP), "officer")
    page.goto(f"{counter.url}/handover/{number}")
    expect(page.get_by_role("button", name="Xem ảnh")).to_have_count(0)
    page.get_by_role("button", name="Nhận", exact=True).click()
    page.get_by_role("button", name="Xem ảnh").click()
    shown = page.locator("#opened img")
    expect(shown).to_be_visible()
    assert page.evaluate("document.querySelector('#opened img').naturalWidth") == 480
    assert grave(page) == [] and not wide(page)
    page.screenshot(path=screenshots / "console-handover-photo.png")
    page.keyboard.press("Escape")
    expect(page.locator("#opened")).to_be_hidden()
    expect(shown).to_have_count(0)
    assert counter.audit()[-1] == "handover_file_opened"
    page.get_by_role("button", name="Kết thúc").click()
    # A stranger to it, and a phone.
    other = counter.signed_in(context_of(viewport=PHONE), "officer")
    other.goto(f"{counter.url}/handover/{number}")
    expect(other.get_by_role("button", name="Xem ảnh")).to_have_count(0)
    assert message in counter.messages(name)


def test_without_scripts_a_photo_opens_in_a_tab(
    context_of: Callable[..., BrowserContext], counter: Counter
) -> None:
    name = "9" * 32
    number = counter.wait(name, "xem giúp tôi ảnh này")
    counter.photo(name, read_now(located()).content)
    page = counter.signed_in(context_of(java_script_enabled=False), "officer")
    page.goto(f"{counter.url}/handover/{number}")
    page.get_by_role("button", name="Nhận", exact=True).click()
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Xem ảnh").click()
    opened.value.wait_for_load_state()
    expect(opened.value.locator("img")).to_be_visible()


PAGES = ("/handover", "/handover/messages", "/handover/canned", "/handover/2")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1366", "390"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_legible_and_accessible(
    context_of: Callable[..., BrowserContext],
    counter: Counter,
    screenshots: Path,
    size: dict[str, int],
    scheme: str,
) -> None:
    counter.wait(f"{size['width']}{scheme}".ljust(32, "0"), "xin gặp cán bộ tư pháp")
    page = counter.signed_in(context_of(viewport=size, color_scheme=scheme), "admin")
    for path in PAGES:
        page.goto(counter.url + path)
        name = path.strip("/").replace("/", "-")
        page.screenshot(path=screenshots / f"console-{name}-{size['width']}-{scheme}.png", full_page=True)
        assert grave(page) == [], path
        assert not wide(page), path


def test_the_desk_works_without_scripts(context_of: Callable[..., BrowserContext], counter: Counter) -> None:
    number = counter.wait("d" * 32, "cần gặp người")
    page = counter.signed_in(context_of(java_script_enabled=False), "officer")
    page.goto(f"{counter.url}/handover/{number}")
    page.get_by_role("button", name="Nhận", exact=True).click()
    page.get_by_role("link", name="Mời ra quầy").click()
    page.get_by_role("button", name="Gửi", exact=True).click()
    expect(page.locator(".line.staff .bubble")).to_contain_text("Mời Anh/Chị ra quầy 3")
    page.get_by_role("button", name="Kết thúc").click()
    expect(page.get_by_role("status")).to_contain_text("Đã kết thúc")
