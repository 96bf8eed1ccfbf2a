"""Messages that say the same in other words come together where Rasa has an encoder, and only there."""

from __future__ import annotations

import json
import random
import time
from base64 import b64encode
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from console.review import merging
from console.review.filling import fill
from console.review.meanings import NEAR, Meanings, Vector, nearest
from troly.clock import now
from troly.tables.review import ReviewGroup, ReviewItem

SAME = ("xin phép nuôi ong lấy mật", "tôi định đặt mấy thùng ấu trùng sau vườn", "giay to cho dan bay lam to")
OTHER = "đường trước nhà hỏng nặng"


def coarse(*parts: int) -> str:
    return b64encode(bytes(part % 256 for part in parts)).decode()


class FakeRasa:
    """Answers POST /vectors: what is in SAME means the same."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.encoder = "test-1"
        self.asked: list[list[str]] = []
        self.status = 200
        client = httpx.AsyncClient
        monkeypatch.setattr(
            merging.httpx, "AsyncClient",
            lambda **_: client(transport=httpx.MockTransport(self._answer)),
        )  # fmt: skip

    def _answer(self, request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/vectors"
        texts = json.loads(request.content)["texts"]
        assert 1 <= len(texts) <= 64
        self.asked.append(texts)
        if self.status != 200:
            return httpx.Response(self.status, json={"error": "no encoder"})
        vectors = [coarse(127, 3, 1) if text in SAME else coarse(3, 127, len(text)) for text in texts]
        return httpx.Response(200, json={"encoder": self.encoder, "vectors": vectors})

    @property
    def texts(self) -> list[str]:
        return [text for part in self.asked for text in part]


@pytest.fixture
def rasa(monkeypatch: pytest.MonkeyPatch) -> FakeRasa:
    return FakeRasa(monkeypatch)


async def queue(office: Any, *texts: str, **turn: Any) -> list[int]:
    """Put messages in the queue; gives the group of each message there, oldest first."""
    for words in texts:
        turns = {"text": words, "turn": {"status": "not_found", "intent": "ask_procedure"} | turn}
        await office.talk(turns, at=now() - timedelta(minutes=30))
    settings = office.settings.model_copy(update={"review_sample_share": 0.0})
    await fill(office.store, settings, steps=3, pause=timedelta(0))
    return [row.group_id for row in await office.rows(select(ReviewItem.group_id).order_by(ReviewItem.id))]


async def test_other_words_for_the_same_join_one_group(each_office: Any, rasa: FakeRasa) -> None:
    first, second, other = await queue(each_office, *SAME[:2], OTHER)
    assert first == second != other
    assert (await queue(each_office, SAME[2]))[-1] == first
    waiting = await each_office.rows(select(ReviewGroup.waiting).order_by(ReviewGroup.id))
    assert [row.waiting for row in waiting] == [3, 1]
    assert rasa.texts.count(SAME[0]) == 1, "a group's vector is kept"


async def test_what_was_understood_as_something_else_stays_apart(office: Any, rasa: FakeRasa) -> None:
    await queue(office, SAME[0])
    first, second = await queue(office, SAME[1], intent="ask_fee")
    assert first != second


@pytest.mark.parametrize("status", [404, 500])
async def test_without_an_encoder_words_decide_and_nobody_is_asked_again_at_once(
    office: Any, rasa: FakeRasa, status: int
) -> None:
    rasa.status = status
    first, second = await queue(office, *SAME[:2])
    assert first != second
    await queue(office, OTHER)
    assert len(rasa.asked) == 1


async def test_a_process_that_is_new_asks_for_the_groups_there_are(office: Any, rasa: FakeRasa) -> None:
    (first,) = await queue(office, SAME[0])
    office.store = type(office.store)(office.store._engine)  # knows nothing yet
    assert await queue(office, SAME[1]) == [first, first]
    assert rasa.texts == [SAME[0], SAME[0], SAME[1]]


async def test_vectors_of_another_encoder_are_asked_for_again(office: Any, rasa: FakeRasa) -> None:
    (first,) = await queue(office, SAME[0])
    rasa.encoder = "test-2"
    await queue(office, OTHER)
    assert (await queue(office, SAME[1]))[-1] == first
    assert rasa.texts.count(SAME[0]) == 2


async def test_personal_data_do_not_go_to_the_encoder(office: Any, rasa: FakeRasa) -> None:
    await queue(office, "tôi tên Nguyễn Văn An, số 0912345678, xin nuôi ong")
    assert not {"0912345678", "Nguyễn", "[phone]"} & set(" ".join(rasa.texts).split())


async def test_no_vector_is_stored(office: Any, rasa: FakeRasa) -> None:
    await queue(office, *SAME)
    columns = {column.name for table in (ReviewGroup, ReviewItem) for column in table.__table__.columns}
    assert not {name for name in columns if "vector" in name}
    assert (await office.rows(select(func.count()).select_from(ReviewGroup)))[0][0] == 1


def test_the_nearest_of_many_is_found() -> None:
    chance = random.Random(5)
    many = {
        number: Vector.read(coarse(*(chance.randint(-127, 127) for _ in range(64))))
        for number in range(1, 300)
    }
    for number in (1, 77, 299):
        parts = list(many[number].parts)
        parts[3] = max(-127, min(127, parts[3] + 9))
        assert nearest(many, Vector.read(coarse(*parts))) == number
    assert nearest(many, Vector.read(coarse(*[1] * 64))) is None


def test_near_is_what_was_measured_on_the_project_s_names() -> None:
    assert NEAR == 0.92
    assert Meanings().like("vi||", Vector.read(coarse(1, 2))) is None


def test_among_ten_thousand_groups_the_nearest_is_found_in_milliseconds() -> None:
    chance = random.Random(6)
    many = {number: Vector.read(b64encode(chance.randbytes(384)).decode()) for number in range(10_000)}
    started = time.process_time()
    for number in range(100):
        assert nearest(many, many[number * 90]) == number * 90
    assert time.process_time() - started < 5
