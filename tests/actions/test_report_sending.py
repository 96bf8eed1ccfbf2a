"""A confirmed report reaches the portal exactly once, whatever fails, and its citizen hears of it once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from cryptography.fernet import Fernet
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from actions import portal
from actions.ratings import ActionRate, offer
from actions.reports import contact, outcome, photos, sending, store
from actions.reports.draft import Draft
from portal.adapters.reports import ReportService
from portal.client import PortalClient
from portal.demo.app import create_app
from portal.demo.applications import Applications
from portal.demo.catalogue import DemoCatalogue
from portal.demo.controls import Controls, Failure
from portal.http import Http
from troly.clock import now
from troly.database import async_engine
from troly.privacy import Keyring
from troly.settings import Settings
from troly.tables import Base
from troly.tables.channels import MediaRow
from troly.tables.conversations import Conversation, Rating
from troly.tables.delivery import Inbox, Outbox
from troly.tables.reports import Report, erase_reports, keeps_conversation

PHOTO = "c" * 64
DRAFT = Draft(
    text="nắp cống bị mất",
    category="road",
    address="12 Lê Lợi",
    commune="06652",
    photos=(PHOTO,),
    photos_done=True,
    contact_done=True,
)
ME = "conversation-1"


@dataclass
class World:
    """A database, the demo portal, and what may be made to fail."""

    engine: AsyncEngine
    http: httpx.AsyncClient
    controls: Controls

    async def tickets(self) -> list[dict[str, Any]]:
        """What the portal has."""
        found: list[dict[str, Any]] = (await self.http.get("/demo/reports")).json()["reports"]
        return found

    async def rows(self, column: Any = Report.__table__, *where: Any) -> list[Any]:
        """What the database has."""
        async with self.engine.connect() as connection:
            return list((await connection.execute(select(column).where(*where))).mappings())

    async def due(self) -> None:
        """Let time pass until every report is due."""
        async with self.engine.begin() as connection:
            await connection.execute(update(Report).values(due_at=now() - timedelta(seconds=1)))

    def fail(self, mode: str, **how: Any) -> None:
        """Make the report service fail."""
        self.controls.set(Failure(mode=mode, path="/api/v1/reports", **how))


@pytest_asyncio.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    config = Settings(_env_file=None, data_dir=tmp_path)
    engine = async_engine(config.database)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        for identity in (ME, "conversation-2"):
            await connection.execute(
                insert(Conversation).values(
                    id=identity,
                    channel="web",
                    last_message=0,
                    last_event=0,
                    created_at=now(),
                    active_at=now(),
                )
            )
        await connection.execute(
            insert(MediaRow).values(
                sha256=PHOTO, conversation_id=ME, mime="image/jpeg", size=9, created_at=now()
            )
        )
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / PHOTO).write_bytes(b"\xff\xd8\xff photo")
    controls = Controls()
    app = create_app(DemoCatalogue([]), Applications(), controls)
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
    # No breaker: each try here is meant to reach the portal.
    http = Http("http://portal.example", timeout=1, attempts=1, transport=transport)
    monkeypatch.setattr(http.breaker, "allows", lambda: True)
    client = PortalClient(None, None, ReportService(http))  # type: ignore[arg-type]
    keyring = Keyring([Fernet.generate_key().decode()])
    for module in (contact, sending):
        monkeypatch.setattr(module, "keyring", lambda: keyring)
    for module in (photos, sending):
        monkeypatch.setattr(module, "settings", lambda: config)
    monkeypatch.setattr(portal, "client", lambda: client)
    monkeypatch.setattr(portal, "engine", lambda: engine)
    async with httpx.AsyncClient(transport=transport, base_url="http://portal.example") as outside:
        yield World(engine, outside, controls)
    await http.aclose()
    await engine.dispose()


async def run(
    action: Any, text: str = "…", intent: str = "", sender: str = ME, **given: Any
) -> tuple[Any, Any]:
    """What an action says, and the slots that it sets."""
    entities = [{"entity": name, "value": value} for name, value in given.pop("entities", {}).items()]
    latest = {"text": text, "intent": {"name": intent}, "entities": entities}
    tracker = Tracker(sender, given.get("slots", {}), latest, [], False, None, {}, "action_listen")
    dispatcher = CollectingDispatcher()
    events = await action.run(dispatcher, tracker, {})
    (said,) = dispatcher.messages
    return said, {event["name"]: event["value"] for event in events}


async def confirm(draft: Draft = DRAFT) -> Any:
    """The citizen confirms the report."""
    said, slots = await run(outcome.ActionSendReport(), slots={"report_draft": draft.to_slot()})
    slots.pop("rating_offers", None)
    assert slots == {"report_draft": None, "report_done": None, "report_emergency": None}
    return said


async def test_a_confirmed_report_becomes_a_ticket_with_its_photo(world: World) -> None:
    said = await confirm(contact.with_phone(DRAFT, "0912345678"))
    (ticket,) = await world.tickets()
    assert said["response"] == "report_sent" and said["code"] == ticket["code"]
    assert said["answer"]["status"] == "answered" and said["answer"]["sources"]
    received = ticket["received"]
    assert received["content"] == "nắp cống bị mất" and received["photos"] == 1
    assert received["contact"] == {"phone": "0912345678"}
    assert received["place"]["commune"] == "phường Hồng Gai" or received["place"]["communeCode"] == "06652"
    (row,) = await world.rows()
    assert row["state"] == "sent" and "0912345678" not in str(dict(row))


@pytest.mark.parametrize("mode", ["error", "html", "garbage", "hang"])
async def test_a_report_that_the_portal_does_not_take_now_is_kept_and_sent_later(
    world: World, mode: str
) -> None:
    world.fail(mode)
    said = await confirm()
    assert said["response"] == "report_kept" and said["answer"]["status"] == "portal_unavailable"
    assert said["receipt"].startswith("TL-")
    assert await world.tickets() == []
    await sending.work()
    assert await world.tickets() == [], "it is not yet due again"
    world.controls.set(Failure(mode="off"))
    await world.due()
    await sending.work()
    (ticket,) = await world.tickets()
    (told,) = await world.rows(Inbox.__table__)
    (row,) = await world.rows()
    assert row["ticket"] == ticket["code"]
    assert told["payload"].startswith("/tell_report{") and told["message_id"].startswith("notice:")
    said, _ = await run(
        outcome.ActionTellReport(), "/tell_report", entities={"report_id": row["id"], "report_event": "sent"}
    )
    assert said["response"] == "report_sent_late" and said["code"] == ticket["code"]


async def test_a_send_whose_answer_was_lost_makes_one_ticket(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget = store.move

    async def lost(*_: Any, **__: Any) -> None:
        raise ConnectionError("killed between the portal's answer and our note of it")

    monkeypatch.setattr(store, "move", lost)
    with pytest.raises(ConnectionError):
        await run(outcome.ActionSendReport(), slots={"report_draft": DRAFT.to_slot()})
    assert len(await world.tickets()) == 1
    monkeypatch.setattr(store, "move", forget)
    await world.due()
    await sending.work()
    assert len(await world.tickets()) == 1
    assert [row["state"] for row in await world.rows()] == ["sent"]


async def test_two_processes_do_not_take_the_same_report(world: World) -> None:
    world.fail("error", times=1)
    await confirm()
    await world.due()
    assert len(await store.due(20)) == 1
    assert await store.due(20) == []


async def test_a_refused_report_is_said_to_be_refused_and_not_tried_again(world: World) -> None:
    world.fail("error", status=400)
    said = await confirm()
    assert (said["response"], said["answer"]["status"]) == ("report_refused", "refused")
    await world.due()
    assert await sending.work() == 0


async def test_an_answer_is_told_exactly_once(world: World) -> None:
    said = await confirm()
    await world.due()
    await sending.work()
    assert await world.rows(Inbox.__table__) == [], "nothing new, nothing told"
    await world.http.post(f"/demo/reports/{said['code']}/answer", json={"text": "Đã thay nắp cống."})
    await world.due()
    await sending.work()
    await world.due()
    assert await sending.work() == 0
    (told,) = await world.rows(Inbox.__table__)
    (row,) = await world.rows()
    assert f'"{row["id"]}"' in told["payload"] and '"answered"' in told["payload"]
    said, _ = await run(
        outcome.ActionTellReport(),
        "/tell_report",
        entities={"report_id": row["id"], "report_event": "answered"},
    )
    assert said["response"] == "report_news" and said["answer_of_office"]["words"] == "Đã thay nắp cống."


async def test_the_status_is_the_portals_and_a_copy_when_that_is_down(world: World) -> None:
    sent = await confirm()
    await world.http.post(f"/demo/reports/{sent['code']}/process")
    said, _ = await run(outcome.ActionReportStatus(), f"phản ánh {sent['code'].lower()} đến đâu rồi")
    assert said["state"] == {"response": "report_status_processing"}
    world.fail("error")
    said, _ = await run(outcome.ActionReportStatus(), "phản ánh của tôi đến đâu rồi")
    assert said["answer"]["status"] == "portal_unavailable" and said["copy"]


async def test_others_hear_only_how_a_report_stands(world: World) -> None:
    sent = await confirm()
    await world.http.post(f"/demo/reports/{sent['code']}/answer", json={"text": "Gửi bà Nguyễn Thị X…"})
    said, _ = await run(outcome.ActionReportStatus(), sent["code"], sender="conversation-2")
    assert said["response"] == "report_status_only" and "Nguyễn" not in str(said)
    (row,) = await world.rows()
    said, _ = await run(outcome.ActionReportStatus(), row["receipt"], sender="conversation-2")
    assert said["response"] == "report_code_unknown"
    said, _ = await run(
        outcome.ActionTellReport(), "/tell_report", entities={"report_id": row["id"]}, sender="conversation-2"
    )
    assert said["response"] == "report_none"


async def test_no_report_no_status(world: World) -> None:
    said, _ = await run(outcome.ActionReportStatus(), "phản ánh của tôi đến đâu rồi")
    assert (said["response"], said["answer"]["status"]) == ("report_none", "not_found")
    said, _ = await run(outcome.ActionReportStatus(), "PA-261122-9999")
    assert said["response"] == "report_code_unknown"


async def test_erasing_takes_everything_but_what_is_counted_and_stops_the_sending(world: World) -> None:
    world.fail("error")
    await confirm(contact.with_phone(DRAFT, "0912345678"))
    async with world.engine.begin() as connection:
        kept = await connection.scalars(
            select(Conversation.id).where(keeps_conversation(Conversation.id))  # type: ignore[arg-type]
        )
        assert list(kept) == [ME]
        await erase_reports(connection, ME)
    world.controls.set(Failure(mode="off"))
    await world.due()
    assert await sending.work() == 0 and await world.tickets() == []
    (row,) = await world.rows()
    assert (row["kind"], row["category"], row["commune_code"], row["state"]) == (
        "report",
        "road",
        "06652",
        "withdrawn",
    )
    assert not any(
        row[name] for name in ("conversation_id", "content", "address", "contact", "ticket", "answer")
    )
    assert row["photos"] == []


async def test_a_photo_whose_file_is_gone_does_not_stop_the_report(world: World, tmp_path: Path) -> None:
    (tmp_path / "media" / PHOTO).unlink()
    assert (await confirm())["response"] == "report_sent"
    (ticket,) = await world.tickets()
    assert ticket["received"]["photos"] == 0


# --- Ratings ---


async def test_stars_are_kept_and_a_bad_one_is_asked_for_its_reason(world: World) -> None:
    said, _ = await run(ActionRate(), "đánh giá", "rate_service")
    # A number typed in place of a button is the number of stars.
    assert [said["choices"][n - 1]["payload"] for n in (1, 5)] == [
        '/rate_service{"stars": 1}',
        '/rate_service{"stars": 5}',
    ]
    said, slots = await run(ActionRate(), "/rate_service", "rate_service", entities={"stars": 2})
    assert said["response"] == "rating_bad" and slots["rating_target"] == "service"
    said, _ = await run(
        ActionRate(),
        "/rate_service",
        "rate_service",
        entities={"rating_reason": "hard_to_understand"},
        slots=slots,
    )
    assert said["response"] == "rating_explained"
    (row,) = await world.rows(Rating.__table__)
    assert (row["target"], row["scale"], row["value"], row["reason"]) == (
        "service",
        "stars",
        2,
        "hard_to_understand",
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("vì trả lời sai", "wrong_information"),
        ("nhầm thủ tục rồi", "wrong_procedure"),
        ("tôi đọc không hiểu", "hard_to_understand"),
        ("it was confusing", "hard_to_understand"),
        ("câu trả lời dở", None),
    ],
)
async def test_the_reason_of_a_bad_rating_is_taken_in_words(
    world: World, text: str, reason: str | None
) -> None:
    _, slots = await run(ActionRate(), "/rate_service", "rate_service", entities={"stars": 1})
    await run(ActionRate(), text, "rate_service", slots=slots)
    by_target = {row["target"]: row["reason"] for row in await world.rows(Rating.__table__)}
    assert by_target["service"] == reason


async def test_after_a_good_rating_words_of_a_reason_are_a_rating(world: World) -> None:
    await run(ActionRate(), "đánh giá 5 sao", "rate_service")
    said, _ = await run(ActionRate(), "câu trả lời sai", "rate_service")
    assert said["response"] == "rating_bad"


async def test_after_the_reason_the_same_words_are_a_rating_again(world: World) -> None:
    _, slots = await run(ActionRate(), "/rate_service", "rate_service", entities={"stars": 1})
    for _ in range(2):
        said, _ = await run(ActionRate(), "trả lời sai", "rate_service", slots=slots)
    assert said["response"] == "rating_bad"
    assert len(await world.rows(Rating.__table__)) == 2


@pytest.mark.parametrize(
    ("text", "scale", "value"),
    [
        ("đánh giá 5 sao", "stars", 5),
        ("cho 3 điểm", "stars", 3),
        ("⭐⭐⭐⭐", "stars", 4),
        ("five stars", "stars", 5),
        ("câu trả lời sai", "thumb", 0),
        ("👎", "thumb", 0),
        ("👍", "thumb", 1),
        ("trả lời hữu ích", "thumb", 1),
        ("wrong answer", "thumb", 0),
    ],
)
async def test_a_rating_in_words_is_kept(world: World, text: str, scale: str, value: int) -> None:
    async with world.engine.begin() as connection:
        await connection.execute(
            insert(Outbox).values(
                conversation_id=ME, number=7, kind="reply", content={"text": "x"}, created_at=now()
            )
        )
    await run(ActionRate(), text, "rate_service")
    (row,) = await world.rows(Rating.__table__)
    assert (row["scale"], row["value"]) == (scale, value)
    assert row["target"] == ("service" if scale == "stars" else "reply:7")


async def test_stars_are_kept_for_the_service_whose_button_was_pressed(world: World) -> None:
    for service, stars in (("office", 5), ("guide", 4), ("office", 3), ("no such", 1)):
        said, slots = await run(ActionRate(), "/rate_service", "rate_service", entities={"service": service})
        assert len(said["choices"]) == 6
        given = {"service": service, "stars": stars}
        await run(ActionRate(), "/rate_service", "rate_service", entities=given, slots=slots)
    rows = await world.rows(Rating.__table__)
    assert {row["target"]: row["value"] for row in rows} == {
        "service:office": 3,
        "service:guide": 4,
        "service": 1,
    }


async def test_stars_in_words_are_for_the_service_that_was_asked_about(world: World) -> None:
    _, slots = await run(ActionRate(), "/rate_service", "rate_service", entities={"service": "status"})
    await run(ActionRate(), "5 sao", "rate_service", slots=slots)
    (row,) = await world.rows(Rating.__table__)
    assert row["target"] == "service:status"


async def test_a_rating_can_be_skipped_and_nothing_is_kept(world: World) -> None:
    said, _ = await run(ActionRate(), "/rate_service", "rate_service", entities={"stars": "skip"})
    assert said["response"] == "rating_skipped"
    assert await world.rows(Rating.__table__) == []


async def test_a_thumb_names_the_reply_that_it_stood_under(world: World) -> None:
    given = {"thumb": "down", "rated_reply": "3"}
    said, slots = await run(ActionRate(), "/rate_service", "rate_service", entities=given)
    assert said["response"] == "rating_bad" and slots["rating_target"] == "reply:3"
    (row,) = await world.rows(Rating.__table__)
    assert (row["target"], row["scale"], row["value"]) == ("reply:3", "thumb", 0)


def test_a_service_is_offered_to_be_rated_once_a_day() -> None:
    def offered(service: Any, slots: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        tracker = Tracker(ME, slots, {}, [], False, None, {}, "action_listen")
        buttons, events = offer(tracker, service)
        return buttons, slots | {event["name"]: event["value"] for event in events}

    buttons, slots = offered("office", {})
    assert [button["payload"] for button in buttons] == ['/rate_service{"service": "office"}']
    assert offered("office", slots) == ([], slots)
    buttons, slots = offered("guide", slots)
    assert buttons and set(slots["rating_offers"]) == {"office", "guide"}
    buttons, _ = offered("office", {"rating_offers": {"office": "2020-01-01"}})
    assert buttons


async def test_a_second_rating_replaces_the_first(world: World) -> None:
    for stars in (1, 4):
        await run(ActionRate(), "/rate_service", "rate_service", entities={"stars": stars})
    (row,) = await world.rows(Rating.__table__)
    assert row["value"] == 4


async def test_a_rating_of_an_erased_conversation_is_dropped(world: World) -> None:
    said, _ = await run(ActionRate(), "đánh giá 5 sao", "rate_service", sender="gone")
    assert said["response"] == "rating_good"
    assert await world.rows(Rating.__table__) == []
