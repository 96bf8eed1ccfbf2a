"""Through the whole dialogue: what proves an owner is nowhere kept, and notices are told in words."""

from __future__ import annotations

import re
import sys
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rasa.core.channels.channel import UserMessage
from sqlalchemy import select, text

sys.path.insert(0, str(Path(__file__).parent))

CODE = "H49.12.05-251103-0047"
BY_CHANCE = re.compile(r"\b[0-9a-f]{32,}\b|\d+\.\d+")
"""Keyed hashes, ids, times and confidences: four digits stand in one of them in every tenth run or so."""

LAST_FOUR, PHONE = "7195", "0900000003"

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Citizen:
    """Somebody who writes as the gateway passes it on: each message has an id of its own."""

    def __init__(self, agent: Any) -> None:
        self.agent = agent
        self.name = uuid.uuid4().hex

    async def say(self, words: str, message_id: str = "", **metadata: Any) -> list[dict[str, Any]]:
        from bot.rest_channel import Replies

        replies = Replies()
        about = {"channel": "web", "language_hint": "vi", "message_id": message_id or uuid.uuid4().hex}
        message = UserMessage(words, replies, self.name, input_channel="rest", metadata=about | metadata)
        await self.agent.handle_message(message)
        found: list[dict[str, Any]] = replies.messages
        return found

    async def stored(self) -> str:
        """All that Rasa has kept of this conversation, and all that the audit has of anybody."""
        async with self.agent.tracker_store._engine.connect() as connection:
            rows: list[Any] = []
            for table in ("tracker_event", "tracker_snapshot"):
                query = text(f"SELECT * FROM {table} WHERE sender_id = :name")
                rows += (await connection.execute(query, {"name": self.name})).all()
            rows += (await connection.execute(text("SELECT * FROM verification_attempt"))).all()
        assert len(rows) > 8
        # A row's own repr() leaves the middle of long texts out.
        return BY_CHANCE.sub("…", repr([tuple(row) for row in rows]))


@pytest.fixture
def citizen(agent: Any) -> Citizen:
    return Citizen(agent)


def secret_asked(replies: list[dict[str, Any]]) -> bool:
    return bool([item["custom"] for item in replies if "custom" in item][-1].get("secret"))


@pytest.mark.parametrize("factor", [LAST_FOUR, PHONE, "+84 900 000 003", "001090027195"])
async def test_the_factor_is_nowhere_in_what_is_kept(citizen: Citizen, factor: str) -> None:
    asked = await citizen.say(f'/verify_application{{"application_code": "{CODE}"}}')
    assert secret_asked(asked)
    answer = await citizen.say(f"của tôi là {factor} nhé")
    assert "Lê V** T**" in str(answer) and not secret_asked(answer)
    kept = await citizen.stored()
    assert "••••" in kept and "verify_application" in kept
    for form in (factor, factor.replace(" ", ""), LAST_FOUR, PHONE[1:]):
        assert form not in kept
    await citizen.say("cảm ơn")
    assert LAST_FOUR not in await citizen.stored()


async def test_a_question_in_between_is_masked_too_and_the_next_message_stays_secret(
    citizen: Citizen,
) -> None:
    await citizen.say(f'/verify_application{{"application_code": "{CODE}"}}')
    assert secret_asked(await citizen.say("đăng ký tạm trú lệ phí bao nhiêu"))
    await citizen.say(LAST_FOUR)
    assert LAST_FOUR not in await citizen.stored()


async def test_a_message_sent_again_after_its_answer_was_lost_stays_masked(citizen: Citizen) -> None:
    await citizen.say(f'/verify_application{{"application_code": "{CODE}"}}')
    await citizen.say(LAST_FOUR, message_id="m1")
    await citizen.say(LAST_FOUR, message_id="m1")
    assert LAST_FOUR not in await citizen.stored()


async def test_what_the_gateway_calls_secret_is_masked_without_a_form(citizen: Citizen) -> None:
    for _ in range(3):
        await citizen.say("chào bạn")
    await citizen.say("à nhầm, 7195 mới đúng", secret=True)
    assert LAST_FOUR not in await citizen.stored()


async def test_other_messages_are_kept_as_they_were_written(citizen: Citizen) -> None:
    for _ in range(3):
        await citizen.say("chào bạn")
    await citizen.say("đăng ký tạm trú lệ phí bao nhiêu")
    assert "đăng ký tạm trú lệ phí bao nhiêu" in await citizen.stored()


async def test_a_notice_is_told_in_words_even_while_a_form_waits(citizen: Citizen) -> None:
    from harness import meet

    from actions import portal
    from portal.telling import COLUMNS, Watched, note_change
    from troly.tables.delivery import Inbox
    from troly.tables.notices import WatchedApplication

    code = "H49.33-250421-0001"
    await meet(citizen.agent, citizen.name)
    found = await portal.client().get_application(code)
    assert await portal.following().begin(citizen.name, found) == "started"
    engine = portal.engine()
    async with engine.connect() as connection:
        query = select(*COLUMNS).where(WatchedApplication.code == code)
        known = Watched(*(await connection.execute(query)).one())
    assert await note_change(engine, known, replace(found, status=9), None) == 1
    async with engine.connect() as connection:
        query = select(Inbox.payload).where(Inbox.conversation_id == citizen.name)
        payload = (await connection.execute(query)).scalar_one()
    await citizen.say("tra cứu hồ sơ khác")
    told = str(await citizen.say(payload))
    assert f"Hồ sơ {code} đã có kết quả" in told and "UBND phường Hồng Gai" in told
    assert "Giờ làm việc" in told and "giấy tờ tùy thân" in told
    stranger = Citizen(citizen.agent)
    assert code not in str(await stranger.say(payload))
