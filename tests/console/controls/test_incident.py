"""An incident is told: on the website always, elsewhere once in each conversation."""

from __future__ import annotations

from typing import Any

import pytest

from channels import controls
from tests.channels.scripted import Citizen, settled
from tests.console.conftest import Office
from tests.console.controls.test_off import switch

WORDS = {"vi": "Cổng dịch vụ công đang lỗi.", "en": "The portal is down."}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controls, "FRESH", 0.05)


async def test_the_website_shows_it_and_a_chat_is_told_once_before_its_next_answer(
    start: Any, rasa: Any, push: None
) -> None:
    async with start(rasa_url=rasa.url) as stack:
        counter = Office(stack.gateway.settings, stack.gateway.store, stack.app)
        admin = await counter.staff("admin", name="an")
        citizen = Citizen(stack)
        await citizen.write("một")
        await citizen.until(1)
        assert (await stack.http.get("/api/v1/incident")).json()["id"] is None
        await switch(counter, admin, "banner", **WORDS)
        shown = (await stack.http.get("/api/v1/incident")).json()
        assert (shown["text_vi"], shown["text_en"]) == (WORDS["vi"], WORDS["en"])
        for message in ("hai", "ba"):
            await citizen.write(message)
            await settled(stack.gateway)
        assert citizen.answers() == ["echo: một", WORDS["vi"], "echo: hai", "echo: ba"]
        visitor = await stack.visitor()
        assert await visitor.ask("bốn") == "echo: bốn"  # the widget shows it itself
        await switch(counter, admin, "banner", vi="Vẫn lỗi.", en="Still down.")
        await citizen.write("năm")
        await settled(stack.gateway)
        assert citizen.answers()[-2:] == ["Vẫn lỗi.", "echo: năm"]
        await switch(counter, admin, "banner/clear")
        assert (await stack.http.get("/api/v1/incident")).json()["id"] is None
        await admin.aclose()
