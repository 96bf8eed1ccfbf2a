"""The national adapter against the demo portal over real HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from portal.adapters.national import NationalPortal
from portal.errors import NotFound, PortalProtocolError, RecordError
from portal.http import Http

Make = Callable[..., dict[str, Any]]


async def test_the_list_is_read_to_its_end_by_cursor(demo: Any, record: Make) -> None:
    running = demo([record(number) for number in range(1, 8)])
    portal = NationalPortal(Http(running.url))
    found: list[str] = []
    cursor, pages = None, 0
    while True:
        page = await portal.page(cursor, size=3)
        found += [item.code for item in page.items]
        pages += 1
        if page.next is None:
            break
        cursor = page.next
    await portal.aclose()
    assert found == [f"1.{number:06d}" for number in range(7, 0, -1)] and pages == 4


async def test_a_procedure_is_found_by_its_code(demo: Any) -> None:
    portal = NationalPortal(Http(demo().url))
    identity = await portal.identity("1.000003")
    assert (await portal.detail(identity)).code == "1.000003"
    with pytest.raises(NotFound):
        await portal.identity("9.999999")
    await portal.aclose()


async def test_an_unknown_id_is_not_found(demo: Any) -> None:
    portal = NationalPortal(Http(demo().url))
    with pytest.raises(NotFound):
        await portal.detail("00000000-0000-7000-8000-999999999999")
    await portal.aclose()


async def test_the_firewalls_page_is_a_protocol_error(demo: Any) -> None:
    running = demo()
    running.fail("html")
    portal = NationalPortal(Http(running.url))
    with pytest.raises(PortalProtocolError):
        await portal.page()
    await portal.aclose()


@pytest.mark.parametrize(
    "body",
    [
        {"code": "ERROR", "message": "x", "data": None},
        {"code": "OK", "data": None},
        {"code": "OK", "data": {"items": None}},
        {"code": "OK", "data": {"items": [{"name": "no id"}]}},
        [],
        None,
        "OK",
    ],
)
async def test_an_envelope_of_another_shape_is_a_protocol_error(body: Any) -> None:
    transport = httpx.MockTransport(lambda _request: httpx.Response(201, json=body))
    portal = NationalPortal(Http("http://portal.test", transport=transport))
    with pytest.raises(PortalProtocolError):
        await portal.page()
    await portal.aclose()


async def test_a_detail_without_a_name_is_a_record_error() -> None:
    body = {"code": "OK", "data": {"id": "1", "code": "1.1"}}
    transport = httpx.MockTransport(lambda _request: httpx.Response(201, json=body))
    portal = NationalPortal(Http("http://portal.test", transport=transport))
    with pytest.raises(RecordError, match="no name"):
        await portal.detail("1")
    await portal.aclose()
