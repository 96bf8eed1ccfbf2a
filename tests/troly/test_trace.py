"""One id that follows a message."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog import contextvars

from troly import trace

ID = "0af7651916cd43dd8448eb211c80319c"
STEP = "b7ad6b7169203331"


@pytest.fixture(autouse=True)
def _nothing_left() -> None:
    contextvars.clear_contextvars()


def test_the_next_process_gets_it_in_the_form_of_w3c() -> None:
    with trace.follow(ID):
        sent = trace.headers()["traceparent"]
        version, trace_id, step, flags = sent.split("-")
        assert (version, trace_id, flags) == ("00", ID, "01") and len(step) == 16
        assert trace.portal_headers()["X-Request-Id"] == ID
        with trace.received({"traceparent": sent}):
            assert (trace.current(), trace.asked_by()) == (ID, step)
    assert trace.current() is None and trace.asked_by() is None


def test_outside_the_work_on_a_message_nothing_is_sent() -> None:
    assert trace.headers() == trace.portal_headers() == {}


@given(st.text() | st.sampled_from(["0" * 32, ID.upper(), ID + "\n", f"{ID}-x", "conversation-greeting"]))
def test_what_has_not_the_form_of_an_id_is_not_carried(text: str) -> None:
    with trace.follow(text):
        assert trace.current() is None and trace.headers() == {}


@given(st.text() | st.sampled_from([f"00-{'0' * 32}-{STEP}-01", f"00-{ID}-{'0' * 16}-01", f"00-{ID}-{STEP}"]))
def test_a_header_that_is_none_is_ignored(text: str) -> None:
    with trace.received({"traceparent": text}):
        assert trace.current() is None


def test_a_request_without_an_id_has_not_that_of_the_one_before() -> None:
    """Sanic serves the requests of one connection in one context."""
    with trace.follow(ID):
        with trace.received({}):
            assert trace.current() is None and trace.headers() == {}
        assert trace.current() == ID


async def test_messages_that_are_worked_on_at_once_keep_their_own() -> None:
    async def work(trace_id: str) -> None:
        with trace.follow(trace_id):
            for _ in range(5):
                await asyncio.sleep(0)
                assert trace.current() == trace_id

    await asyncio.gather(*(work(f"{number:032x}") for number in range(1, 20)))
