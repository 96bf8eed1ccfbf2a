"""The witness of logs hears both kinds of loggers, also where a test captures them."""

from __future__ import annotations

import logging

import structlog

from tests.conftest import WITNESS
from tests.log_witness import KEYS


def test_the_witness_hears_a_key_in_either_kind_of_log(caplog: object) -> None:
    heard = WITNESS.heard
    logging.getLogger("peer").warning("calling %s", f"https://platform/bot{KEYS[0]}/send")
    with structlog.testing.capture_logs():
        structlog.get_logger("ours").info("sent", url=f"https://platform/{KEYS[1]}")
        structlog.get_logger("ours").info("sent", url="https://platform/")
    assert len(WITNESS.found) == 2 and WITNESS.heard >= heard + 3
    WITNESS.found.clear()
