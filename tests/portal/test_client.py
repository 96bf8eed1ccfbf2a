"""The client against the demo portal over real HTTP."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from portal.demo.schema import ApplicationData
from portal.errors import NotFound, PortalProtocolError, PortalUnavailable
from portal.models import STATUS_NAMES
from troly.settings import Settings

CODE = "H49.08-251105-0312"


async def test_a_procedure_is_read_by_id_and_by_any_form_of_its_code(demo: Any) -> None:
    client = demo().client()
    first = await client.get_procedure("1.000003")
    assert await client.get_procedure(first.id) == first
    assert await client.get_procedure("1.000003.000.00.00.H49") == first
    with pytest.raises(NotFound):
        await client.get_procedure("9.999999")
    await client.aclose()


async def test_a_second_question_is_answered_from_memory_until_it_is_too_old(demo: Any, record: Any) -> None:
    running = demo()
    client = running.client(portal_cache_seconds=0.3)
    before = await client.get_procedure("1.000001")
    running.data.put(record(1, name="Tên mới"))
    assert (await client.get_procedure("1.000001")).name == before.name
    await asyncio.sleep(0.35)
    assert (await client.get_procedure("1.000001")).name == "Tên mới"
    await client.aclose()


async def test_many_at_once_share_one_question(demo: Any) -> None:
    running = demo()
    client = running.client()
    identity = (await client.list_procedures()).items[0].id
    running.fail("slow", seconds=0.3, times=1)
    found = await asyncio.gather(*(client.get_procedure(identity) for _ in range(30)))
    # Had there been a second question, it would have made another record with another date.
    assert len({id(item) for item in found}) == 1
    await client.aclose()


async def test_who_gives_up_does_not_take_the_answer_from_the_others(demo: Any) -> None:
    running = demo()
    client = running.client()
    identity = (await client.list_procedures()).items[0].id
    running.fail("slow", seconds=0.4, times=1)
    first = asyncio.create_task(client.get_procedure(identity))
    await asyncio.sleep(0.1)
    second = asyncio.create_task(client.get_procedure(identity))
    await asyncio.sleep(0.1)
    first.cancel()
    assert (await second).id == identity
    await client.aclose()


async def test_an_error_is_not_remembered(demo: Any) -> None:
    running = demo()
    client = running.client()
    running.fail("garbage", times=1)
    with pytest.raises(PortalProtocolError):
        await client.get_procedure("1.000001")
    assert (await client.get_procedure("1.000001")).code == "1.000001"
    await client.aclose()


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("error", "server"),
        ("html", "protocol"),
        ("garbage", "protocol"),
        ("wrong_types", "protocol"),
        ("huge", "protocol"),
        ("hang", "timeout"),
    ],
)
async def test_each_failure_has_its_own_reason_and_passes(demo: Any, mode: str, reason: str) -> None:
    running = demo()
    client = running.client(portal_timeout=0.5)
    running.fail(mode)
    start = time.monotonic()
    for ask in (client.get_procedure("1.000001"), client.get_application(CODE)):
        with pytest.raises(PortalUnavailable) as caught:
            await ask
        assert caught.value.reason == reason
    assert time.monotonic() - start < 30
    running.fail("off")
    assert (await client.get_application(CODE)).code == CODE
    await client.aclose()


@pytest.mark.parametrize("kind", ["igate", "lgsp"])
async def test_all_ten_statuses_are_told_without_personal_data(
    demo: Any, application: Callable[..., ApplicationData], kind: str
) -> None:
    applications = [application(f"H49.08-251105-{status:04d}", status=status) for status in range(1, 11)]
    client = demo(None, applications).client(status_kind=kind)
    for status in range(1, 11):
        found = await client.get_application(f"H49.08-251105-{status:04d}")
        assert (found.status, found.status_text) == (status, STATUS_NAMES[status])
        assert found.procedure_name == "Cấp giấy phép mẫu số 1" and found.due_at is not None
        shown = json.dumps(found.to_dict(), ensure_ascii=False)
        assert not [part for part in ("Bí Mật", "000190000077", "0900000077") if part in shown]
    with pytest.raises(NotFound):
        await client.get_application("H49.08-251105-9999")
    await client.aclose()


@pytest.mark.parametrize("kind", ["igate", "lgsp"])
async def test_what_the_citizen_has_to_do_is_told(
    demo: Any, application: Callable[..., ApplicationData], kind: str
) -> None:
    supplement = {"documents": ["Giấy khai sinh"], "note": "Bản sao đã mờ.", "by_in_days": 7}
    applications = [
        application("H49.08-251105-0005", status=5, supplement=supplement),
        application("H49.08-251105-0006", status=6, fee_due={"amount": 50000, "note": "Nộp tại quầy."}),
        application("H49.08-251105-0003", status=3, refusal="Không thuộc thẩm quyền."),
    ]
    client = demo(None, applications).client(status_kind=kind)
    asked = (await client.get_application("H49.08-251105-0005")).supplement
    assert asked is not None and asked.documents == ("Giấy khai sinh",) and asked.note == "Bản sao đã mờ."
    assert asked.by is not None
    due = (await client.get_application("H49.08-251105-0006")).fee_due
    assert due is not None and (due.amount, due.note) == (50000, "Nộp tại quầy.")
    assert (await client.get_application("H49.08-251105-0003")).refusal == "Không thuộc thẩm quyền."
    await client.aclose()


async def test_without_a_status_service_that_is_said_and_not_that_the_application_is_unknown() -> None:
    from portal.client import PortalClient

    client = PortalClient.from_settings(Settings(_env_file=None, portal_url="http://127.0.0.1:9"))  # type: ignore[call-arg]
    with pytest.raises(PortalUnavailable, match="STATUS_URL"):
        await client.get_application(CODE)
    await client.aclose()
