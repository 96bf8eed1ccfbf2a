"""Replies become calls that Telegram takes: escaped, short enough, with the buttons under the last."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from channels.base import Answer, Button, Link, Reply
from channels.telegram.rendering import render
from tests.fakes.telegram_rules import text_of

LINK = Link(title="Cổng Dịch vụ công", url="https://dichvucong.gov.vn/x?a=1&b=2")


def reply(text: str = "Lệ phí: 0 đồng", **given: Any) -> Reply:
    return Reply(id="12", text=text, language="vi", **given)


def shown(part: dict[str, Any]) -> str:
    """What Telegram makes of the part; raises what Telegram refuses."""
    name, limit = ("caption", 1024) if part["method"] == "sendPhoto" else ("text", 4096)
    return text_of({name: part["text"], "parse_mode": "HTML"}, name, limit).text


def test_what_looks_like_markup_reaches_the_citizen_as_it_was_written() -> None:
    text = 'Điền <họ tên> & "ngày sinh" vào <b>mẫu'
    (part,) = render(reply(text))
    assert shown(part) == text


def test_a_link_becomes_an_anchor_on_a_line_of_its_own() -> None:
    (part,) = render(reply(links=[LINK]))
    expected = '\n\n<a href="https://dichvucong.gov.vn/x?a=1&amp;b=2">Cổng Dịch vụ công</a>'
    assert part["text"].endswith(expected)


def test_a_link_that_telegram_would_drop_is_written_out() -> None:
    (part,) = render(reply(links=[Link(title="Thử", url="http://localhost:8010/x")]))
    assert shown(part).endswith("Thử: http://localhost:8010/x")


def test_buttons_carry_references_of_the_reply_and_stand_under_the_last_part() -> None:
    buttons = [
        Button(title=title, payload='/x{"a": 1}') for title in ("Lệ phí", "Hồ sơ", "Nộp ở đâu, cho ai")
    ]
    first, last = render(reply("a" * 4096 + " b", buttons=buttons))
    assert "buttons" not in first
    assert last["buttons"] == [
        [["Lệ phí", "b:12:0"], ["Hồ sơ", "b:12:1"]],
        [["Nộp ở đâu, cho ai", "b:12:2"]],
    ]


def test_thumbs_stand_under_an_answer_with_a_source_and_under_nothing_else() -> None:
    source = {"title": "Cổng", "url": "", "as_of": None}
    judged = Answer.model_validate({"status": "answered", "sources": [source]})
    (part,) = render(reply(answer=judged, buttons=[Button(title="Lệ phí", payload="/x")]))
    assert part["buttons"] == [[["Lệ phí", "b:12:0"]], [["👍", "t:12:up"], ["👎", "t:12:down"]]]
    for answer in (None, Answer(status="answered"), Answer(status="clarify"), Answer(status="smalltalk")):
        (part,) = render(reply(answer=answer))
        assert "buttons" not in part


def test_a_long_title_of_a_button_is_cut_and_an_empty_one_filled() -> None:
    titles = [Button(title="x" * 300, payload="/x"), Button(title=" ", payload="/x")]
    (part,) = render(reply(buttons=titles))
    cut, filled = [cell for row in part["buttons"] for cell in row]
    assert len(cut[0]) == 60
    assert cut[0].endswith("…")
    assert filled[0] == "…"


def test_a_picture_takes_a_short_text_as_its_caption() -> None:
    (part,) = render(
        reply("ngắn", image="https://example.vn/a.png", buttons=[Button(title="A", payload="/a")])
    )
    assert (part["method"], part["photo"], part["text"]) == ("sendPhoto", "https://example.vn/a.png", "ngắn")
    assert part["buttons"]


def test_a_long_text_follows_its_picture() -> None:
    photo, message = render(reply("a" * 1025, image="https://example.vn/a.png"))
    assert (photo["method"], photo["text"]) == ("sendPhoto", "")
    assert message["text"] == "a" * 1025


def test_a_picture_of_ours_gets_the_public_address() -> None:
    (part,) = render(reply(image="/static/a.png"), public_url="https://troly.example.vn/")
    assert part["photo"] == "https://troly.example.vn/static/a.png"


def test_a_picture_that_telegram_cannot_reach_is_left_out() -> None:
    (part,) = render(reply(image="/static/a.png"))
    assert part["method"] == "sendMessage"


def test_a_reply_without_words_still_makes_a_call() -> None:
    (part,) = render(reply(" ", buttons=[Button(title="A", payload="/a")]))
    assert shown(part) == "…"
    assert part["buttons"]


@settings(deadline=None)
@given(
    st.text(max_size=9000),
    st.lists(
        st.builds(
            Link,
            title=st.text(max_size=300),
            url=st.one_of(st.text(max_size=300), st.just(LINK.url), st.just("https://a.vn/" + "x" * 2000)),
        ),
        max_size=40,
    ),
)
def test_whatever_is_said_telegram_takes_it(text: str, links: list[Link]) -> None:
    parts = render(reply(text, links=links))
    seen = " ".join(shown(part) for part in parts)
    assert all(part["method"] == "sendMessage" for part in parts)
    assert set("".join(text.split())) <= set(seen)


def test_rendering_twice_gives_the_same_parts() -> None:
    said = reply("b. " * 3000, links=[LINK], image="https://example.vn/a.png")
    assert render(said) == render(said)
