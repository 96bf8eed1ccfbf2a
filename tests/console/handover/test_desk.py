"""The desk over a gateway with real delivery: taking, answering, passing on, ending, as officials do it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, text, update

from tests.channels.scripted import Citizen, settled
from tests.console.handover.conftest import ASK
from troly.clock import now
from troly.tables.channels import AddressRow
from troly.tables.handover import Handover


async def asked(stack: Any, visitor: Any = None) -> tuple[Any, int]:
    """A visitor who waits for an official, and the number of that."""
    visitor = visitor or await stack.visitor()
    await visitor.ask(ASK)
    (one,) = [one for one in await stack.gateway.desk.asked() if one.conversation_id == visitor.id]
    return visitor, one.id


async def actions(counter: Any) -> list[str]:
    return [row[0] for row in await counter.rows(text("SELECT action FROM audit_line ORDER BY sequence"))]


async def test_who_waits_is_seen_and_taken_and_the_assistant_is_silent(
    stack: Any, counter: Any, rasa: Any
) -> None:
    visitor, number = await asked(stack)
    await visitor.ask("số tôi là 0912345678, lệ phí?")
    officer = await counter.staff("officer", name="lan")
    page = (await officer.get("/console/handover")).text
    assert "[số điện thoại], lệ phí?" in page and "0912345678" not in page
    live = (await officer.get("/console/handover/live")).json()
    assert live["waiting"] == [number]
    taken = await counter.post(officer, f"/handover/{number}/claim")
    assert taken.status_code == 303
    await visitor.send("alo")
    await settled(stack.gateway)
    assert rasa.messages() == [ASK, "số tôi là 0912345678, lệ phí?"]
    sent = await counter.post(officer, f"/handover/{number}/reply", {"text": "Chào anh, tôi là Lan."})
    assert sent.status_code == 303
    last = (await visitor.transcript())["messages"][-1]
    assert (last["from"], last["text"]) == ("staff", "Chào anh, tôi là Lan.")
    assert await actions(counter) == ["handover_claimed", "handover_replied"]
    (line,) = await counter.rows(text("SELECT after FROM audit_line WHERE action = 'handover_replied'"))
    assert "Lan" not in line[0] and '"letters": 21' in line[0]


async def test_of_two_officials_who_take_at_once_one_gets_it(stack: Any, counter: Any) -> None:
    visitor, number = await asked(stack)
    officials = [await counter.staff("officer", name=f"officer{one}") for one in range(2)]
    tokens = [(await one.get("/console/account")).text for one in officials]
    from tests.console.conftest import csrf

    answers = await asyncio.gather(
        *(
            client.post(f"/console/handover/{number}/claim", data={"csrf": csrf(page)})
            for client, page in zip(officials, tokens, strict=True)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    told = [line["text"] for line in (await visitor.transcript())["messages"] if line["from"] == "staff"]
    assert len(told) == 1
    assert (await actions(counter)).count("handover_claimed") == 1
    loser = officials[[answer.status_code for answer in answers].index(409)]
    refused = await counter.post(loser, f"/handover/{number}/reply", {"text": "tôi đây"})
    assert refused.status_code == 409
    assert "tôi đây" in refused.text or "không còn" in refused.text
    for step in ("return", "close", "transfer"):
        refused = await counter.post(loser, f"/handover/{number}/{step}", {"seen": "1", "target": "unit:"})
        assert refused.status_code == 409, step


async def test_an_answer_of_the_assistant_that_is_late_is_dropped_and_left_for_the_official(
    stack: Any, counter: Any, rasa: Any
) -> None:
    visitor, number = await asked(stack)
    officer = await counter.staff("officer", name="lan")
    gate = asyncio.Event()
    rasa.behave = lambda *_: gate.wait()
    await visitor.send("bao nhiêu tiền")
    await rasa.until(2)
    await counter.post(officer, f"/handover/{number}/claim")
    gate.set()
    await settled(stack.gateway)
    lines = (await visitor.transcript())["messages"]
    assert not [line for line in lines if line["text"] == "echo: bao nhiêu tiền"]
    live = (await officer.get("/console/handover/live")).json()
    assert live["unread"] == {str(number): 1}


async def test_citizens_of_a_messaging_channel_get_the_replies(start: Any, rasa: Any, push: None) -> None:
    from tests.console.conftest import Office

    async with start(rasa_url=rasa.url) as stack:
        counter = Office(stack.gateway.settings, stack.gateway.store, stack.app)
        citizen = Citizen(stack)
        await citizen.write(ASK)
        await citizen.until(1)
        (one,) = await stack.gateway.desk.asked()
        officer = await counter.staff("officer", name="lan")
        await counter.post(officer, f"/handover/{one.id}/claim")
        await counter.post(officer, f"/handover/{one.id}/reply", {"text": "Mời anh đến quầy 3."})
        await counter.post(officer, f"/handover/{one.id}/close", {"seen": "9"})
        said = await citizen.until(4)
        assert said[1].startswith("Cán bộ đã vào")
        assert said[2] == "Cán bộ: Mời anh đến quầy 3."
        assert said[3].startswith("Cán bộ đã kết thúc")
        await officer.aclose()


async def test_handing_back_tells_the_citizen_and_the_assistant_answers_what_came_after(
    stack: Any, counter: Any, rasa: Any
) -> None:
    visitor, number = await asked(stack)
    officer = await counter.staff("officer", name="lan")
    await counter.post(officer, f"/handover/{number}/claim")
    await visitor.send("cảm ơn")
    await settled(stack.gateway)
    seen = (await officer.get(f"/console/handover/{number}/live")).json()["seen"]
    await visitor.send("còn lệ phí?")
    await settled(stack.gateway)
    done = await counter.post(officer, f"/handover/{number}/return", {"seen": str(seen)})
    assert done.status_code == 303
    await settled(stack.gateway)
    assert rasa.messages() == [ASK, "còn lệ phí?"]
    texts = [line["text"] for line in (await visitor.transcript())["messages"]]
    assert any("Từ đây tôi tiếp tục" in said for said in texts) and texts[-1] == "echo: còn lệ phí?"


async def test_passing_on_to_a_unit_to_a_colleague_and_to_nobody(stack: Any, counter: Any) -> None:
    visitor, number = await asked(stack)
    lan = await counter.staff("officer", name="lan")
    await counter.account("minh", "officer", unit="Đất đai")
    await counter.account("hoa", "analyst")
    await counter.post(lan, f"/handover/{number}/claim")
    page = (await lan.get(f"/console/handover/{number}")).text
    assert 'value="unit:Đất đai"' in page and 'value="to:minh"' in page and 'value="to:hoa"' not in page
    for wrong, status in (("to:hoa", 409), ("to:lan", 409), ("to:", 422), ("xin chào", 422)):
        refused = await counter.post(lan, f"/handover/{number}/transfer", {"target": wrong})
        assert refused.status_code == status, wrong
    await counter.post(lan, f"/handover/{number}/transfer", {"target": "to:minh"})
    (one,) = await stack.gateway.desk.asked()
    assert (one.state, one.claimed_by) == ("held", "minh")
    taken = await counter.post(lan, f"/handover/{number}/take-over")
    assert taken.status_code == 303
    await counter.post(lan, f"/handover/{number}/transfer", {"target": "unit:Đất đai"})
    (one,) = await stack.gateway.desk.asked()
    assert (one.state, one.unit, one.claimed_by) == ("waiting", "Đất đai", None)
    told = [line["text"] for line in (await visitor.transcript())["messages"] if line["from"] == "staff"]
    assert [said.split()[0:4] for said in told[1:]] == [
        ["Cán", "bộ", "khác", "tiếp"],
        ["Cán", "bộ", "khác", "tiếp"],
        ["Câu", "hỏi", "của", "Anh/Chị"],
    ] or len(told) >= 2


async def test_personal_data_is_seen_for_a_reason_while_one_holds_the_conversation(
    stack: Any, counter: Any
) -> None:
    visitor, number = await asked(stack)
    await visitor.ask("gọi tôi 0912345678")
    lan = await counter.staff("officer", name="lan")
    refused = await counter.post(lan, f"/handover/{number}/reveal", {"reason": "gọi lại cho công dân"})
    assert refused.status_code == 409  # not hers yet
    await counter.post(lan, f"/handover/{number}/claim")
    short = await counter.post(lan, f"/handover/{number}/reveal", {"reason": "xem"})
    assert short.status_code == 422 and "0912345678" not in short.text
    await counter.post(lan, f"/handover/{number}/reveal", {"reason": "gọi lại cho công dân"})
    assert "0912345678" in (await lan.get(f"/console/handover/{number}")).text
    assert "0912345678" in (await lan.get(f"/console/handover/{number}/live")).json()["html"]
    minh = await counter.staff("officer", name="minh")
    assert "0912345678" not in (await minh.get(f"/console/handover/{number}")).text
    await counter.post(lan, f"/handover/{number}/close", {"seen": "9"})
    assert "0912345678" not in (await lan.get(f"/console/handover/{number}")).text
    assert (await actions(counter)).count("conversation_revealed") == 1


async def test_nobody_comes_in_time_and_the_citizen_is_told(stack: Any, counter: Any) -> None:
    visitor, number = await asked(stack)
    async with stack.gateway.store.write() as connection:
        await connection.execute(update(Handover).values(asked_at=now() - timedelta(minutes=16)))
    assert await stack.gateway.desk.look() == 1
    await settled(stack.gateway)
    assert (await visitor.transcript())["messages"][-1]["text"] == "không ai đến, để lại tin nhắn?"
    officer = await counter.staff("officer", name="lan")
    late = await counter.post(officer, f"/handover/{number}/claim")
    assert late.status_code == 409
    assert (await officer.get("/console/handover/live")).json()["waiting"] == []


async def left(stack: Any, visitor: Any, words: str, number: str | None) -> int:
    keyring = stack.gateway.keyring
    async with stack.gateway.store.write() as connection:
        identity: int = await connection.scalar(
            insert(Handover)
            .values(
                conversation_id=visitor.id,
                state="message",
                reason="leave_message",
                asked_at=now(),
                message=keyring.encrypt(words),
                contact=keyring.encrypt(number) if number else None,
            )
            .returning(Handover.id)
        )
    return identity


async def test_a_message_that_was_left_is_read_answered_and_settled(stack: Any, counter: Any) -> None:
    visitor = await stack.visitor()
    number = await left(stack, visitor, "Gọi tôi về sổ đỏ, số 0987654321", "0912345678")
    officer = await counter.staff("officer", name="lan")
    page = (await officer.get("/console/handover/messages")).text
    assert "Gọi tôi về sổ đỏ" in page and "0987654321" not in page and "0912345678" not in page
    opened = await counter.post(officer, f"/handover/messages/{number}")
    assert "0987654321" in opened.text and "0912345678" in opened.text
    assert (await actions(counter))[-1] == "handover_message_read"
    await counter.post(officer, f"/handover/messages/{number}/reply", {"text": "Mời anh ra phường."})
    last = (await visitor.transcript())["messages"][-1]
    assert (last["from"], last["text"]) == ("staff", "Mời anh ra phường.")
    await counter.post(officer, f"/handover/messages/{number}/settle")
    assert await counter.rows(text("SELECT state, message, contact FROM handover")) == [
        ("closed", None, None)
    ]
    again = await counter.post(officer, f"/handover/messages/{number}")
    assert again.status_code == 409


async def test_a_message_says_when_the_platform_allows_no_answer_any_more(stack: Any, counter: Any) -> None:
    old, fresh = await stack.visitor(), await stack.visitor()
    moment = now()
    for visitor, hours in ((old, 50), (fresh, 3)):
        await left(stack, visitor, "xin gọi lại", None)
        async with stack.gateway.store.write() as connection:
            await connection.execute(
                text("UPDATE conversation SET channel = 'zalo_oa' WHERE id = :id"), {"id": visitor.id}
            )
            await connection.execute(
                insert(AddressRow).values(
                    conversation_id=visitor.id,
                    lookup=visitor.id[:32],
                    external_id="x",
                    last_inbound_at=moment - timedelta(hours=hours),
                )
            )
    officer = await counter.staff("officer", name="lan")
    page = (await officer.get("/console/handover/messages")).text
    assert page.count("Không trả lời được nữa") == 1 and page.count("Gửi được đến") == 1


async def test_the_page_being_open_makes_an_official_present_and_asking_by_itself_keeps_no_session(
    stack: Any, counter: Any
) -> None:
    officer = await counter.staff("officer", name="lan")
    await counter.post(officer, "/handover/present")
    assert [row[0] for row in await counter.rows(text("SELECT officer FROM desk_presence"))] == ["lan"]
    old = now() - timedelta(minutes=20)
    async with counter.store.write() as connection:
        await connection.execute(text("UPDATE staff_session SET seen_at = :at"), {"at": old.isoformat(" ")})
    (before,) = await counter.rows(text("SELECT seen_at FROM staff_session"))
    await officer.get("/console/handover/live", headers={"X-Idle": "1"})
    assert await counter.rows(text("SELECT seen_at FROM staff_session")) == [before]
    await officer.get("/console/handover/live")
    assert await counter.rows(text("SELECT seen_at FROM staff_session")) != [before]


async def test_hostile_words_of_a_citizen_are_only_words(stack: Any, counter: Any) -> None:
    attack = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    visitor, number = await asked(stack)
    await visitor.ask(attack)
    officer = await counter.staff("officer", name="lan")
    pages = [
        (await officer.get("/console/handover")).text,
        (await officer.get("/console/handover/live")).json()["html"],
        (await officer.get(f"/console/handover/{number}")).text,
        (await officer.get(f"/console/handover/{number}/live")).json()["html"],
    ]
    assert all("<img src=x" not in page and "&lt;img" in page for page in pages)
    for path in (f"/handover/{10**18}", "/handover/0", "/handover/x"):
        assert (await officer.get(f"/console{path}")).status_code in (404, 422), path
    stranger = await counter.staff("analyst", name="ana")
    assert (await stranger.get(f"/console/handover/{number}/live")).status_code == 403
    forged = await officer.post(f"/console/handover/{number}/claim", data={"csrf": "0" * 64})
    assert forged.status_code == 403


async def test_the_desk_on_each_database(each_office: Any) -> None:
    office, moment = each_office, now()
    lan, minh = await office.staff("officer", name="lan"), await office.staff("officer", name="minh")
    identity = await office.talk({"text": "cho gặp người, 0912345678"})
    async with office.store.write() as connection:
        await connection.execute(text("UPDATE conversation SET handover = 'waiting'"))
        number = await connection.scalar(
            insert(Handover)
            .values(conversation_id=identity, state="waiting", asked_at=moment)
            .returning(Handover.id)
        )
    from tests.console.conftest import csrf

    token = csrf((await lan.get("/console/account")).text), csrf((await minh.get("/console/account")).text)
    answers = await asyncio.gather(
        lan.post(f"/console/handover/{number}/claim", data={"csrf": token[0]}),
        minh.post(f"/console/handover/{number}/claim", data={"csrf": token[1]}),
    )
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    winner = (lan, minh)[[answer.status_code for answer in answers].index(303)]
    for path, form in (
        ("reply", {"text": "Tôi đây."}),
        ("reveal", {"reason": "gọi lại cho công dân"}),
        ("notes", {"note": "đã gọi"}),
        ("transfer", {"target": "unit:"}),
        ("claim", {}),
        ("close", {"seen": "1"}),
    ):
        done = await office.post(winner, f"/handover/{number}/{path}", form)
        assert done.status_code == 303, (path, done.text)
    for path in (
        "/handover",
        "/handover/live",
        "/handover/messages",
        "/handover/canned",
        f"/handover/{number}",
    ):
        assert (await winner.get(f"/console{path}")).status_code == 200, path
    states = await office.rows(text("SELECT state FROM handover"))
    assert [row[0] for row in states] == ["closed"]
