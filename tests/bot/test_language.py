"""The language of one message, and whether it says so at all."""

from __future__ import annotations

import pytest

from bot.understanding import data
from bot.understanding.language import LanguageIdentifier
from troly.settings import ROOT


@pytest.fixture(scope="module")
def identifier() -> LanguageIdentifier:
    sentences = list(data.sentences(ROOT / "nlu_data"))
    made = LanguageIdentifier.train(
        [s.text for s in sentences if s.language == "vi"], [s.text for s in sentences if s.language == "en"]
    )
    languages = data.languages(ROOT / "nlu_data")
    made.hints = {w: v for code, v in (("vi", 2.2), ("en", -2.2)) for w in languages[code]["hint_words"]}
    return made


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("làm hộ chiếu ở đâu", "vi"),
        ("lam ho chieu o dau", "vi"),
        ("dk ket hon can gi v ad", "vi"),
        ("gia hạn work permit cho sếp em", "vi"),
        ("where can I renew my passport", "en"),
        ("I want to register residence in Hạ Long", "en"),
        ("thanks", "en"),
        ("我想办理工作许可证", "zh"),
        ("노동허가서를 받고 싶어요", "ko"),
        ("労働許可証を取りたい", "ja"),
        ("Как получить визу", "other"),
        ("thank you so much nhé", "vi"),
        ("passprot renewl", "en"),
        ("how to register at phường Bãi Cháy for my family please", "en"),
    ],
)
def test_tells_the_language(identifier: LanguageIdentifier, text: str, language: str) -> None:
    assert identifier.identify(text) == language


@pytest.mark.parametrize(
    "text", ["ok", "2", "H49.08-251105-0312", "👍", "0912345678", "...", "", "a", "https://a.vn/the"]
)
def test_says_nothing_without_evidence(identifier: LanguageIdentifier, text: str) -> None:
    assert identifier.identify(text) is None


def test_survives_being_stored(identifier: LanguageIdentifier) -> None:
    again = LanguageIdentifier.from_dict(identifier.to_dict())
    for text in ("lam ho chieu o dau", "renew my passport", "ok"):
        assert again.identify(text) == identifier.identify(text)
