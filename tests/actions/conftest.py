"""Records built by hand, turns as Rasa hands them over, and texts as citizens read them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy.ext.asyncio import AsyncEngine

from actions.aspects import View
from actions.attempts import Attempts, Limits
from bot.response_files import LANGUAGES, english_terms, load
from portal.following import Following
from portal.models import Application, Case, Document, Duration, Fee, Method, Procedure, Step
from troly.answers.rendering import Renderer
from troly.database import async_engine
from troly.database import engine as sync_engine
from troly.privacy import Keyring, new_key
from troly.tables import Base

AS_OF = datetime(2026, 7, 1, 3, 0, tzinfo=UTC)


@pytest.fixture
def procedure() -> Callable[..., Procedure]:
    """Makes a record that states nothing but what is given."""

    def make(**stated: Any) -> Procedure:
        nothing: dict[str, Any] = {
            "id": "id-1",
            "code": "1.001193",
            "name": "Thủ tục đăng ký khai sinh",
            "name_en": None,
            "field": "Hộ tịch",
            "type": "STANDARD",
            "levels": (),
            "issuer": "",
            "agencies": (),
            "receiving_address": "",
            "subjects": (),
            "methods": (),
            "cases": (),
            "steps": (),
            "requirements": "",
            "results": (),
            "legal_bases": (),
            "online": "none",
            "decision": "",
            "updated_at": None,
            "as_of": AS_OF,
            "source_url": "https://portal.example/1",
            "province": None,
        }
        return Procedure(**{**nothing, **stated})

    return make


@pytest.fixture
def application() -> Callable[..., Application]:
    """Makes an application in work that states nothing but what is given."""

    def make(**stated: Any) -> Application:
        nothing: dict[str, Any] = {
            "code": "H49.33-250421-0001",
            "procedure_code": "1.001193",
            "procedure_name": "Đăng ký khai sinh",
            "status": 4,
            "status_text": "",
            "agency": "UBND phường Hạ Long",
            "channel": "DIRECT",
            "applied_at": None,
            "accepted_at": None,
            "due_at": None,
            "completed_at": None,
            "supplement": None,
            "fee_due": None,
            "refusal": "",
            "as_of": AS_OF,
            "source_url": "https://portal.example/status",
        }
        return Application(**{**nothing, **stated})

    return make


@pytest.fixture
def full(procedure: Callable[..., Procedure]) -> Procedure:
    """A record that states everything that the overview shows."""
    papers = (Document("Tờ khai đăng ký khai sinh", "", 1, 0, ()), Document("Giấy chứng sinh", "", 1, 1, ()))
    time = Duration(3, "WORKING_DAY")
    return procedure(
        agencies=("Ủy ban nhân dân cấp xã",),
        methods=(Method("DIRECT", time, (Fee("FEE", 8000, "VND", ""),), ""),),
        cases=(Case("", papers, None),),
        steps=(Step("", "Nộp hồ sơ."),),
        results=("Giấy khai sinh",),
        online="full",
    )


@pytest.fixture(scope="session")
def renderers() -> dict[str, Renderer]:
    return {lang: Renderer(lang, load(lang), english_terms() if lang == "en" else None) for lang in LANGUAGES}


@pytest.fixture
def read_out(renderers: dict[str, Renderer]) -> Callable[..., str]:
    """A view, or what an action uttered, as the citizen reads it."""

    def text(said: View | dict[str, Any], language: str = "vi") -> str:
        renderer = renderers[language]
        if isinstance(said, dict):
            return renderer.text(said["response"], said)
        around = {
            "title": "Đăng ký khai sinh",
            "official_title": "",
            "code": "1.001193",
            "offices": {"response": "label_one_stop_desk"},
            "copy": "",
            "withdrawn": "",
        }
        return renderer.text(said.response, {**around, **said.values})

    return text


@dataclass
class Outcome:
    """What an action did."""

    messages: list[dict[str, Any]]
    events: list[dict[str, Any]]

    @property
    def said(self) -> dict[str, Any]:
        """The one message."""
        assert len(self.messages) == 1, self.messages
        return self.messages[0]

    @property
    def slots(self) -> dict[str, Any]:
        """The slots that were set."""
        return {event["name"]: event["value"] for event in self.events if event["event"] == "slot"}


@pytest.fixture
def act() -> Callable[..., Awaitable[Outcome]]:
    """Runs an action on a message: intent, text, entities, what the finder found, and slots."""

    async def run(
        action: Action,
        intent: str,
        text: str = "…",
        entities: dict[str, Any] | None = None,
        slots: dict[str, Any] | None = None,
        **found: Any,
    ) -> Outcome:
        latest = {
            "text": text,
            "intent": {"name": intent, "confidence": 1.0},
            "entities": [{"entity": name, "value": value} for name, value in (entities or {}).items()],
            **found,
        }
        tracker = Tracker("c", dict(slots or {}), latest, [], False, None, {}, "action_listen")
        dispatcher = CollectingDispatcher()
        events = await action.run(dispatcher, tracker, {})
        return Outcome(dispatcher.messages, list(events))

    return run


class FakePortal:
    """Stands where the portal's client stands: answers with these, or raises."""

    def __init__(self) -> None:
        self.answer: Any = None
        self.asked: list[str] = []
        self.features: set[str] = set()
        self.disclosure: Any = None
        self.factors: list[Any] = []

    def offers(self, feature: str) -> bool:
        return feature in self.features

    async def verify(self, code: str, factor: Any) -> Any:
        self.factors.append(factor)
        if isinstance(self.disclosure, Exception):
            raise self.disclosure
        return self.disclosure

    async def _give(self, what: str) -> Any:
        self.asked.append(what)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    get_procedure = _give
    get_application = _give


class FakeCatalogue:
    """The stored copies, by code."""

    def __init__(self) -> None:
        self.copies: dict[str, Procedure] = {}

    async def get(self, code: str) -> Procedure | None:
        return self.copies.get(code)

    async def identity(self, code: str) -> str | None:
        return self.copies[code].id if code in self.copies else None


@pytest.fixture
def portal_client(monkeypatch: pytest.MonkeyPatch) -> FakePortal:
    fake = FakePortal()
    monkeypatch.setattr("actions.portal.client", lambda: fake)
    return fake


@pytest.fixture
async def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AsyncEngine]:
    """An empty database behind the actions, with the counters of attempts and the followed applications."""
    url = f"sqlite:///{tmp_path / 'actions.db'}"
    made = sync_engine(url)
    Base.metadata.create_all(made)
    made.dispose()
    engine = async_engine(url)
    attempts = Attempts(engine, Keyring([new_key()]), Limits())
    following = Following(engine, minutes=30)
    monkeypatch.setattr("actions.portal.engine", lambda: engine)
    monkeypatch.setattr("actions.portal.attempts", lambda: attempts)
    monkeypatch.setattr("actions.portal.following", lambda: following)
    yield engine
    await engine.dispose()


@pytest.fixture
def copies(monkeypatch: pytest.MonkeyPatch) -> dict[str, Procedure]:
    fake = FakeCatalogue()
    monkeypatch.setattr("actions.portal.catalogue", lambda: fake)
    return fake.copies
