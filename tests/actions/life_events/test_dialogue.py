"""The questions, the plan, and the hook in the questions about procedures."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy import select

from actions import portal
from actions.life_events import store
from actions.life_events.checklist import PAPERS_PER_PAGE, ActionLifeChecklist
from actions.life_events.form import ActionAskLifeDone, ActionLifePlan, ValidateLifeForm
from actions.portal import Record
from actions.procedures import ActionAnswerProcedure, ActionOutOfScope
from portal.errors import NotFound, PortalUnavailable
from portal.models import Case, Document, Duration, Fee, Method, Procedure
from troly.database import async_engine
from troly.tables import Base
from troly.tables.checklists import Checklist
from troly.tables.conversations import forget_dialogue

ANSWERS = {"parents": "married", "together": "single", "insured": "none"}
FORM = {"name": "life_form"}


@pytest.fixture
async def database(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    engine = async_engine(f"sqlite:///{tmp_path / 'life.db'}")
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    monkeypatch.setattr(portal, "engine", lambda: engine)
    yield engine
    await engine.dispose()


@pytest.fixture
def records(procedure: Callable[..., Procedure], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The portal's records by code; the tests may change them."""

    def record(code: str, amount: int | None, days: float, *papers: str) -> Record:
        documents = tuple(Document(name, "", 1, 0, ()) for name in papers)
        time = Duration(days, "WORKING_DAY")
        made = procedure(
            code=code,
            name=f"Thủ tục {code}",
            methods=(Method("DIRECT", time, (Fee("FEE", amount, "VND", ""),), ""),),
            cases=(Case("", documents, None),),
            source_url=f"https://portal.example/{code}",
        )
        return Record(made, is_copy=False)

    known: dict[str, Any] = {
        "1.001193": record("1.001193", 8000, 1, "Giấy chứng sinh", "Tờ khai khai sinh"),
        "1.004222": record("1.004222", 20000, 7, "Tờ khai CT01", "Giấy chứng sinh"),
        "1.014137": record(
            "1.014137", None, 5, "Tờ khai bảo hiểm", "Giấy ủy quyền trong trường hợp ủy quyền"
        ),
    }

    async def give(code: str) -> Record:
        found = known.get(code, NotFound("no"))
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(portal, "procedure_record", give)
    return known


class Talk:
    """Runs actions one after another and keeps the slots."""

    def __init__(self) -> None:
        self.slots: dict[str, Any] = {}
        self.loop: dict[str, Any] = {}
        self.said: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []

    async def __call__(
        self, action: Any, intent: str, text: str = "…", *, before: list[Any] | None = None, **found: Any
    ) -> None:
        entities = [{"entity": name, "value": value} for name, value in found.pop("entities", {}).items()]
        latest = {"text": text, "intent": {"name": intent}, "entities": entities, **found}
        tracker = Tracker("c", self.slots, latest, before or [], False, None, self.loop, "action_listen")
        dispatcher = CollectingDispatcher()
        self.events = list(await action.run(dispatcher, tracker, {}))
        self.said = dispatcher.messages
        for event in self.events:
            if event["event"] == "slot":
                self.slots[event["name"]] = event["value"]


@pytest.fixture
def talk() -> Talk:
    return Talk()


async def planned(talk: Talk) -> None:
    talk.slots |= {"life_event": "new-baby", "life_answers": ANSWERS}
    await talk(ActionLifePlan(), "life_event", "/life_event{}")


async def test_the_questions_are_asked_one_after_another(talk: Talk, read_out: Any) -> None:
    await talk(ValidateLifeForm(), "life_event", "/life_event{}", entities={"life_event": "new-baby"})
    talk.loop = FORM
    await talk(ActionAskLifeDone(), "life_event", "/life_event{}")
    assert "60 ngày" in read_out(talk.said[0])
    assert talk.said[0]["answer"]["status"] == "form"
    for text in ("đã đăng ký kết hôn", "làm từng việc"):
        await talk(ValidateLifeForm(), "out_of_scope", text)
        assert talk.slots["life_done"] is None
    await talk(ActionAskLifeDone(), "out_of_scope", "làm từng việc")
    payloads = [button["payload"] for button in talk.said[0]["choices"]]
    assert '"life_answers": "parents:married,together:single,insured:mother"' in payloads[0]
    assert all(len(payload) <= 512 for payload in payloads)
    await talk(ValidateLifeForm(), "deny", "không ai")
    assert talk.slots["life_done"] == "yes"
    assert talk.slots["life_answers"] == ANSWERS


async def test_words_about_no_procedure_bring_the_question_again(talk: Talk) -> None:
    talk.slots |= {"life_event": "new-baby", "life_answers": {}}
    talk.loop = FORM
    await talk(ValidateLifeForm(), "ask_procedure", "tôi là người nước ngoài")
    assert talk.slots["life_event"] == "new-baby" and talk.slots["life_done"] is None
    await talk(ActionAskLifeDone(), "ask_procedure", "tôi là người nước ngoài")
    assert talk.said[0]["response"] == "life_question"


async def test_another_question_in_between_is_left_to_its_own_answer(talk: Talk) -> None:
    talk.slots |= {"life_event": "new-baby", "life_answers": {}}
    talk.loop = FORM
    await talk(ValidateLifeForm(), "ask_fee", "đăng ký tạm trú lệ phí bao nhiêu", procedure_decision="choose")
    assert talk.events == []
    spoken = [{"event": "user"}, {"event": "bot"}]
    await talk(ActionAskLifeDone(), "ask_fee", "đăng ký tạm trú lệ phí bao nhiêu", before=spoken)
    assert (talk.said[0]["response"], talk.said[0]["answer"]) == ("life_resume", {})


async def test_the_plan_has_order_fees_times_and_sources(
    talk: Talk, records: Any, database: Any, read_out: Any
) -> None:
    await planned(talk)
    text = read_out(talk.said[0])
    assert text.index("1. Đăng ký khai sinh (mã 1.001193)") < text.index("2. Đăng ký thường trú")
    assert "Cộng lệ phí mà Cổng ghi rõ: 28.000 đồng" in text
    assert "Chưa tính việc 3" in text
    assert "Lâu nhất là việc 2: 7 ngày làm việc" in text
    answer = talk.said[0]["answer"]
    assert answer["status"] == "answered"
    assert [source["url"] for source in answer["sources"]][:1] == ["https://portal.example/1.001193"]
    assert all(source["as_of"] for source in answer["sources"])
    assert talk.said[0]["links"][0]["url"].endswith(".pdf")
    assert [one["procedure_code"] for one in talk.slots["choices"]] == ["1.001193", "1.004222", "1.014137"]
    assert "New" not in text and "28,000 VND" in read_out(talk.said[0], "en")


async def test_what_the_portal_does_not_have_or_give_is_said(
    talk: Talk, records: Any, database: Any, read_out: Any
) -> None:
    del records["1.004222"]
    records["1.014137"] = PortalUnavailable("timeout", "no answer")
    await planned(talk)
    text = read_out(talk.said[0])
    assert "Không có trong danh mục của Cổng: Đăng ký thường trú cho bé" in text
    assert "Chưa lấy được lúc này: Cấp thẻ bảo hiểm y tế" in text


async def test_without_any_record_nothing_is_made_up(
    talk: Talk, records: Any, database: Any, read_out: Any
) -> None:
    records.clear()
    await planned(talk)
    assert talk.said[0]["answer"]["status"] == "not_found"
    assert "18001096" in read_out(talk.said[0])


async def test_a_stored_copy_is_said_to_be_one(
    talk: Talk, records: Any, database: Any, read_out: Any
) -> None:
    records["1.001193"] = Record(records["1.001193"].procedure, is_copy=True)
    await planned(talk)
    assert talk.said[0]["answer"]["status"] == "portal_unavailable"
    assert "bản lưu" in read_out(talk.said[0])


async def test_the_plan_is_told_also_where_the_checklist_cannot_be_kept(
    talk: Talk, records: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = async_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    monkeypatch.setattr(portal, "engine", lambda: engine)
    await planned(talk)
    await engine.dispose()
    assert talk.said[0]["links"] == []
    assert talk.slots["checklist"] is None


async def test_papers_are_ticked_off_by_button_and_by_words(
    talk: Talk, records: Any, database: Any, read_out: Any
) -> None:
    await planned(talk)
    kept = talk.slots["checklist"]
    await talk(ActionLifeChecklist(), "life_checklist", "/life_checklist{}", entities={"checklist": kept})
    text = read_out(talk.said[0])
    assert "đã có 0/5" in text
    assert "1. Giấy chứng sinh (1 bản chính) – việc 1, 2" in text
    assert text.index("Chỉ khi thuộc trường hợp đó") < text.index("Giấy ủy quyền")
    pressed = {"checklist": kept, "paper": "1"}
    await talk(ActionLifeChecklist(), "life_checklist", "/life_checklist{}", entities=pressed)
    assert "Đã ghi: có Giấy chứng sinh" in read_out(talk.said[0])
    await talk(ActionAnswerProcedure(), "ask_documents", "em đã có tờ khai CT01 rồi ạ")
    assert "đã có 2/5" in read_out(talk.said[0])
    await talk(ActionOutOfScope(), "out_of_scope", "tôi có giấy số 2 rồi")
    assert "đã có 3/5" in read_out(talk.said[0])
    back = {"checklist": kept, "paper": "1", "ticked": "no"}
    await talk(ActionLifeChecklist(), "life_checklist", "/life_checklist{}", entities=back)
    assert "Đã bỏ đánh dấu: Giấy chứng sinh" in read_out(talk.said[0])
    for asked in ("gửi em bản pdf", "còn gì nữa không", "send me the list", "the list as pdf please"):
        await talk(ActionAnswerProcedure(), "ask_procedure", asked)
        assert "đã có 2/5" in read_out(talk.said[0]), asked
    await talk(ActionAnswerProcedure(), "ask_documents", "còn thiếu gì nữa không")
    assert "đã có 2/5" in read_out(talk.said[0])


async def test_all_ticked_off_is_said(talk: Talk, records: Any, database: Any, read_out: Any) -> None:
    await planned(talk)
    for number in range(1, 6):
        pressed = {"checklist": talk.slots["checklist"], "paper": str(number)}
        await talk(ActionLifeChecklist(), "life_checklist", "/life_checklist{}", entities=pressed)
    assert "đã có đủ 5 giấy tờ" in read_out(talk.said[0])


@pytest.mark.parametrize(
    "text", ["làm giấy chứng sinh ở đâu", "có cần giấy chứng sinh không", "đã có thẻ đảng", "có giấy tờ gì"]
)
async def test_questions_and_other_papers_tick_nothing_off(
    talk: Talk, records: Any, database: Any, text: str
) -> None:
    await planned(talk)
    await talk(ActionAnswerProcedure(), "ask_documents", text)
    assert all(message["response"] not in ("life_checklist", "life_checklist_done") for message in talk.said)
    kept = await store.find("c", talk.slots["checklist"])
    assert kept and not any(paper["done"] for paper in kept.papers)


async def test_long_lists_come_in_pages(talk: Talk, records: Any, database: Any, read_out: Any) -> None:
    papers = tuple(Document(f"Giấy loại {number}", "", 1, 0, ()) for number in range(1, 15))
    whole = records["1.001193"].procedure
    from dataclasses import replace

    records["1.001193"] = Record(replace(whole, cases=(Case("", papers, None),)), is_copy=False)
    await planned(talk)
    kept = talk.slots["checklist"]
    await talk(ActionLifeChecklist(), "life_checklist", "/life_checklist{}", entities={"checklist": kept})
    assert len(talk.said[0]["choices"]) == PAPERS_PER_PAGE + 1
    pressed = {"checklist": kept, "page": "2"}
    await talk(ActionLifeChecklist(), "life_checklist", "/life_checklist{}", entities=pressed)
    assert "7. Giấy loại 7" in read_out(talk.said[0])


async def test_a_checklist_of_another_conversation_is_not_shown(
    talk: Talk, records: Any, database: Any
) -> None:
    other = await store.keep("someone else", "vi", {"papers": [], "steps": [], "title": {}})
    await talk(ActionLifeChecklist(), "life_checklist", "/life_checklist{}", entities={"checklist": other.id})
    assert talk.said[0]["response"] == "no_checklist"


async def test_a_forgotten_dialogue_has_no_checklist(talk: Talk, records: Any, database: Any) -> None:
    await planned(talk)
    async with database.begin() as connection:
        await forget_dialogue(connection, "c")
    async with database.connect() as connection:
        assert (await connection.execute(select(Checklist.id))).all() == []


async def test_a_bare_situation_opens_its_event_where_the_finder_is_unsure(talk: Talk) -> None:
    await talk(ActionAnswerProcedure(), "ask_procedure", "vợ em mới sinh", procedure_decision="none")
    assert talk.said == []
    assert talk.slots["life_event"] == "new-baby"
    assert [event["name"] for event in talk.events if event["event"] == "followup"] == ["life_form"]


async def test_where_the_finder_is_sure_its_answer_stands_and_the_event_is_offered(
    talk: Talk, records: Any
) -> None:
    found = [{"code": "1.001193", "name": "Đăng ký khai sinh", "score": 1.0}]
    await talk(
        ActionAnswerProcedure(),
        "ask_procedure",
        "vợ em mới sinh",
        procedures=found,
        procedure_decision="answer",
    )
    assert talk.said[0]["answer"]["procedure_code"] == "1.001193"
    assert talk.said[0]["choices"][0]["payload"] == '/life_event{"life_event": "new-baby"}'
    assert len(talk.said[0]["choices"]) <= 5


async def test_a_question_about_one_aspect_offers_no_event(talk: Talk, records: Any) -> None:
    found = [{"code": "1.001193", "name": "Đăng ký khai sinh", "score": 1.0}]
    await talk(
        ActionAnswerProcedure(), "ask_fee", "lệ phí khai sinh", procedures=found, procedure_decision="answer"
    )
    assert not any("life_event" in button["payload"] for button in talk.said[0]["choices"])


async def test_the_finders_guess_stays_one_press_away(talk: Talk) -> None:
    found = [{"code": "1.001193", "name": "Đăng ký khai sinh", "score": 1.0}]
    talk.slots |= {"life_event": "new-baby", "life_answers": {}}
    await talk(
        ActionAskLifeDone(),
        "ask_procedure",
        "vợ em mới sinh",
        procedures=found,
        procedure_decision="choose",
    )
    assert talk.said[0]["choices"][-1]["payload"] == '/ask_procedure{"procedure_code": "1.001193"}'


@pytest.mark.parametrize(
    ("intent", "text"),
    [("ask_fee", "vợ mới sinh"), ("ask_procedure", "làm giấy khai sinh"), ("ask_place", "chuyển nhà")],
)
async def test_other_questions_stay_questions_about_a_procedure(talk: Talk, intent: str, text: str) -> None:
    await talk(ActionAnswerProcedure(), intent, text, procedure_decision="none")
    assert talk.said[0]["response"] == "ask_which_procedure"


async def test_nonsense_in_a_payload_leads_to_the_list_of_events(talk: Talk) -> None:
    await talk(ValidateLifeForm(), "life_event", "/life_event{}", entities={"life_event": "x"})
    await talk(ActionAskLifeDone(), "life_event", "/life_event{}")
    assert talk.said[0]["response"] == "choose_life_event"
    assert talk.said[0]["answer"]["status"] == "clarify"
