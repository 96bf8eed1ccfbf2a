"""What reaches the log: never what citizens wrote, also where everything is logged."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from troly import log


@pytest.fixture(autouse=True)
def _kept() -> Iterator[None]:
    kept = structlog.get_config()
    yield
    structlog.configure(**kept)


def test_rasas_debugging_which_quotes_messages_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("debug", process="rasa")
    structlog.get_logger().debug("processor.message.parse", parse_data_text="7195")
    structlog.get_logger().debug("model loaded", seconds=1)
    structlog.get_logger().warning("rest.failed", reason="x")
    written = capsys.readouterr().err
    assert "7195" not in written
    assert "model loaded" in written and "rest.failed" in written


def test_a_server_puts_each_logger_together_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, object] = {}
    monkeypatch.setattr(structlog, "configure", lambda **named: seen.update(named))
    log.configure("info", process="rasa", once=True)
    assert seen["cache_logger_on_first_use"] is True
    log.configure("info")
    assert seen["cache_logger_on_first_use"] is False
