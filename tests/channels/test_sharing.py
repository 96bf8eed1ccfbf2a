"""Photos, locations and contacts reach the assistant in a button's words, on push channels and on the web."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from channels import sharing
from channels.rasa import valid_payload
from tests.channels.pictures import located, scene, with_code, written
from tests.channels.scripted import Citizen, settled

pytestmark = pytest.mark.usefixtures("push")

CARD = "001099012345|123456789|Nguyễn Văn A|01011990|Nam|Số 1, Hà Nội|01012021"
CODE = "H49.33-250421-0001"


def rows(tmp_path: Path, query: str) -> list[Any]:
    with sqlite3.connect(tmp_path / "test.db") as connection:
        return connection.execute(query).fetchall()


def files(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "media"
    return sorted(folder.iterdir()) if folder.is_dir() else []


# Push channels


async def test_a_photo_becomes_a_share_of_what_is_kept(stack: Any, rasa: Any, tmp_path: Path) -> None:
    citizen = Citizen(stack)
    citizen.channel.content = located()
    await citizen.write(None, media={"kind": "image"})
    await citizen.until(1)
    (kept,) = files(tmp_path)
    assert rasa.messages() == [f'/share{{"photo": "{kept.name}"}}']
    assert b"Secret Phone" not in kept.read_bytes()


async def test_the_code_on_a_receipt_is_looked_up_and_the_photo_not_kept(
    stack: Any, rasa: Any, tmp_path: Path
) -> None:
    citizen = Citizen(stack)
    citizen.channel.content = with_code(f"https://x.example/?ma={CODE}")
    await citizen.write(None, media={"kind": "image", "caption": "xem giúp tôi"})
    await citizen.until(1)
    assert rasa.messages() == [f'/inform_application_code{{"application_code": "{CODE}"}}']
    assert files(tmp_path) == []


async def test_an_identity_card_is_refused_deleted_and_never_repeated(
    stack: Any, rasa: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    citizen = Citizen(stack)
    citizen.channel.content = with_code(CARD)
    await citizen.write(None, media={"kind": "image"})
    (answer,) = await citizen.until(1)
    await settled(stack.gateway)
    assert "đừng gửi ảnh giấy tờ cá nhân" in answer
    assert rasa.messages() == [] and files(tmp_path) == []
    everything = str(rows(tmp_path, "SELECT * FROM inbox")) + str(rows(tmp_path, "SELECT * FROM outbox"))
    assert "001099012345" not in everything + caplog.text
    assert rows(tmp_path, "SELECT count(*) FROM media") == [(0,)]


async def test_a_picture_sent_as_a_file_is_a_picture(stack: Any, rasa: Any) -> None:
    citizen = Citizen(stack)
    citizen.channel.content = written(scene(), "PNG")
    await citizen.write(None, media={"kind": "file"})
    await citizen.until(1)
    assert rasa.messages()[0].startswith("/share{")


async def test_a_broken_picture_is_admitted(stack: Any, rasa: Any, tmp_path: Path) -> None:
    citizen = Citizen(stack)
    citizen.channel.content = b"\xff\xd8\xff nothing"
    await citizen.write(None, media={"kind": "image"})
    assert "không mở được ảnh" in (await citizen.until(1))[0]
    assert rasa.messages() == [] and files(tmp_path) == []


async def test_a_location_and_ones_own_contact_are_shared(stack: Any, rasa: Any) -> None:
    citizen = Citizen(stack)
    await citizen.write(None, media={"kind": "location", "latitude": 20.9571, "longitude": 107.0482})
    await citizen.write(None, media={"kind": "contact", "phone": "+84 912 345 678", "own_phone": True})
    await citizen.until(2)
    assert rasa.messages() == [
        '/share{"latitude": "20.957100", "longitude": "107.048200"}',
        '/share{"phone": "+84912345678"}',
    ]


async def test_the_contact_of_somebody_else_is_not(stack: Any, rasa: Any) -> None:
    citizen = Citizen(stack)
    await citizen.write(None, media={"kind": "contact", "phone": "0912345678", "own_phone": False})
    await citizen.until(1)
    assert rasa.messages() == []


@pytest.mark.parametrize(("intent", "aside"), [("report_issue", False), ("ask_fee", True)])
async def test_words_beside_a_photo_go_with_its_name(stack: Any, rasa: Any, intent: str, aside: bool) -> None:
    rasa.behave = lambda _sender, _message, _seen: [
        {"text": "Vâng."},
        {"custom": {"language": "vi", "answer": {"status": "form", "intent": intent}}},
    ]
    citizen = Citizen(stack)
    citizen.channel.content = located()
    await citizen.write(None, media={"kind": "image", "caption": "đường hỏng"})
    answers = await citizen.until(1 + aside)
    assert answers[-1] == "Vâng." and len(answers) == 1 + aside
    assert rasa.messages() == ["đường hỏng"]
    assert len(rasa.metadata[-1]["photo"]) == 64


@pytest.mark.parametrize(
    ("media", "payload"),
    [
        (None, None),
        ({"kind": "image"}, None),
        ({"kind": "voice", "stored": "a" * 64}, None),
        ({"kind": "location", "latitude": "x", "longitude": 1}, None),
        ({"kind": "location", "latitude": 95, "longitude": 1}, None),
        ({"kind": "contact", "phone": "call me", "own_phone": True}, None),
        ({"kind": "image", "stored": "a" * 64}, '/share{"photo": "' + "a" * 64 + '"}'),
    ],
)
def test_what_says_nothing_gives_no_payload(media: dict[str, Any] | None, payload: str | None) -> None:
    assert sharing.payload_of(media, None) == payload
    assert payload is None or valid_payload(payload)


# The website


async def upload(visitor: Any, content: bytes, name: str = "photo") -> Any:
    files_ = {name: ("x.jpg", content, "image/jpeg")}
    return await visitor.http.post("/api/v1/media", files=files_, headers=visitor.headers)


async def test_a_photo_from_the_website_is_sent_shown_and_erased(
    stack: Any, rasa: Any, tmp_path: Path
) -> None:
    visitor = await stack.visitor()
    uploaded = (await upload(visitor, located())).json()
    name = uploaded["media_id"]
    assert uploaded["payload"] == f'/share{{"photo": "{name}"}}'
    sent = {"payload": uploaded["payload"], "client_id": "c1"}
    response = await visitor.http.post("/api/v1/messages?wait=true", json=sent, headers=visitor.headers)
    assert response.status_code == 200, response.text
    said = (await visitor.http.get("/api/v1/conversation", headers=visitor.headers)).json()["messages"]
    line = next(each for each in said if each["from"] == "citizen")
    assert (line["media_id"], line["text"]) == (name, "(ảnh)")
    shown = await visitor.http.get(f"/api/v1/media/{name}", headers=visitor.headers)
    assert shown.headers["content-type"] == "image/jpeg" and b"Secret Phone" not in shown.content
    assert shown.headers["cache-control"] == "no-store"
    stranger = await stack.visitor()
    other = await stranger.http.get(f"/api/v1/media/{name}", headers=stranger.headers)
    assert other.status_code == 404
    await visitor.http.delete("/api/v1/conversation", headers=visitor.headers)
    assert files(tmp_path) == []


async def test_a_receipt_from_the_website_is_read_and_not_kept(stack: Any, tmp_path: Path) -> None:
    visitor = await stack.visitor()
    uploaded = (await upload(visitor, with_code(CODE))).json()
    assert uploaded["media_id"] is None
    assert json.loads(uploaded["payload"].partition("code")[2]) == {"application_code": CODE}
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (with_code(CARD), 422, "personal_card"),
        (b"GIF8 no picture", 422, "not_a_picture"),
        (b"", 422, "not_a_picture"),
        (b"\xff\xd8\xff" + b"x" * (5 * 1024 * 1024), 413, "too_large"),
        (b"\xff\xd8\xff" + b"x" * (7 * 1024 * 1024), 413, "body_too_large"),
    ],
    ids=["card", "broken", "empty", "over 5 MB", "over 6 MB"],
)
async def test_what_is_refused_is_not_kept(
    stack: Any, tmp_path: Path, content: bytes, status: int, code: str
) -> None:
    visitor = await stack.visitor()
    response = await upload(visitor, content)
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (status, code)
    assert error["message_vi"] != error["message_en"]
    assert files(tmp_path) == []


async def test_a_body_that_is_no_form_with_a_photo_is_refused(stack: Any) -> None:
    visitor = await stack.visitor()
    for response in (
        await upload(visitor, located(), name="other"),
        await visitor.http.post("/api/v1/media", content=located(), headers=visitor.headers),
        await visitor.http.post("/api/v1/media", json={"photo": "x"}, headers=visitor.headers),
    ):
        assert response.status_code == 422


async def test_only_the_upload_may_be_large(stack: Any) -> None:
    visitor = await stack.visitor()
    message = {"text": "x" * 100_000, "client_id": "1"}
    response = await visitor.http.post("/api/v1/messages", json=message, headers=visitor.headers)
    assert response.status_code == 413


async def test_without_a_token_nothing_is_taken(stack: Any) -> None:
    response = await stack.http.post("/api/v1/media", files={"photo": ("x.jpg", located())})
    assert response.status_code == 401


async def test_a_rating_may_say_why(stack: Any, tmp_path: Path) -> None:
    visitor = await stack.visitor()
    given = {"value": "down", "reason": "wrong_information"}
    response = await visitor.http.post("/api/v1/rating", json=given, headers=visitor.headers)
    assert response.status_code == 204, response.text
    assert rows(tmp_path, "SELECT value, reason FROM rating") == [(0, "wrong_information")]
    given["reason"] = "nonsense"
    response = await visitor.http.post("/api/v1/rating", json=given, headers=visitor.headers)
    assert response.status_code == 422
