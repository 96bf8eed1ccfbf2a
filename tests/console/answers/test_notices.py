"""What the gateway says by itself is changed like other texts: draft, approve, live, history, undo."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from console.answers import notices as kind
from console.answers.notices import GatewayTexts, examples
from console.texts import texts
from tests.console.answers.test_changing import drafted, form, in_use, save, shown
from troly.answers import checks
from troly.answers.notices import NOTICE, SETUP, shipped

PAGE = "/answers/notices/flood"
VI, EN = "Xin Anh/Chị đợi {seconds} giây.", "Please wait {seconds} seconds."


async def test_a_gateway_text_goes_from_draft_to_live_by_four_eyes_and_back(each_office: Any) -> None:
    office = each_office
    lan, mai = await office.staff("editor", name="lan"), await office.staff("editor", name="mai")
    listed = await shown(lan, "/answers/notices?text=flood")
    assert "Anh/Chị gửi nhiều tin quá nhanh" in listed and "flood" in listed
    page = await shown(lan, PAGE)
    assert "{seconds}" in page and "sau 30 giây" in page, "the place, and its example in the preview"
    saved = await save(office, lan, PAGE, **{"vi.text": VI, "en.text": EN})
    assert saved.status_code == 303
    version = await drafted(office)
    assert await in_use(office, NOTICE) == {}
    assert "Xin Anh/Chị đợi" in await shown(mai, "/answers/waiting")
    own = await office.post(lan, f"{PAGE}/approve", {"version": str(version)})
    assert own.status_code == 409
    assert (await office.post(mai, f"{PAGE}/approve", {"version": str(version)})).status_code == 303
    assert await in_use(office, NOTICE) == {"flood": {"vi": {"text": VI}, "en": {"text": EN}}}
    assert "mai" in await shown(lan, PAGE)
    assert (await office.post(lan, f"{PAGE}/restore", {"version": "0"})).status_code == 303
    assert await in_use(office, NOTICE) == {}
    lines = await office.rows(
        text("SELECT action FROM audit_line WHERE target = 'notice:flood' ORDER BY sequence")
    )
    assert [row.action for row in lines] == ["answer_drafted", "answer_approved", "answer_restored"]


@pytest.mark.parametrize(
    ("key", "vi", "said"),
    [
        ("flood", "Xin đợi một lát.", "{seconds}"),
        ("flood", "Đợi {seconds} giây, {citizen}.", "{citizen}"),
        ("privacy", "Nội dung được lưu.", "/delete"),
        ("error", "<script>alert(1)</script> Xin lỗi.", "&lt;script&gt;"),
    ],
)
async def test_what_would_break_it_is_refused_and_not_lost(office: Any, key: str, vi: str, said: str) -> None:
    lan = await office.staff("editor", name="lan")
    refused = await save(office, lan, f"/answers/notices/{key}", **{"vi.text": vi})
    assert refused.status_code == 422
    assert said in refused.text and "<script>alert" not in refused.text
    assert form(refused.text)["vi.text"] == vi
    assert await office.rows(text("SELECT 1 FROM answer_version")) == []


async def test_what_platforms_were_given_is_not_offered_nor_what_does_not_exist(office: Any) -> None:
    lan = await office.staff("editor", name="lan")
    for key in ("telegram_command_help", "telegram_test", "utter_greet", "nothing"):
        assert (await lan.get(f"/console/answers/notices/{key}")).status_code == 404
        assert (await office.post(lan, f"/answers/notices/{key}", {"vi.text": "x."})).status_code == 404


async def test_a_text_of_one_channel_is_previewed_there_only_and_a_button_where_it_stands(
    office: Any,
) -> None:
    lan = await office.staff("editor", name="lan")
    zalo = await shown(lan, "/answers/notices/zalo_bot_choose_number")
    assert 'data-channel="zalo_bot"' in zalo and 'data-channel="web"' not in zalo
    assert "(1–3)" in zalo
    button = await shown(lan, "/answers/notices/button_report")
    assert button.count("Phản ánh sự việc") >= 4 and "trợ lý ảo về thủ tục hành chính" in button
    changed = form(button, **{"vi.text": "Góp ý"})
    preview = await office.post(lan, "/answers/notices/button_report/preview", changed)
    assert "Góp ý" in preview.text and "Phản ánh sự việc" not in preview.text


def test_every_text_can_be_previewed_and_every_place_has_an_example() -> None:
    needed = {
        place for one in shipped().values() for words in one.text.values() for place in checks.places(words)
    }
    assert set(examples()) == needed
    for item in kind._items().values():
        for one in kind._shown({item.key: item.content}, item.content, item):
            assert one.channels
            for messages in one.channels.values():
                assert messages and all("{" not in message.text for message in messages), item.key


def test_every_area_is_named_and_every_fault_has_words() -> None:
    areas = {item.area for item in kind._items().values()}
    assert areas == set(GatewayTexts.areas) == {one.area for one in shipped().values()} - {SETUP}
    for language in ("vi", "en"):
        assert {f"answers.area_{area}" for area in areas} | {"answers.fault_word_missing"} <= set(
            texts(language)
        )
