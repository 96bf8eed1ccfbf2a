"""The staff console in a real browser: signing in, reading, revealing, taking out, in both sizes."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import pyotp
import pytest
from chat_page import DESKTOP, PHONE
from playwright.sync_api import BrowserContext, Page, expect
from serving import Served
from sqlalchemy import insert, text
from starlette.responses import Response

from console.access import passwords
from console.access.sessions import COOKIE, give, hash_of
from console.server import create_app
from tests.fakes.talks import stored_talk
from troly.clock import now
from troly.database import engine
from troly.settings import Settings
from troly.tables import Base
from troly.tables.staff import StaffGrant, StaffSession, StaffUser

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
PASSWORD = "một câu ngắn dễ nhớ"
ATTACK = "<img src=x onerror=\"document.title='stolen'\"> <script>document.title='stolen'</script>"
PARSED = {
    "intent": {"name": "ask_fee", "confidence": 0.81},
    "intent_ranking": [{"name": "ask_fee", "confidence": 0.81}, {"name": "ask_place", "confidence": 0.11}],
    "entities": [{"entity": "phone", "value": "0912345678"}],
    "procedures": [
        {"code": "1.001193", "name": "Thủ tục đăng ký khai sinh", "score": 0.913},
        {"code": "1.000689", "name": "Thủ tục đăng ký khai sinh kết hợp nhận cha, mẹ, con", "score": 0.544},
    ],
    "procedure_decision": "answer",
    "text_normalized": "lệ phí khai sinh bao nhiêu",
    "language": "vi",
    "ms": 3.4,
    "ms_parts": {"normalizer": 0.1, "intent": 1.2, "procedures": 2.1},
}
SOURCES = [{"title": "Cổng Dịch vụ công quốc gia", "url": "https://dichvucong.gov.vn", "as_of": "2026-11-22"}]


class Desk:
    """A console with conversations, and its staff."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.settings = Settings(_env_file=None, data_dir=folder, **settings)
        self.database = engine(self.settings.database)
        Base.metadata.create_all(self.database)
        self._fill()
        app = create_app(self.settings)

        @app.get("/given/{value}")
        async def given(value: str) -> Response:
            """Such a cookie can only be set by the server itself."""
            response = Response()
            give(response, COOKIE, value)
            return response

        self.served = Served(app, lifespan="on")
        self.url = f"{self.served.url}/console"

    def _fill(self) -> None:
        talk = [
            {
                "text": "tôi tên là Nguyễn Văn An, số 0912345678, lệ phí khai sinh bao nhiêu",
                "reply": "Đăng ký khai sinh (mã 1.001193)\n\nLệ phí: đăng ký đúng hạn được miễn phí.",
                "content": {
                    "buttons": [{"title": "Giấy tờ cần nộp", "payload": "/ask_documents"}],
                    "answer": {"status": "answered", "aspect": "fee", "sources": SOURCES},
                },
                "turn": {"procedure_code": "1.001193", "aspect": "fee", "confidence": 0.81},
                "parsed": PARSED,
            },
            {"payload": "/ask_documents", "turn": {"intent": "ask_documents", "confidence": None}},
            {
                "text": ATTACK,
                "reply": ATTACK,
                "turn": {"status": "not_found", "confidence": 0.31, "rating": -1},
            },
        ]
        with self.database.begin() as connection:
            for number in range(30):
                words = ("mất căn cước làm lại ở đâu", "đổi bằng lái xe cần gì", "how much is a passport")[
                    number % 3
                ]
                status = ("answered", "clarify", "handed_over")[number % 3]
                turn = {"text": words, "turn": {"status": status, "confidence": 0.4 + number / 60}}
                channel = ("web", "telegram", "zalo_oa")[number % 3]
                for statement in stored_talk(f"{number:032x}", [turn], channel=channel):
                    connection.execute(statement)
            for statement in stored_talk("f" * 32, talk):
                connection.execute(statement)

    def account(self, name: str, *roles: str) -> str:
        """An account with a password and without one-time codes; gives its id."""
        identity = secrets.token_hex(16)
        with self.database.begin() as connection:
            connection.execute(
                insert(StaffUser).values(
                    id=identity,
                    name=name,
                    display_name=name.title(),
                    password=passwords.hashed(PASSWORD),
                    created_at=now(),
                )
            )
            for role in roles:
                connection.execute(
                    insert(StaffGrant).values(
                        user_id=identity, role=role, granted_at=now(), granted_by="test"
                    )
                )
        return identity

    def signed_in(self, context: BrowserContext, *roles: str, name: str = "") -> Page:
        """A page of somebody with these roles."""
        value = secrets.token_urlsafe(32)
        identity = self.account(name or f"{roles[0]}-{secrets.token_hex(2)}", *roles)
        with self.database.begin() as connection:
            connection.execute(
                insert(StaffSession).values(
                    id=hash_of(value),
                    user_id=identity,
                    stage="full",
                    origin="password",
                    created_at=now(),
                    seen_at=now(),
                    expires_at=now().replace(year=now().year + 1),
                )
            )
        page = context.new_page()
        page.goto(f"{self.served.url}/given/{value}")
        return page

    def audit(self) -> list[str]:
        """What was done."""
        with self.database.connect() as connection:
            rows = connection.execute(text("SELECT action FROM audit_line ORDER BY sequence"))
            return [row.action for row in rows]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    made = Desk(tmp_path_factory.mktemp("desk"))
    yield made
    made.served.stop()
    made.database.dispose()


def grave(page: Page) -> list[str]:
    """Serious findings of axe."""
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


def wide(page: Page) -> bool:
    """Whether one has to scroll sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def look_over(page: Page, address: str, shot: Path) -> None:
    """A page with everything on it opened: photographed whole, legible for all, no wider than the screen."""
    page.goto(address)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    page.screenshot(path=shot, full_page=True)
    assert grave(page) == [], address
    assert not wide(page), address


def test_the_first_sign_in_by_keyboard_alone(context: BrowserContext, desk: Desk, screenshots: Path) -> None:
    desk.account("lan", "admin")
    page = context.new_page()
    page.goto(f"{desk.url}/conversations")
    expect(page).to_have_url(re.compile("sign-in"))
    expect(page.locator(".told.warn")).to_have_count(0)
    assert grave(page) == []
    page.screenshot(path=screenshots / "console-sign-in.png")
    page.get_by_label("Tên đăng nhập").focus()
    page.keyboard.type("lan")
    page.keyboard.press("Tab")
    page.keyboard.type("sai mật khẩu")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("chưa đúng")
    page.get_by_label("Tên đăng nhập").fill("lan")
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Cài mã xác thực")).to_be_visible()
    assert grave(page) == []
    page.screenshot(path=screenshots / "console-enrol.png", full_page=True)
    secret = page.locator("#secret").inner_text().replace(" ", "")
    page.get_by_label("Mã 6 số").fill(pyotp.TOTP(secret).now())
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Mã dự phòng")).to_be_visible()
    recovery = page.locator(".codes li").all_inner_texts()
    assert len(recovery) == 10 and grave(page) == []
    page.get_by_role("link", name="Tôi đã cất").click()
    expect(page.get_by_role("heading", name="Hội thoại", exact=True)).to_be_visible()
    page.get_by_role("button", name="Đăng xuất").click()
    page.goto(f"{desk.url}/")
    expect(page).to_have_url(re.compile("sign-in"))
    page.get_by_label("Tên đăng nhập").fill("lan")
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Mã xác thực")).to_be_visible()
    assert grave(page) == []
    code = pyotp.TOTP(secret).at(int(time.time()) + 30)
    page.get_by_label("Mã 6 số").fill(code)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Chào Lan")).to_be_visible()
    page.screenshot(path=screenshots / "console-home.png")
    assert grave(page) == []


def test_a_conversation_is_found_by_keyboard_and_read_masked(context: BrowserContext, desk: Desk) -> None:
    page = desk.signed_in(context, "reviewer")
    page.goto(f"{desk.url}/conversations")
    page.locator("main").press("/")
    page.keyboard.type("LE PHI khai")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{desk.url}/conversations?text=LE+PHI+khai")
    expect(page.locator("[data-row]")).to_have_count(1)
    page.locator("body").press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Hội thoại", exact=True)).to_be_visible()
    expect(page.locator(".bubble").first).to_contain_text("[họ tên], số [số điện thoại], lệ phí")
    expect(page.get_by_text("0912345678")).to_have_count(0)
    expect(page.get_by_role("button", name="Xem dữ liệu cá nhân")).to_have_count(0)
    page.get_by_text("Trợ Lý đã hiểu").first.click()
    expect(page.get_by_text("Thủ tục đăng ký khai sinh", exact=True)).to_be_visible()
    expect(page.get_by_text("0.913")).to_be_visible()


def test_what_a_citizen_wrote_runs_nowhere(context: BrowserContext, desk: Desk) -> None:
    page = desk.signed_in(context, "admin")
    for path in ("/conversations", f"/conversations/{'f' * 32}"):
        page.goto(desk.url + path)
        page.wait_for_load_state("networkidle")
        assert "stolen" not in page.title()
    expect(page.locator("main img")).to_have_count(0)
    expect(page.locator(".bubble", has_text="onerror")).to_have_count(2)


def test_an_officer_sees_personal_data_for_a_reason_once(
    context: BrowserContext, desk: Desk, screenshots: Path
) -> None:
    page = desk.signed_in(context, "officer")
    page.goto(f"{desk.url}/conversations/{'f' * 32}")
    before = desk.audit().count("conversation_revealed")
    page.get_by_label("Lý do").fill("công dân nhờ gọi lại")
    page.get_by_role("button", name="Xem dữ liệu cá nhân").click()
    expect(page.locator(".bubble").first).to_contain_text("Nguyễn Văn An, số 0912345678")
    assert grave(page) == []
    page.screenshot(path=screenshots / "console-revealed.png")
    assert desk.audit().count("conversation_revealed") == before + 1
    page.goto(f"{desk.url}/conversations/{'f' * 32}")
    expect(page.get_by_text("0912345678")).to_have_count(0)


def test_marks_are_put_on_and_seen_in_the_list(context: BrowserContext, desk: Desk) -> None:
    page = desk.signed_in(context, "reviewer")
    page.goto(f"{desk.url}/conversations/{1:032x}")
    page.get_by_role("button", name="Cần xem lại").click()
    expect(page.get_by_role("button", name="✓ Cần xem lại")).to_be_visible()
    page.get_by_label("Thẻ", exact=True).fill("căn cước")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Bỏ thẻ căn cước")).to_be_visible()
    page.get_by_label("Ghi chú mới").fill("Hỏi lại phòng <b>Tư pháp</b>")
    page.locator("form", has=page.get_by_label("Ghi chú mới")).get_by_role("button").click()
    expect(page.locator(".note")).to_contain_text("<b>Tư pháp</b>")
    page.goto(f"{desk.url}/conversations?flag=follow_up")
    expect(page.locator("[data-row]")).to_have_count(1)
    expect(page.locator("[data-row]")).to_contain_text("căn cước")


def test_conversations_are_taken_out_as_files(context: BrowserContext, desk: Desk) -> None:
    page = desk.signed_in(context, "editor")
    page.goto(f"{desk.url}/conversations?channel=telegram")
    for name, ending, lines in (("CSV", ".csv", 11), ("JSON Lines", ".jsonl", 10)):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=name).click()
        assert waiting.value.suggested_filename.endswith(ending)
        assert len(Path(waiting.value.path()).read_text("utf-8-sig").strip().splitlines()) == lines


def test_filters_are_kept_and_forgotten(context: BrowserContext, desk: Desk) -> None:
    page = desk.signed_in(context, "reviewer")
    page.goto(f"{desk.url}/conversations")
    page.get_by_text("Bộ lọc", exact=True).click()
    page.get_by_label("Kênh").select_option("telegram")
    page.get_by_role("button", name="Xem", exact=True).click()
    expect(page).to_have_url(f"{desk.url}/conversations?channel=telegram")
    page.get_by_label("Lưu bộ lọc này").fill("Telegram")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Đã lưu")
    page.goto(f"{desk.url}/conversations")
    page.get_by_role("link", name="Telegram", exact=True).click()
    expect(page.locator("[data-row]")).to_have_count(10)
    page.get_by_role("button", name="Bỏ bộ lọc Telegram").click()
    expect(page.get_by_role("link", name="Telegram", exact=True)).to_have_count(0)


def test_an_admin_adds_a_colleague_and_reads_the_audit(
    context: BrowserContext, desk: Desk, screenshots: Path
) -> None:
    page = desk.signed_in(context, "admin")
    page.goto(f"{desk.url}/staff")
    page.get_by_label("Tên đăng nhập").fill("hoa")
    page.get_by_label("Họ tên").fill("Lê Hoa")
    page.get_by_label("Trực hỗ trợ").check()
    page.get_by_role("button", name="Thêm cán bộ").click()
    expect(page.locator("#fresh")).to_have_text(re.compile(r"^[a-z0-9]{5}(-[a-z0-9]{5}){3}$"))
    page.goto(f"{desk.url}/audit?action=account_added")
    expect(page.locator("tbody tr").first).to_contain_text("staff:hoa")
    page.screenshot(path=screenshots / "console-audit.png")


PAGES = {
    "home": "/",
    "conversations": "/conversations",
    "filtered": "/conversations?channel=web&sure=low&text=can+cuoc",
    "thread": f"/conversations/{'f' * 32}",
    "staff": "/staff",
    "audit": "/audit",
    "account": "/account",
}


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1366", "390"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_legible_and_accessible(
    context_of: Callable[..., BrowserContext],
    desk: Desk,
    screenshots: Path,
    size: dict[str, int],
    scheme: str,
) -> None:
    page = desk.signed_in(context_of(viewport=size, color_scheme=scheme), "admin")
    for name, path in PAGES.items():
        page.goto(desk.url + path)
        if name == "thread":
            page.get_by_text("Trợ Lý đã hiểu").first.click()
        page.screenshot(path=screenshots / f"console-{name}-{size['width']}-{scheme}.png")
        assert grave(page) == [], name
        assert not wide(page), name


def test_pages_work_without_scripts(context_of: Callable[..., BrowserContext], desk: Desk) -> None:
    page = desk.signed_in(context_of(java_script_enabled=False), "admin")
    page.goto(f"{desk.url}/conversations")
    page.get_by_label("Có chữ").fill("lệ phí khai sinh")
    page.keyboard.press("Enter")
    page.locator("[data-row] a").click()
    page.get_by_role("button", name="Ví dụ tốt").click()
    expect(page.get_by_role("button", name="✓ Ví dụ tốt")).to_be_visible()
    page.get_by_role("button", name="✓ Ví dụ tốt").click()
    page.get_by_role("button", name="Đăng xuất").click()
    expect(page.get_by_role("heading", name="Đăng nhập")).to_be_visible()
