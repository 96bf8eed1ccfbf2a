"""Through the whole dialogue: the portal's holidays decide who is on duty, and masking breaks no form."""

from __future__ import annotations

import sys
import uuid
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import insert, text, update

from troly.clock import VIETNAM, now

sys.path.insert(0, str(Path(__file__).parent))

pytestmark = pytest.mark.asyncio(loop_scope="session")

YEAR = 2027
BY_LAW = [{"date": f"{YEAR}-{day}", "name": "Nghỉ lễ"} for day in ("01-01", "04-30", "05-01", "09-02")]
TUESDAY, SATURDAY = "2027-03-02", "2027-03-06"
EXCHANGED = [
    {"date": TUESDAY, "name": "Nghỉ bù"},
    {"date": SATURDAY, "name": "Làm bù", "type": "WORKING", "insteadOf": TUESDAY},
]


@pytest_asyncio.fixture(loop_scope="session")
async def told(agent: Any, portal_port: int) -> AsyncIterator[None]:
    """The portal has announced an exchanged day, and has been asked; then it went away."""
    from portal import holidays
    from portal.adapters.holidays import PATH, HolidayService
    from portal.http import Http

    url, engine = f"http://127.0.0.1:{portal_port}", agent.tracker_store.engine
    service = HolidayService(Http(url, attempts=1))
    async with httpx.AsyncClient(base_url=url, trust_env=False) as demo:
        before = (await demo.get(PATH, params={"year": YEAR})).json()["data"]
        await demo.post(f"/demo/holidays/{YEAR}", json=BY_LAW + EXCHANGED)
        assert await holidays.refresh(engine, service) >= 1
        await demo.post("/demo/fail", json={"mode": "error"})
        yield
        await demo.post("/demo/fail", json={"mode": "off"})
        await demo.post(f"/demo/holidays/{YEAR}", json=before)
    await holidays.refresh(engine, None)
    await service.aclose()


@pytest.mark.parametrize(
    ("language", "wish", "free"),
    [
        ("vi", "cho tôi gặp cán bộ", "nghỉ lễ (Nghỉ bù)"),
        ("en", "I want to talk to a real person", "public holiday (Nghỉ bù)"),
    ],
)
@pytest.mark.skipif(now().year not in (YEAR - 1, YEAR), reason="this year's list and the next one's are kept")
async def test_on_a_day_that_the_portal_exchanged_officials_are_asked(
    agent: Any, told: None, monkeypatch: pytest.MonkeyPatch, language: str, wish: str, free: str
) -> None:
    from harness import Conversation, meet

    for day, status, words in ((TUESDAY, "answered", free), (SATURDAY, "handed_over", "15")):
        moment = datetime.fromisoformat(f"{day}T09:00").replace(tzinfo=VIETNAM)
        monkeypatch.setattr("actions.person.now", lambda moment=moment: moment)
        name = uuid.uuid4().hex
        await meet(agent, name)
        said = await Conversation(agent, name, language).ask(wish)
        assert said.answer and said.answer["status"] == status and words in said.text, said


async def test_a_report_goes_on_after_the_number_in_its_words_was_masked(agent: Any) -> None:
    """It lay open for so long that the number had to go; the citizen comes back and sends it."""
    from harness import Conversation, meet

    from channels.identifiers import mask_due
    from channels.store import Store
    from troly.settings import Settings
    from troly.tables.conversations import Conversation as Row
    from troly.tables.delivery import DONE, Inbox

    name, engine = uuid.uuid4().hex, agent.tracker_store.engine
    words = "đường trước nhà tôi bị ổ gà to lắm, gọi tôi 0912 345 678"
    await meet(agent, name)
    citizen = Conversation(agent, name, "vi")
    assert "ở đâu" in (await citizen.ask(words)).text
    earlier = now() - timedelta(hours=13)
    async with engine.begin() as connection:
        await connection.execute(
            insert(Inbox).values(
                id=uuid.uuid4().hex,
                channel="web",
                message_id=name,
                conversation_id=name,
                number=1,
                text=words,
                identifying=True,
                received_at=earlier,
                due_at=earlier,
                state=DONE,
            )
        )
        await connection.execute(update(Row).where(Row.id == name).values(active_at=earlier))
    assert await mask_due(Store(engine), Settings(_env_file=None)) == 1  # type: ignore[call-arg]
    async with engine.connect() as connection:
        kept: list[Any] = []
        for table, column in (
            ("tracker_event", "sender_id"),
            ("tracker_snapshot", "sender_id"),
            ("inbox", "id"),
        ):
            query = text(f"SELECT * FROM {table} WHERE {column} = :name OR '{table}' = 'inbox'")
            kept += (await connection.execute(query, {"name": name})).all()
    stored = repr([tuple(row) for row in kept])
    assert "345 678" not in stored and "0912" not in stored and "ổ gà to lắm, gọi tôi ••••" in stored
    assert "ảnh" in (await citizen.ask("trước số 12 đường Lê Lợi, phường Hồng Gai")).text
    await citizen.ask("không")
    assert "gọi tôi ••••" in (await citizen.ask("không")).text
    assert "Mã phản ánh: PA-" in (await citizen.ask("gửi")).text


@pytest.mark.parametrize(
    ("language", "code", "agree", "promised", "then"),
    [
        ("vi", "H49.17-251020-0133", "đồng ý", "đã ghi yêu cầu", "đã trả lời. Hồ sơ H49.17-251020-0133:"),
        (
            "en",
            "H49.08-251105-0312",
            "/affirm",
            "noted your wish",
            "answered. Application H49.08-251105-0312:",
        ),
        ("vi", "H49.33-250421-9990", "đồng ý", "đã ghi yêu cầu", "không có hồ sơ nào mang mã"),
        ("en", "H49.33-250421-9991", "/affirm", "noted your wish", "there is no application with the code"),
    ],
)
async def test_what_was_agreed_to_while_the_portal_was_down_is_told_when_it_answers(
    agent: Any, portal_port: int, language: str, code: str, agree: str, promised: str, then: str
) -> None:
    from harness import Conversation, meet
    from sqlalchemy import delete, select

    from portal.watch import watcher
    from portal.watcher import WatchOptions
    from troly.settings import Settings
    from troly.tables.delivery import Inbox
    from troly.tables.notices import WatchedApplication

    name, engine = uuid.uuid4().hex, agent.tracker_store.engine
    await meet(agent, name)
    citizen = Conversation(agent, name, language)
    async with engine.begin() as connection:  # another story may follow it
        await connection.execute(delete(WatchedApplication).where(WatchedApplication.code == code))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{portal_port}", trust_env=False) as demo:
        await demo.post("/demo/fail", json={"mode": "error", "path": "/pa"})
        await citizen.ask(f'/subscribe_status{{"application_code": "{code}"}}')
        assert promised in (await citizen.ask(agree)).text
        await demo.post("/demo/fail", json={"mode": "off"})
    config = Settings(
        database_url=str(engine.url),
        portal_port=portal_port,
        demo_catalogue="own",
        _env_file=None,  # type: ignore[call-arg]
    )
    async with watcher(config, WatchOptions(patience=0.0, per_minute=600)) as one:
        await one.step()
    async with engine.connect() as connection:
        payload = await connection.scalar(
            select(Inbox.payload).where(Inbox.conversation_id == name, Inbox.payload.startswith("/tell_"))
        )
    assert payload and then in (await citizen.ask(payload)).text
