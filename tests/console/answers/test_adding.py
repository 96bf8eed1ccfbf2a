"""Guides and offices that staff add, take off and bring back: by draft and approval, with an own key."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from sqlalchemy import text

from troly.answers.live import GUIDE, OFFICE, live
from troly.offices import Offices

GUIDES, OFFICES = "/answers/guides", "/answers/offices"
WIFI = {
    "title.vi": "Dùng wifi công cộng ở phường",
    "title.en": "Using the ward's public wifi",
    "needs.vi": "Điện thoại.",
    "needs.en": "A phone.",
    "step.1.vi": "Chọn mạng của phường.",
    "step.1.en": "Choose the ward's network.",
    "step.2.vi": "Đồng ý quy định.",
    "step.2.en": "Accept the rules.",
    "stuck.vi": "Hỏi quầy tiếp đón.",
    "stuck.en": "Ask at the reception.",
    "common": "2",
    "names": "kết nối wifi công cộng\npublic wifi",
    "source.title": "UBND phường",
    "source.url": "",
    "source.as_of": "2026-11-22",
}
DESK = {
    "level": "commune",
    "commune_code": "06673",
    "name": "Điểm tiếp nhận số 2 phường Bãi Cháy",
    "address": "Nhà văn hóa khu 4",
    "phone": "0203 3 111 222",
    "hours": "",
    "latitude": "20.96",
    "longitude": "107.03",
    "map_url": "",
    "appointment_url": "",
    "source": "UBND phường Bãi Cháy",
    "as_of": "2026-11-22",
}
KEY = "dung-wifi-cong-cong-o-phuong"


async def add(office: Any, client: Any, path: str, values: dict[str, str], **changed: str) -> Any:
    return await office.post(client, f"{path}/new", values | changed, page=f"{path}/new")


async def drafted(office: Any) -> str:
    (row,) = await office.rows(text("SELECT id FROM answer_version WHERE state = 'draft'"))
    return str(row.id)


async def approve(office: Any, client: Any, path: str) -> None:
    done = await office.post(client, f"{path}/approve", {"version": await drafted(office)})
    assert done.status_code == 303, done.text


async def in_use(office: Any, kind: str) -> dict[str, Any]:
    async with office.store.read() as connection:
        return await live(connection, kind)


async def page_of(client: Any, path: str) -> str:
    response = await client.get(f"/console{path}")
    assert response.status_code == 200, path
    return unescape(response.text)


async def seen(client: Any, path: str) -> dict[str, str]:
    """Release and draft as the page shows them."""
    page = await page_of(client, path)
    return {name: re.findall(rf'name="{name}" value="(\d+)"', page)[0] for name in ("release", "draft")}


@pytest.fixture
async def pair(each_office: Any) -> tuple[Any, Any, Any]:
    """A console and two editors."""
    office = each_office
    return office, await office.staff("editor", name="lan"), await office.staff("editor", name="mai")


async def test_a_guide_is_added_changed_taken_off_and_brought_back(pair: tuple[Any, Any, Any]) -> None:
    office, lan, mai = pair
    path = f"{GUIDES}/{KEY}"
    saved = await add(office, lan, GUIDES, WIFI)
    assert saved.status_code == 303 and saved.headers["location"].startswith(f"/console{path}?")
    assert await in_use(office, GUIDE) == {}, "a draft is not live"
    assert "mới" in await page_of(mai, "/answers/waiting")
    own = await office.post(lan, f"{path}/approve", {"version": await drafted(office)})
    assert own.status_code == 409, "whoever wrote it does not approve it"
    assert "<ins>" in await page_of(mai, path)
    await approve(office, mai, path)
    made = (await in_use(office, GUIDE))[KEY]
    assert (made["made"], made["common"], len(made["steps"])) == (True, 2, 2)
    assert made["names"] == ["kết nối wifi công cộng", "public wifi"]
    # Changed, and undone.
    assert "Bản gốc" not in await page_of(lan, path), "nothing of it is shipped"
    longer = {**WIFI, **await seen(lan, path), "step.3.vi": "Xem thông báo.", "step.3.en": "Read the news."}
    assert (await office.post(lan, path, longer, page=path)).status_code == 303
    await approve(office, mai, path)
    assert len((await in_use(office, GUIDE))[KEY]["steps"]) == 3
    (first, *_) = await office.rows(text("SELECT id FROM answer_version ORDER BY id"))
    assert (await office.post(mai, f"{path}/restore", {"version": str(first.id)})).status_code == 303
    assert len((await in_use(office, GUIDE))[KEY]["steps"]) == 2
    for step in ("restore", "draft"):
        nothing = await office.post(mai, f"{path}/{step}", {"version": "0", **await seen(mai, path)})
        assert nothing.status_code == 404, "before it there was nothing"
    # Taken off by draft and approval, and brought back so.
    gone = await office.post(lan, f"{path}/retire", await seen(lan, path) | {"note": "wifi đã cắt"})
    assert gone.status_code == 303
    assert "retired" not in (await in_use(office, GUIDE))[KEY]
    page = await page_of(mai, path)
    assert "ngưng dùng hướng dẫn" in page and "wifi đã cắt" in page and "card edit" not in page
    await approve(office, mai, path)
    assert (await in_use(office, GUIDE))[KEY]["retired"] is True
    assert "ngưng dùng" in await page_of(lan, f"{GUIDES}?show=retired")
    twice = await office.post(lan, f"{path}/retire", await seen(lan, path))
    assert twice.status_code == 409
    back = await office.post(lan, f"{path}/bring-back", await seen(lan, path))
    assert back.status_code == 303
    await approve(office, mai, path)
    assert (await in_use(office, GUIDE))[KEY] == made
    assert (await office.post(lan, f"{path}/bring-back", await seen(lan, path))).status_code == 409
    lines = await office.rows(text("SELECT actor, action FROM audit_line WHERE target LIKE 'guide:%'"))
    assert [row.action for row in lines][:2] == ["answer_added", "answer_approved"]
    assert len(lines) == 9


async def test_an_office_is_added_and_stands_beside_the_list(pair: tuple[Any, Any, Any]) -> None:
    office, lan, mai = pair
    path = f"{OFFICES}/diem-tiep-nhan-so-2-phuong-bai-chay"
    assert (await add(office, lan, OFFICES, DESK)).status_code == 303
    offices = Offices(office.store._engine, "Quảng Ninh")
    assert len(await offices.all()) == 55
    page = await page_of(mai, path)
    assert "phường Bãi Cháy (06673)" in page and "xã, phường, đặc khu" in page
    await approve(office, mai, path)
    (own,) = [one for one in await offices.all() if not one.sample]
    assert (own.commune_code, own.phone, own.latitude) == ("06673", "0203 3 111 222", 20.96)
    assert "Điểm tiếp nhận số 2" in await page_of(lan, f"{OFFICES}?show=made")
    assert "Điểm tiếp nhận số 2" in await page_of(lan, f"{OFFICES}?text=nha+van+hoa")
    moved = DESK | await seen(lan, path) | {"commune_code": "07090"}
    assert (await office.post(lan, path, moved, page=path)).status_code == 303
    await approve(office, mai, path)
    assert [one.commune_code for one in await offices.all() if not one.sample] == ["07090"]


@pytest.mark.parametrize("path", [f"{GUIDES}/vneid-lost-phone", f"{OFFICES}/commune-06673"])
async def test_what_is_shipped_is_taken_off_and_brought_back_as_shipped(
    pair: tuple[Any, Any, Any], path: str
) -> None:
    office, lan, mai = pair
    kind = GUIDE if "guides" in path else OFFICE
    key = path.rpartition("/")[2]
    assert (await office.post(lan, f"{path}/retire", await seen(lan, path))).status_code == 303
    await approve(office, mai, path)
    assert (await in_use(office, kind))[key]["retired"] is True
    assert key in await page_of(lan, f"{path.rpartition('/')[0]}?show=retired")
    if kind == OFFICE:
        assert key not in [one.id for one in await Offices(office.store._engine, "Quảng Ninh").all()]
    assert (await office.post(lan, f"{path}/bring-back", await seen(lan, path))).status_code == 303
    assert "đưa mục đang ngưng trở lại" in await page_of(mai, path)
    await approve(office, mai, path)
    assert await in_use(office, kind) == {}, "as shipped"
    compared = await page_of(mai, f"{path}/compare?old=0&new=1")
    assert "ngưng dùng" in compared


async def test_a_copy_begins_with_the_others_words_but_not_with_its_names(office: Any) -> None:
    lan = await office.staff("editor", name="lan")
    page = await page_of(lan, f"{GUIDES}/new?from=vneid-lost-phone")
    assert "Gọi nhà mạng để khóa SIM ngay" in page
    assert "mất điện thoại khóa vneid" not in page
    page = await page_of(lan, f"{OFFICES}/new?from=commune-06673")
    assert "Trung tâm Phục vụ hành chính công phường Bãi Cháy" in page
    for missing in (f"{GUIDES}/new?from=nothing", "/answers/texts/new", "/answers/elsewhere/new"):
        assert (await lan.get(f"/console{missing}")).status_code == 404


async def test_a_key_is_proposed_from_the_name_and_never_used_twice(office: Any) -> None:
    lan, mai = await office.staff("editor", name="lan"), await office.staff("editor", name="mai")
    preview = await office.post(lan, f"{GUIDES}/new/preview", WIFI, page=f"{GUIDES}/new")
    assert preview.status_code == 200 and KEY in preview.text
    shown = await add(office, lan, GUIDES, WIFI, preview="1")
    assert f'value="{KEY}"' in shown.text, "without a script the field is filled in"
    for key in ("new", "Có dấu", "a b", "-a", "a--b", "../x", "a" * 61, "<b>"):
        refused = await add(office, lan, GUIDES, WIFI, key=key)
        assert refused.status_code == 422 and "dấu gạch nối" in refused.text, key
    for key in ("vneid-level-2", "vneid-lost-phone"):
        refused = await add(office, lan, GUIDES, WIFI, key=key)
        assert refused.status_code == 422 and "đã được dùng" in refused.text
        assert "Chọn mạng của phường." in refused.text, "what was written is not lost"
    assert (await add(office, lan, GUIDES, WIFI)).status_code == 303
    assert (await add(office, mai, GUIDES, WIFI, key=KEY)).status_code == 422, "only proposed yet"
    await approve(office, mai, f"{GUIDES}/{KEY}")
    await office.post(lan, f"{GUIDES}/{KEY}/retire", await seen(lan, f"{GUIDES}/{KEY}"))
    await approve(office, mai, f"{GUIDES}/{KEY}")
    assert (await add(office, mai, GUIDES, WIFI, key=KEY)).status_code == 422, "taken off"
    other = await add(office, mai, GUIDES, WIFI)
    assert f"{KEY}-2" in other.headers["location"]
    nameless = await office.post(lan, f"{GUIDES}/new/preview", {"title.vi": "???"}, page=f"{GUIDES}/new")
    assert ">guide<" in nameless.text


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"level": ""}, "Hãy chọn xã hoặc tỉnh"),
        ({"commune_code": "00004"}, "không thuộc tỉnh"),
        ({"commune_code": ""}, "không thuộc tỉnh"),
        ({"latitude": "bắc"}, "phải là số như 20.9517"),
        ({"longitude": ""}, "phải là số như 107.0748"),
        ({"name": ""}, "còn trống"),
        ({"name": "<script>alert(1)</script>"}, "Không dùng mã HTML"),
        ({"hours": "sáng"}, "chưa đúng mẫu"),
        ({"map_url": "javascript:alert(1)"}, "phải bắt đầu bằng https"),
        ({"source": ""}, "còn trống"),
    ],
)
async def test_an_office_that_cannot_be_used_is_refused(
    office: Any, changed: dict[str, str], says: str
) -> None:
    lan = await office.staff("editor", name="lan")
    refused = await add(office, lan, OFFICES, DESK, **changed)
    assert refused.status_code == 422 and says in refused.text
    assert "<script>alert" not in refused.text
    assert await office.rows(text("SELECT 1 FROM answer_version")) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"title.en": ""},
        {"step.1.vi": "Mình chọn mạng."},
        {"step.1.vi": "<img src=x onerror=alert(1)>"},
        {"names": ""},
        {"source.as_of": "hôm nay"},
        {f"step.{number}.{language}": "" for number in (1, 2) for language in ("vi", "en")},
    ],
)
async def test_a_guide_that_cannot_be_used_is_refused(office: Any, changed: dict[str, str]) -> None:
    lan = await office.staff("editor", name="lan")
    refused = await add(office, lan, GUIDES, WIFI, **changed)
    assert refused.status_code == 422 and "<img src=x" not in refused.text
    assert await office.rows(text("SELECT 1 FROM answer_version")) == []


async def test_one_that_was_refused_stays_to_be_mended(office: Any) -> None:
    lan, mai = await office.staff("editor", name="lan"), await office.staff("editor", name="mai")
    await add(office, lan, GUIDES, WIFI)
    path = f"{GUIDES}/{KEY}"
    why = {"version": await drafted(office), "reason": "thiếu bước cuối"}
    assert (await office.post(mai, f"{path}/refuse", why)).status_code == 303
    assert "chưa dùng" in await page_of(lan, GUIDES)
    page = await page_of(lan, path)
    assert "thiếu bước cuối" in page
    (row,) = await office.rows(text("SELECT id FROM answer_version"))
    again = await seen(lan, path) | {"version": str(row.id)}
    assert (await office.post(lan, f"{path}/draft", again)).status_code == 303
    never = await office.post(lan, f"{path}/retire", await seen(lan, path))
    assert never.status_code == 409, "what was never live cannot be taken off"
    await approve(office, mai, path)
    assert KEY in await in_use(office, GUIDE)


async def test_a_list_that_brings_the_same_key_first_is_not_written_over(office: Any) -> None:
    from troly.office_list import read

    lan, mai = await office.staff("editor", name="lan"), await office.staff("editor", name="mai")
    assert (await add(office, lan, OFFICES, DESK, key="diem-2")).status_code == 303
    head = "id,level,commune_code,name\n"
    offices = Offices(office.store._engine, "Quảng Ninh")
    await offices.replace(read(head + "diem-2,commune,07090,Một cửa An Sinh\n", "Quảng Ninh"))
    late = await office.post(mai, f"{OFFICES}/diem-2/approve", {"version": await drafted(office)})
    assert late.status_code == 409 and "không còn hợp" in late.text
    (only,) = await offices.all()
    assert (only.name, only.commune_code) == ("Một cửa An Sinh", "07090")


async def test_two_who_add_the_same_key_at_once_make_one(each_office: Any) -> None:
    import asyncio

    office = each_office
    lan, mai = await office.staff("editor", name="lan"), await office.staff("editor", name="mai")
    both = await asyncio.gather(*(add(office, who, GUIDES, WIFI, key="wifi") for who in (lan, mai)))
    assert sorted(one.status_code for one in both) == [303, 422]
    assert len(await office.rows(text("SELECT 1 FROM answer_version"))) == 1


async def test_those_who_only_read_add_and_take_off_nothing(office: Any) -> None:
    officer = await office.staff("officer")
    assert (await officer.get(f"/console{GUIDES}/new")).status_code == 403
    assert "Thêm hướng dẫn" not in await page_of(officer, GUIDES)
    assert "Đề nghị ngưng" not in await page_of(officer, f"{GUIDES}/vneid-lost-phone")
    for step in ("new", "new/preview", "vneid-lost-phone/retire", "vneid-lost-phone/bring-back"):
        assert (await office.post(officer, f"{GUIDES}/{step}", {})).status_code == 403
    lan = await office.staff("editor", name="lan")
    for step in ("retire", "bring-back"):
        assert (await office.post(lan, f"/answers/texts/utter_thank/{step}", {})).status_code == 404
