"""What staff approved is what the citizen reads: texts, guides and offices, without a restart."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import insert

from actions import guide_files
from bot.nlg import IN_USE
from bot.understanding.staff_guides import GUIDES
from troly.answers.guides import raw_guides
from troly.answers.live import GUIDE, OFFICE, RESPONSE, Contents, Follower
from troly.tables.answers import AnswerRelease, AnswerVersion

sys.path.insert(0, str(Path(__file__).parent))

import harness

pytestmark = pytest.mark.asyncio(loop_scope="session")

CHANGED = {
    (RESPONSE, "utter_thank"): {
        "vi": {"text": "Rất vui được giúp Anh/Chị."},
        "en": {"text": "Glad to help."},
    },
    (GUIDE, "vneid-lost-phone"): {
        **raw_guides()["vneid-lost-phone"],
        "title": {"vi": "Mất máy: khóa VNeID ngay", "en": "Phone lost: lock VNeID now"},
    },
    (OFFICE, "quang-ninh"): {
        "name": "Trung tâm Phục vụ hành chính công tỉnh Quảng Ninh",
        "address": "Số 1 đường Lê Thánh Tông",
        "phone": "0203 3 999 999",
        "hours": "",
        "map_url": "",
        "appointment_url": "",
        "source": "Văn phòng trung tâm",
        "as_of": "2026-11-22",
    },
}


WIFI = {
    **raw_guides()["vneid-lost-phone"],
    "made": True,
    "common": 7,
    "title": {"vi": "Dùng wifi công cộng ở phường", "en": "Using the ward's public wifi"},
    "names": ["kết nối wifi công cộng", "public wifi of the ward"],
    "steps": [
        {"vi": "Chọn mạng của phường.", "en": "Choose the ward's network."},
        {"vi": "Đồng ý quy định.", "en": "Accept the rules."},
    ],
}
DESK = {
    **CHANGED[OFFICE, "quang-ninh"],
    "made": True,
    "level": "commune",
    "commune_code": "07090",
    "latitude": "21.16",
    "longitude": "106.53",
    "name": "Điểm tiếp nhận số 2 An Sinh",
    "hours": "1-7 00:00-23:59",
}
ADDED = {(GUIDE, "wifi"): WIFI, (OFFICE, "diem-2"): DESK}
OFF = {key: content | {"retired": True} for key, content in ADDED.items()}


async def release(engine: Any, changed: Any = CHANGED, *, undo: bool = False) -> None:
    """What an approval does for each of these; `undo` brings back what is shipped."""
    async with engine.begin() as connection:
        for (kind, key), content in changed.items():
            row = await connection.execute(
                insert(AnswerVersion)
                .values(kind=kind, key=key, content=None if undo else content, state="approved", author="lan")
                .returning(AnswerVersion.id)
            )
            values = {"kind": kind, "key": key, "version": row.scalar_one(), "by": "mai"}
            await connection.execute(insert(AnswerRelease).values(**values))


@pytest_asyncio.fixture(loop_scope="session")
async def follower(agent: Any) -> AsyncIterator[Follower]:
    """As the two processes have it, in this one."""
    engine = agent.tracker_store._engine

    def take(contents: Contents) -> None:
        guide_files.use(contents)
        GUIDES.take(contents)

    made = Follower(engine, {RESPONSE: IN_USE.take, GUIDE: take})
    yield made
    await release(engine, CHANGED | ADDED, undo=True)
    await made.look()


@pytest.mark.parametrize(
    ("hint", "thanks", "guide"),
    [
        ("vi", "Rất vui được giúp Anh/Chị.", "Mất máy: khóa VNeID ngay"),
        ("en", "Glad to help.", "Phone lost: lock VNeID now"),
    ],
)
async def test_the_citizen_reads_what_was_approved_and_after_undoing_what_was_before(
    agent: Any, follower: Follower, hint: str, thanks: str, guide: str
) -> None:
    name = f"changed-{hint}"
    await harness.meet(agent, name)
    citizen = harness.Conversation(agent, name, language_hint=hint)
    lost = '/ask_digital_help{"guide": "vneid-lost-phone"}'
    centre = '/find_office{"commune_code": "province"}'
    await follower.look()
    assert (await citizen.ask("/thank")).text != thanks
    assert guide not in (await citizen.ask(lost)).text
    assert "0203 3 999 999" not in (await citizen.say(centre))[0].text
    await release(agent.tracker_store._engine)
    assert await follower.look()
    assert (await citizen.say("/thank"))[0].text == thanks
    assert guide in (await citizen.say(lost))[0].text
    office = (await citizen.say(centre))[0]
    assert "Số 1 đường Lê Thánh Tông" in office.text and "0203 3 999 999" in office.text
    assert office.answer is not None
    assert office.answer["sources"][0]["title"] == "Văn phòng trung tâm"
    await release(agent.tracker_store._engine, undo=True)
    assert await follower.look()
    assert (await citizen.say("/thank"))[0].text != thanks
    assert "0203 3 999 999" not in (await citizen.say(centre))[0].text


@pytest.mark.parametrize(
    ("hint", "ask", "words", "last", "gone"),
    [
        ("vi", "kết nối wifi công cộng", ("wifi công cộng", "Chọn mạng"), "Đồng ý", "không còn dùng"),
        ("en", "public wifi of the ward", ("public wifi", "Choose the"), "Accept", "no longer in use"),
    ],
)
async def test_a_guide_that_staff_made_is_found_walked_and_when_taken_off_honestly_ended(
    agent: Any, follower: Follower, hint: str, ask: str, words: tuple[str, str], last: str, gone: str
) -> None:
    engine = agent.tracker_store._engine
    await follower.look()
    await harness.meet(agent, f"made-{hint}")
    citizen = harness.Conversation(agent, f"made-{hint}", language_hint=hint)
    await release(engine, ADDED)
    assert await follower.look()
    menu = (await citizen.say("/ask_digital_help"))[0]
    assert any(words[0].split()[-1] in button["title"] for button in menu.buttons)
    assert words[0] in (await citizen.say(ask))[0].text
    next_ = "tiếp" if hint == "vi" else "next"
    assert words[1] in (await citizen.say(next_))[0].text
    assert last in (await citizen.say(next_))[0].text
    await release(engine, OFF)
    assert await follower.look()
    told = (await citizen.say("quay lại" if hint == "vi" else "back"))[0]
    assert gone in told.text and told.buttons
    assert gone in (await citizen.say('/ask_digital_help{"guide": "wifi", "guide_step": 2}'))[0].text
    again = await citizen.say(ask)
    assert all(words[0] not in said.text for said in again)


async def test_an_office_that_staff_made_is_found_by_commune_and_by_where_one_stands(
    agent: Any, follower: Follower
) -> None:
    engine = agent.tracker_store._engine
    await harness.meet(agent, "made-office")
    citizen = harness.Conversation(agent, "made-office", language_hint="vi")
    named = "trung tâm hành chính công phường An Sinh ở đâu"
    here = '/find_office{"latitude": "21.16", "longitude": "106.53"}'
    assert "Trung tâm Phục vụ hành chính công phường An Sinh" in (await citizen.ask(named)).text
    await release(engine, ADDED)
    by_name = (await citizen.say('/find_office{"commune_code": "07090"}'))[0]
    assert "Điểm tiếp nhận số 2 An Sinh" in by_name.text and "0203 3 999 999" in by_name.text
    assert "đang trong giờ làm việc" in by_name.text
    assert any("An Sinh" in button["title"] for button in by_name.buttons), "the other desk is offered"
    assert "Điểm tiếp nhận số 2 An Sinh" in (await citizen.ask(named)).text
    assert "Điểm tiếp nhận số 2 An Sinh" in (await citizen.say(here))[0].text
    centre = {(OFFICE, "diem-2"): DESK | {"level": "province"}}
    await release(engine, centre)
    province = (await citizen.say('/find_office{"commune_code": "province"}'))[0]
    assert "Điểm tiếp nhận số 2 An Sinh" in province.text
    await release(engine, OFF)
    assert "Điểm tiếp nhận số 2" not in str(await citizen.say(here))
    other = (await citizen.say('/find_office{"commune_code": "office:diem-2"}'))[0]
    assert "Điểm tiếp nhận số 2" not in other.text and other.text, "its button says that it is not listed"
