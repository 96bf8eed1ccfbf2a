"""A gateway says what went live within seconds, and what is shipped whenever that cannot be had."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Any

from sqlalchemy import event, insert, text

from channels import texts
from tests.console.conftest import Office
from troly.answers.notices import NOTICE, shipped
from troly.tables.answers import AnswerRelease, AnswerVersion

NAME = "text_too_long"
VI, EN = "Xin viết không quá {limit} chữ.", "Please write at most {limit} letters."


async def release(gateway: Any, content: Any, name: str = NAME) -> None:
    """What the console does when a text is approved."""
    async with gateway.store.write() as connection:
        row = await connection.execute(
            insert(AnswerVersion)
            .values(kind=NOTICE, key=name, content=content, state="approved", author="lan")
            .returning(AnswerVersion.id)
        )
        await connection.execute(
            insert(AnswerRelease).values(kind=NOTICE, key=name, version=row.scalar_one(), by="mai")
        )


async def told(visitor: Any) -> str:
    response = await visitor.send("a" * 10_000)
    assert response.status_code == 413, response.text
    said: str = response.json()["error"]["message_vi"]
    return said


async def until(visitor: Any, start: str) -> float:
    """Seconds until the visitor is told so."""
    began = perf_counter()
    async with asyncio.timeout(6):
        while not (await told(visitor)).startswith(start):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return perf_counter() - began


async def test_an_approved_text_is_said_in_less_than_three_seconds_and_taken_back_as_quickly(
    stack: Any,
) -> None:
    visitor = await stack.visitor()
    own = shipped()[NAME].text["vi"].split("{")[0]
    assert (await told(visitor)).startswith(own)
    office = Office(stack.gateway.settings, stack.gateway.store, stack.app)
    lan, mai = await office.staff("editor", name="lan"), await office.staff("editor", name="mai")
    page = f"/answers/notices/{NAME}"
    words = {"vi.text": VI, "en.text": EN, "release": "0", "draft": "0"}
    assert (await office.post(lan, page, words)).status_code == 303
    ((version,),) = await office.rows(text("SELECT id FROM answer_version"))
    assert (await told(visitor)).startswith(own), "a draft is not said"
    assert (await office.post(mai, f"{page}/approve", {"version": str(version)})).status_code == 303
    assert await until(visitor, "Xin viết không quá 5000 chữ.") < 3
    assert (await office.post(mai, f"{page}/restore", {"version": "0"})).status_code == 303
    assert await until(visitor, own) < 3
    for client in office.clients:
        await client.aclose()


async def test_a_text_that_does_not_fit_is_not_said_and_a_gone_table_changes_nothing(stack: Any) -> None:
    visitor = await stack.visitor()
    await release(stack.gateway, {"vi": {"text": VI}, "en": {"text": EN}})
    await until(visitor, "Xin viết")
    async with stack.gateway.store.write() as connection:
        await connection.execute(text("ALTER TABLE answer_release RENAME TO elsewhere"))
    await asyncio.sleep(2.5)
    assert (await told(visitor)).startswith("Xin viết"), "what was known last"
    async with stack.gateway.store.write() as connection:
        await connection.execute(text("ALTER TABLE elsewhere RENAME TO answer_release"))
    await release(stack.gateway, {"vi": {"text": "Dài quá."}, "en": {"text": EN}})
    await until(visitor, shipped()[NAME].text["vi"].split("{")[0])


async def test_nothing_is_asked_for_a_text(stack: Any) -> None:
    asked: list[str] = []
    engine = stack.gateway.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    visitor = await stack.visitor()
    await stack.gateway.wording.stop()
    asked.clear()
    for _ in range(5):
        await visitor.ask("một")
        texts.error_reply("vi")
    assert asked and not [one for one in asked if "answer_" in one]
