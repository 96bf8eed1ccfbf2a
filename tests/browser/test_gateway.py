"""The widget at the real gateway, before an assistant that echoes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chat_page import Chat
from fastapi import FastAPI, Request
from playwright.sync_api import Page, expect
from serving import Served

from channels.app import create_app
from troly.database import engine
from troly.settings import Settings
from troly.tables import Base

BUTTONS = [{"title": "Hỏi thủ tục", "payload": "/ask_procedure"}]
ANSWER = {
    "status": "answered",
    "intent": "ask_fee",
    "sources": [{"title": "Cổng Dịch vụ công", "url": "https://dichvucong.gov.vn", "as_of": "2026-11-22"}],
}


def _assistant() -> FastAPI:
    app = FastAPI()

    @app.post("/webhooks/rest/webhook")
    async def webhook(request: Request) -> list[dict[str, Any]]:
        body = await request.json()
        structure = {"language": "vi", "links": [], "answer": ANSWER}
        return [
            {"recipient_id": body["sender"], "text": f"Nghe: {body['message']}", "buttons": BUTTONS},
            {"recipient_id": body["sender"], "custom": structure},
        ]

    @app.get("/status")
    async def status() -> dict[str, str]:
        return {"model_file": "echo"}

    return app


@pytest.fixture
def real_gateway(tmp_path: Path) -> Iterator[str]:
    """The address of the gateway on an empty database."""
    assistant = Served(_assistant())
    settings = Settings(_env_file=None, data_dir=tmp_path, rasa_url=assistant.url, province="Hà Giang <b>")
    database = engine(settings.database)
    Base.metadata.create_all(database)
    database.dispose()
    gateway = Served(create_app(settings), lifespan="on")
    yield gateway.url
    gateway.stop()
    assistant.stop()


def test_a_conversation_from_greeting_to_erasure(page: Page, real_gateway: str) -> None:
    chat = Chat(page).open(real_gateway)
    expect(page.locator("header")).to_contain_text("Hà Giang <b>")
    chat.say("lệ phí")
    expect(chat.reply("Nghe: lệ phí")).to_be_visible()
    page.get_by_role("button", name="Hỏi thủ tục").last.click()
    expect(chat.reply("Nghe: /ask_procedure")).to_be_visible()
    page.get_by_role("button", name="Hữu ích").last.click()
    expect(page.locator(".rating [role=status]").last).to_contain_text("Cảm ơn")
    said = page.locator(".line .bubble").all_inner_texts()
    page.reload()
    expect(chat.reply("Nghe: /ask_procedure")).to_be_visible()
    assert page.locator(".line .bubble").all_inner_texts() == said
    with page.expect_download() as waiting:
        chat.menu("Tải nội dung")
    assert "lệ phí" in Path(waiting.value.path()).read_text("utf-8")
    chat.say("a" * 5001)
    expect(page.locator(".meta").last).to_contain_text("5000")
    chat.menu("Xóa cuộc trò chuyện")
    page.get_by_role("button", name="Xóa", exact=True).click()
    expect(page.locator(".notice")).to_contain_text("Đã xóa")
    page.get_by_role("button", name="Bắt đầu cuộc trò chuyện mới").click()
    expect(chat.reply("Nghe: /greet")).to_have_count(1)
