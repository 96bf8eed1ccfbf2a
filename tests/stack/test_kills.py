"""A process that is killed comes back, and no message is lost meanwhile.

The supervisor is held still while a process is dead, so that "meanwhile" lasts as long as a test needs.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from running import NAMES, Running, is_alive, until

_BIRTH = "1.001193"


@contextmanager
def _dead(running: Running, name: str) -> Iterator[None]:
    """The process is dead inside, and well again after."""
    pid = running.children()[name]
    running.process.send_signal(signal.SIGSTOP)
    try:
        os.kill(pid, signal.SIGKILL)
        until(lambda: not is_alive(pid), f"{name} dies")
        yield
    finally:
        running.process.send_signal(signal.SIGCONT)
    until(lambda: running.answers(name) and set(running.children()) == set(NAMES), f"{name} is back")
    assert running.children()[name] != pid
    assert f"{name} ended (signal SIGKILL); starting it again" in running.output


@pytest.mark.parametrize("name", ["rasa", "actions"])
def test_a_message_to_a_dead_assistant_is_answered_when_it_is_back(fragile: Running, name: str) -> None:
    with fragile.visitor("vi") as visitor:
        assert visitor.say("đăng ký khai sinh cần giấy tờ gì").about == (_BIRTH, "documents")
        with _dead(fragile, name):
            assert visitor.post({"text": "thế lệ phí thì sao?"}, wait=False).status_code == 202
            assert visitor.transcript()[-1]["state"] == "waiting"
            with fragile.visitor("en") as other:  # Someone who comes meanwhile is greeted all the same.
                assert other.greeting.status == "smalltalk" and other.greeting.languages == {"en"}
                assert other.greeting.buttons
        turn = visitor.until_answered("thế lệ phí thì sao?")
        assert (turn.status, turn.about) == ("answered", (_BIRTH, "fee"))
        assert visitor.say("nộp ở đâu").about == (_BIRTH, "place")
        # Tried again, but said once.
        said = [line["from"] for line in visitor.transcript()]
        assert said == ["bot", "citizen", "bot", "citizen", "bot", "citizen", "bot"]
    assert "lệ phí" not in fragile.output and "khai sinh" not in fragile.output, (
        "a citizen's words in the log"
    )


def test_without_the_portal_the_last_copy_is_shown_with_its_date(fragile: Running) -> None:
    with fragile.visitor("vi") as visitor:
        assert visitor.say("đăng ký khai sinh").status == "answered"
        with _dead(fragile, "portal"):
            copy = visitor.say("lệ phí bao nhiêu")
            assert (copy.status, copy.about) == ("portal_unavailable", (_BIRTH, "fee"))
            assert re.search(r"\d{1,2}/\d{1,2}/\d{4}", copy.text)
            assert visitor.say("H49.33-250421-0001").status == "portal_unavailable"
        assert visitor.say("lệ phí bao nhiêu").status == "answered"


def test_a_killed_gateway_forgets_nothing(fragile: Running) -> None:
    with fragile.visitor("vi") as visitor:
        assert visitor.say("đăng ký khai sinh").about == (_BIRTH, "overview")
        # Rasa sleeps, so that the gateway dies with the message in its hands.
        rasa = fragile.children()["rasa"]
        os.kill(rasa, signal.SIGSTOP)
        try:
            assert visitor.post({"text": "thế lệ phí thì sao?"}, wait=False).status_code == 202
            with _dead(fragile, "gateway"):
                pass
        finally:
            os.kill(rasa, signal.SIGCONT)
        assert visitor.until_answered("thế lệ phí thì sao?").about == (_BIRTH, "fee")
        assert [line["from"] for line in visitor.transcript()] == ["bot", "citizen", "bot", "citizen", "bot"]
