"""Texts, guides and offices are changed: draft, approve, live, history, undo; by four eyes."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import text

from troly.answers.live import GUIDE, OFFICE, RESPONSE, live
from troly.answers.responses import load

KEY = "utter_goodbye"
PAGE = f"/answers/texts/{KEY}"
VI, EN = "Chào Anh/Chị, hẹn gặp lại.", "Goodbye, see you."


def form(page: str, **changed: str) -> dict[str, str]:
    """The fields of the form that changes it, as a browser would send them."""
    found = re.search(r'<form class="card edit".*?</form>', page, re.DOTALL)
    assert found, page
    values = {}
    for tag in re.findall(r"<input[^>]*>", found[0]):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and name[1] != "csrf":
            values[name[1]] = value[1] if value else ""
    for name, inner in re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>(.*?)</textarea>', found[0], re.DOTALL):
        values[name] = inner
    from html import unescape

    return {name: unescape(value) for name, value in values.items()} | changed


async def shown(client: Any, path: str = PAGE) -> str:
    response = await client.get(f"/console{path}")
    assert response.status_code == 200
    page: str = response.text
    return page


async def save(office: Any, client: Any, path: str = PAGE, **changed: str) -> Any:
    page = await shown(client, path)
    return await office.post(client, path, form(page, **changed), page=path)


async def drafted(office: Any) -> int:
    (row,) = await office.rows(text("SELECT id FROM answer_version WHERE state = 'draft'"))
    return int(row.id)


async def in_use(office: Any, kind: str = RESPONSE) -> dict[str, Any]:
    async with office.store.read() as connection:
        return await live(connection, kind)


async def test_a_text_goes_from_draft_to_live_by_four_eyes_and_back(each_office: Any) -> None:
    office = each_office
    lan, mai = await office.staff("editor", name="lan"), await office.staff("editor", name="mai")
    saved = await save(office, lan, **{"vi.text": VI, "en.text": EN, "note": "thân thiện hơn"})
    assert saved.status_code == 303 and "done_saved" in saved.headers["location"]
    assert await in_use(office) == {}, "a draft is not live"
    version = await drafted(office)
    own = await office.post(lan, f"{PAGE}/approve", {"version": str(version)})
    assert own.status_code == 409 and "không tự duyệt" in own.text
    assert await in_use(office) == {}
    page = await shown(mai)
    assert "<del>" in page and "hẹn gặp lại" in page and "thân thiện hơn" in page
    assert (await office.post(mai, f"{PAGE}/approve", {"version": str(version)})).status_code == 303
    assert await in_use(office) == {KEY: {"vi": {"text": VI}, "en": {"text": EN}}}
    again = await office.post(mai, f"{PAGE}/approve", {"version": str(version)})
    assert again.status_code == 409 and "mai" in again.text
    # A second version, then the first again, at once; then what was shipped.
    await save(office, mai, **{"vi.text": "Tạm biệt Anh/Chị."})
    await office.post(lan, f"{PAGE}/approve", {"version": str(await drafted(office))})
    assert (await in_use(office))[KEY]["vi"]["text"] == "Tạm biệt Anh/Chị."
    assert (await office.post(lan, f"{PAGE}/restore", {"version": str(version)})).status_code == 303
    assert (await in_use(office))[KEY]["vi"]["text"] == VI
    assert (await office.post(lan, f"{PAGE}/restore", {"version": "0"})).status_code == 303
    assert await in_use(office) == {}
    page = await shown(lan)
    assert page.count("đã duyệt") == 4 and "lấy lại bản" in page
    lines = await office.rows(text("SELECT actor, action, target FROM audit_line ORDER BY sequence"))
    mine = [(row.actor, row.action) for row in lines if row.target == f"response:{KEY}"]
    assert mine == [
        ("lan", "answer_drafted"),
        ("mai", "answer_approved"),
        ("mai", "answer_drafted"),
        ("lan", "answer_approved"),
        ("lan", "answer_restored"),
        ("lan", "answer_restored"),
    ]


async def test_two_editors_at_once_the_second_sees_a_conflict_and_keeps_the_words(each_office: Any) -> None:
    office = each_office
    lan, mai = await office.staff("editor", name="lan"), await office.staff("editor", name="mai")
    first, second = form(await shown(lan)), form(await shown(mai))
    assert (await office.post(lan, PAGE, first | {"vi.text": VI}, page=PAGE)).status_code == 303
    clash = await office.post(mai, PAGE, second | {"vi.text": "Tạm biệt."}, page=PAGE)
    assert clash.status_code == 409
    assert "lan vừa sửa" in clash.text and "Khác với bản mới nhất" in clash.text
    assert form(clash.text)["vi.text"] == "Tạm biệt.", "what was written is not lost"
    assert len(await office.rows(text("SELECT 1 FROM answer_version"))) == 1
    # Saving what the page of the conflict shows is a decision.
    assert (await office.post(mai, PAGE, form(clash.text), page=PAGE)).status_code == 303
    states = await office.rows(text("SELECT author, state FROM answer_version ORDER BY id"))
    assert [tuple(row) for row in states] == [("lan", "rewritten"), ("mai", "draft")]


async def test_what_went_live_since_a_draft_was_begun_is_a_conflict_too(office: Any) -> None:
    lan, mai = await office.staff("editor", name="lan"), await office.staff("editor", name="mai")
    begun = form(await shown(mai))
    await save(office, lan, **{"vi.text": VI})
    await office.post(mai, f"{PAGE}/approve", {"version": str(await drafted(office))})
    clash = await office.post(mai, PAGE, begun | {"vi.text": "Tạm biệt."}, page=PAGE)
    assert clash.status_code == 409 and "vừa sửa" in clash.text


async def test_a_draft_that_was_overtaken_cannot_be_approved(office: Any) -> None:
    lan, mai = await office.staff("editor", name="lan"), await office.staff("editor", name="mai")
    await save(office, lan, **{"vi.text": VI})
    await office.post(mai, f"{PAGE}/approve", {"version": str(await drafted(office))})
    await save(office, lan, **{"vi.text": "Tạm biệt."})
    await office.post(mai, f"{PAGE}/restore", {"version": "0"})
    late = await office.post(mai, f"{PAGE}/approve", {"version": str(await drafted(office))})
    assert late.status_code == 409 and "đã đổi" in late.text
    assert await in_use(office) == {}


async def test_a_draft_is_refused_with_a_reason_or_withdrawn_by_its_author(office: Any) -> None:
    lan, mai = await office.staff("editor", name="lan"), await office.staff("editor", name="mai")
    await save(office, lan, **{"vi.text": VI})
    version = str(await drafted(office))
    assert (await office.post(mai, f"{PAGE}/refuse", {"version": version, "reason": "x"})).status_code == 422
    assert (await office.post(mai, f"{PAGE}/withdraw", {"version": version})).status_code == 409
    refused = await office.post(mai, f"{PAGE}/refuse", {"version": version, "reason": "viết ngắn hơn nhé"})
    assert refused.status_code == 303
    assert "viết ngắn hơn nhé" in await shown(lan)
    never = await office.post(mai, f"{PAGE}/restore", {"version": version})
    assert never.status_code == 409 and "chưa từng được duyệt" in never.text
    page = await shown(lan)
    again = {"version": version} | {name: form(page)[name] for name in ("release", "draft")}
    assert (await office.post(lan, f"{PAGE}/draft", again)).status_code == 303
    version = str(await drafted(office))
    assert (await office.post(lan, f"{PAGE}/withdraw", {"version": version})).status_code == 303
    assert "Chờ duyệt" in await shown(mai, "/answers/waiting")
    assert "Không có bản nháp nào" in await shown(mai, "/answers/waiting")


async def test_the_only_one_who_may_approve_does_so_with_a_reason(office: Any) -> None:
    admin = await office.staff("admin", name="truong")
    await office.staff("officer", name="hoa")
    await save(office, admin, **{"vi.text": VI})
    version = str(await drafted(office))
    assert (await office.post(admin, f"{PAGE}/approve", {"version": version})).status_code == 422
    why = {"version": version, "reason": "xã chỉ có một người"}
    assert (await office.post(admin, f"{PAGE}/approve", why)).status_code == 303
    (line,) = await office.rows(text("SELECT after FROM audit_line WHERE action = 'answer_approved'"))
    assert "xã chỉ có một người" in line.after
    # With a colleague it is no longer theirs alone, unless that account is shut out.
    await office.staff("editor", name="lan")
    await save(office, admin, **{"vi.text": "Tạm biệt."})
    why["version"] = str(await drafted(office))
    assert (await office.post(admin, f"{PAGE}/approve", why)).status_code == 409


async def test_an_editor_alone_is_not_enough(office: Any) -> None:
    lan = await office.staff("editor", name="lan")
    await save(office, lan, **{"vi.text": VI})
    why = {"version": str(await drafted(office)), "reason": "không có ai khác ở đây"}
    assert (await office.post(lan, f"{PAGE}/approve", why)).status_code == 409


async def test_two_eyes_are_enough_where_the_setting_says_so(open_office: Any, database: str) -> None:
    office = open_office(database, answers_four_eyes=False)
    lan = await office.staff("editor", name="lan")
    await save(office, lan, **{"vi.text": VI})
    assert (
        await office.post(lan, f"{PAGE}/approve", {"version": str(await drafted(office))})
    ).status_code == 303
    assert KEY in await in_use(office)


HOSTILE = [
    "<script>alert(1)</script>",
    "Chào <b>Anh/Chị</b>.",
    "Chào {citizen_name}.",
    "Chào {0.__class__.__mro__}.",
    "Chào {self!r}.",
    "{{ 7*7 }}",
    "{% include 'x' %}",
    "Mình chào Anh/Chị.",
    "",
    "a" * 1501 + ".",
    "<img src=x onerror=alert(1)>",
    "&lt;script&gt;.",
]


@pytest.mark.parametrize("words", HOSTILE)
async def test_a_hostile_or_unusable_text_is_refused_and_shown_harmless(office: Any, words: str) -> None:
    lan = await office.staff("editor", name="lan")
    response = await save(office, lan, **{"vi.text": words})
    assert response.status_code == 422
    assert "Chưa lưu" in response.text
    if "<" in words:
        assert words not in response.text, "escaped wherever it is shown"
    assert await office.rows(text("SELECT 1 FROM answer_version")) == []
    preview = await office.post(lan, f"{PAGE}/preview", {"vi.text": words, "en.text": EN})
    assert preview.status_code == 200
    assert not ("<" in words and words in preview.text)


async def test_both_languages_keep_every_place_and_are_told_which_is_missing(office: Any) -> None:
    lan = await office.staff("editor", name="lan")
    path = "/answers/texts/choice_out_of_range"
    response = await save(
        office, lan, path, **{"vi.text": "Danh sách ngắn thôi.", "en.text": "{total} only."}
    )
    assert response.status_code == 422
    assert "thiếu {count}" in response.text and "có {total}" in response.text
    ok = await save(office, lan, path, **{"vi.text": "Chỉ có {count}.  Chọn lại nhé.\r\n"})
    assert ok.status_code == 303
    (row,) = await office.rows(text("SELECT content FROM answer_version"))
    assert '"Chỉ có {count}. Chọn lại nhé."' in row.content


async def test_buttons_change_their_titles_only(office: Any) -> None:
    lan, mai = await office.staff("editor", name="lan"), await office.staff("editor", name="mai")
    path = "/answers/texts/utter_greet"
    wrong = await save(office, lan, path, **{"vi.button.1": ""})
    assert wrong.status_code == 422
    await save(office, lan, path, **{"vi.button.1": "Hỏi về giấy tờ", "vi.button.99": "/restart"})
    await office.post(mai, f"{path}/approve", {"version": str(await drafted(office))})
    greet = (await in_use(office))["utter_greet"]
    assert greet["vi"]["buttons"][0] == "Hỏi về giấy tờ"
    assert len(greet["vi"]["buttons"]) == len(greet["en"]["buttons"]) == 8
    assert "payload" not in str(greet)


async def test_a_guide_gains_and_loses_steps(each_office: Any) -> None:
    office = each_office
    lan, mai = await office.staff("editor", name="lan"), await office.staff("editor", name="mai")
    path = "/answers/guides/vneid-lost-phone"
    before = form(await shown(lan, path))
    assert before["step.6.vi"] == "", "an empty step to fill in"
    changed = {
        "step.1.vi": "",
        "step.1.en": "",
        "step.6.vi": "Báo tổng đài 1022 của tỉnh.",
        "step.6.en": "Tell the province's line 1022.",
        "step.6.stuck.vi": "Gọi lại sau.",
        "step.6.stuck.en": "Call again later.",
    }
    half = await save(office, lan, path, **changed | {"step.6.en": ""})
    assert half.status_code == 422, half.text
    assert (await save(office, lan, path, **changed)).status_code == 303
    await office.post(mai, f"{path}/approve", {"version": str(await drafted(office))})
    guide = (await in_use(office, GUIDE))["vneid-lost-phone"]
    assert len(guide["steps"]) == 5
    assert guide["steps"][0]["vi"] == before["step.2.vi"]
    assert guide["steps"][4]["stuck"]["en"] == "Call again later."
    assert guide["names"] == before["names"].split("\n")


async def test_an_office_is_changed_until_a_new_list_is_imported(each_office: Any) -> None:
    from troly.offices import Offices, listed

    office = each_office
    lan, mai = await office.staff("editor", name="lan"), await office.staff("editor", name="mai")
    path = "/answers/offices/quang-ninh"
    assert "Trung tâm Phục vụ hành chính công tỉnh" in await shown(lan, "/answers/offices")
    given = {
        "address": "Số 1 đường Lê Thánh Tông",
        "phone": "0203 3 999 999",
        "hours": "1-5 07:00-11:30 13:00-16:30",
        "map_url": "https://maps.example/1",
        "appointment_url": "https://hen.example/1",
        "source": "Văn phòng trung tâm",
        "as_of": "2026-11-22",
    }
    wrong = {"hours": "sáng chiều", "map_url": "javascript:alert(1)", "as_of": "hôm nay", "phone": "<b>1</b>"}
    for field, value in wrong.items():
        refused = await save(office, lan, path, **given | {field: value})
        assert refused.status_code == 422, field
    assert (await save(office, lan, path, **given)).status_code == 303
    await office.post(mai, f"{path}/approve", {"version": str(await drafted(office))})
    lists = Offices(office.store._engine, "Quảng Ninh")
    first, *others = await lists.all()
    assert (first.id, first.phone, first.sample) == ("quang-ninh", "0203 3 999 999", False)
    assert first.commune_code and all(one.sample for one in others)
    async with office.store.read() as connection:
        shipped = await listed(connection, "Quảng Ninh")
    await lists.replace([one for one in shipped if one.id == "quang-ninh"])
    assert [one.phone for one in await lists.all()] == [""]
    assert await in_use(office, OFFICE) == {}


async def test_things_are_found_by_words_key_area_and_state(office: Any) -> None:
    lan = await office.staff("editor", name="lan")
    await save(office, lan, **{"vi.text": VI})

    async def keys(query: str) -> list[str]:
        page = await shown(lan, f"/answers{query}")
        return re.findall(r'<span class="code">([\w-]+)</span>', page)

    assert await keys("?text=le+phi+khai") == []
    assert "answer_fee" in await keys("?text=phi+le+phi+thu+tuc+ma") or "answer_fee" in await keys(
        "?text=answer_fee"
    )
    assert KEY in await keys("?text=hen+gap+lai"), "the draft's words count"
    assert KEY in await keys("?text=GOODBYE")
    assert await keys("?show=draft") == [KEY]
    assert await keys("?show=changed") == []
    assert all(key.startswith("utter_") for key in await keys("?area=talk"))
    assert "vneid-lost-phone" in await keys("/guides?text=mat+dien+thoai")
    assert await keys("/offices?text=hong+gai")
    many = len(load("vi"))
    assert len(await keys("")) == 50 and len(await keys("?from=400")) == many - 400


async def test_versions_are_compared_word_by_word(office: Any) -> None:
    lan, mai = await office.staff("editor", name="lan"), await office.staff("editor", name="mai")
    await save(office, lan, **{"vi.text": VI})
    version = await drafted(office)
    page = await shown(mai, f"{PAGE}/compare?old=0&new={version}")
    assert re.search(r"<ins>.*hẹn gặp", page, re.DOTALL) and "<del>" in page
    assert (await mai.get(f"/console{PAGE}/compare?old=0&new=999")).status_code == 404
    same = await shown(mai, f"{PAGE}/compare?old=0&new=0")
    assert "Hai bản giống nhau" in same


async def test_another_things_version_leads_nowhere(office: Any) -> None:
    lan, mai = await office.staff("editor", name="lan"), await office.staff("editor", name="mai")
    await save(office, lan, **{"vi.text": VI})
    version = str(await drafted(office))
    other = "/answers/texts/utter_thank"
    for act in ("approve", "refuse", "restore"):
        response = await office.post(mai, f"{other}/{act}", {"version": version, "reason": "một lý do dài"})
        assert response.status_code == 404, act
    assert (await mai.get("/console/answers/texts/nothing")).status_code == 404
    assert (await mai.get("/console/answers/elsewhere/utter_thank")).status_code == 404


async def test_nothing_new_is_no_draft(office: Any) -> None:
    lan = await office.staff("editor", name="lan")
    assert (await save(office, lan)).status_code == 409
    assert (await save(office, lan, "/answers/guides/vneid-lost-phone")).status_code == 409
    assert (
        await save(office, lan, "/answers/offices/quang-ninh", source="x", as_of="2026-01-01")
    ).status_code == 303


async def test_roles_that_only_read_change_nothing(office: Any) -> None:
    reviewer = await office.staff("reviewer")
    page = await shown(reviewer)
    assert "card edit" not in page and "Dùng lại ngay" not in page
    for act in ("", "/approve", "/refuse", "/restore", "/draft", "/withdraw", "/preview"):
        assert (await office.post(reviewer, PAGE + act, {})).status_code == 403


async def test_the_preview_splits_and_numbers_as_the_channels_do(office: Any) -> None:
    lan = await office.staff("editor", name="lan")
    page = (
        await office.post(
            lan,
            "/answers/texts/utter_greet/preview",
            form(await shown(lan, "/answers/texts/utter_greet"), **{"vi.text": "Chào 5 < 6 Anh/Chị."}),
        )
    ).text
    assert "1. Hỏi thủ tục" in page and "Anh/Chị gửi số (1–8) để chọn." in page
    assert "5 &amp;lt; 6" in page, "Telegram gets it as HTML"
