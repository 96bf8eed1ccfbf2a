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
from troly.answers.guides import raw_guides
from troly.answers.live import GUIDE, OFFICE, RESPONSE, Follower
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


async def release(engine: Any, *, undo: bool = False) -> None:
    """What an approval does for each of these; `undo` brings back what is shipped."""
    async with engine.begin() as connection:
        for (kind, key), content in CHANGED.items():
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
    made = Follower(engine, {RESPONSE: IN_USE.take, GUIDE: guide_files.use})
    yield made
    await release(engine, undo=True)
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
