"""Cross-check with an implementation of Telegram's API that others wrote: npm telegram-test-api 4.2.1."""

from __future__ import annotations

import asyncio
import fcntl
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from channels.telegram import admin
from tests.channels.telegram.peer.shim import Shim
from tests.conftest import lacking, unused_port
from tests.fakes.telegram import SECRET, TOKEN
from troly.settings import ROOT

HERE = Path(__file__).parent / "peer"
CACHE = ROOT / "var" / "peers" / "telegram-test-api"
INSTALL_SECONDS = 180
WHO = {"id": 77, "first_name": "An", "is_bot": False}
CHAT = {"id": 77, "first_name": "An", "type": "private"}


def _installed(node: str) -> Path:
    """The folder with the package, installed once; the test is skipped where that cannot be."""
    npm = shutil.which("npm")
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = CACHE / "node_modules" / "telegram-test-api" / "package.json"
        if not found.exists():
            if npm is None:
                lacking("npm is not installed (Debian: apt-get install npm)")
            shutil.copy(HERE / "package.json", CACHE)
            command = [
                str(npm),
                "install",
                "--no-package-lock",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
            ]
            try:
                done = subprocess.run(
                    command, cwd=CACHE, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
                )
            except subprocess.TimeoutExpired:
                lacking("npm could not install telegram-test-api 4.2.1 in time")
            if done.returncode or not found.exists():
                lacking(f"npm could not install telegram-test-api 4.2.1: {done.stderr.strip()[-200:]}")
    return CACHE


@pytest.fixture(scope="module")
def peer() -> Iterator[str]:
    """The emulator's address."""
    node = shutil.which("node")
    if node is None:
        lacking("node is not installed (Debian: apt-get install nodejs npm)")
    folder, port = _installed(str(node)), unused_port()
    shutil.copy(HERE / "server.js", folder)
    process = subprocess.Popen(
        [str(node), "server.js", str(port)],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=sys.stderr,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()


class Citizen:
    """Writes through the emulator's side for users."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def write(self, text: str) -> None:
        """A text, or a command."""
        message = {"botToken": TOKEN, "from": WHO, "chat": CHAT, "date": int(time.time()), "text": text}
        if text.startswith("/"):
            entities = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}]
            await self._http.post("/sendCommand", json=message | {"entities": entities})
        else:
            await self._http.post("/sendMessage", json=message)

    async def press(self, data: str, message: dict[str, Any]) -> None:
        """A button under a message of the bot."""
        shown = {"message_id": message["messageId"], "chat": CHAT, "text": message["message"]["text"]}
        shown["reply_markup"] = message["message"]["reply_markup"]
        query = {"botToken": TOKEN, "from": WHO, "message": shown, "data": data}
        await self._http.post("/sendCallback", json=query)

    async def told(self, count: int) -> list[dict[str, Any]]:
        """What the bot said, once it is so much."""
        async with asyncio.timeout(15):
            while True:
                history = (await self._http.post("/getUpdatesHistory", json={"token": TOKEN})).json()[
                    "result"
                ]
                said = [each for each in history if "chat_id" in each.get("message", {})]
                if len(said) >= count:
                    return said
                await asyncio.sleep(0.05)


@pytest.fixture(params=["webhook", "polling"])
async def connected(
    request: pytest.FixtureRequest,
    peer: str,
    start: Callable[..., Any],
    serve: Callable[..., Any],
    rasa: Any,
) -> AsyncIterator[tuple[Citizen, Shim]]:
    """A gateway that is connected to the emulator."""
    async with httpx.AsyncClient(base_url=peer, trust_env=False, timeout=10) as http:
        shim = Shim(peer, http)
        async with serve(shim.app) as shim.url:
            settings = {
                "telegram_token": TOKEN,
                "telegram_secret": SECRET,
                "telegram_mode": request.param,
                "telegram_api": shim.url,
            }
            async with start(rasa_url=rasa.url, **settings) as stack:
                if request.param == "webhook":
                    await admin.set_webhook(stack.gateway.settings, str(stack.http.base_url))
                yield Citizen(http), shim
            await http.post(f"/bot{TOKEN}/deleteWebhook", json={})


async def test_a_conversation_through_another_implementation(
    connected: tuple[Citizen, Shim], rasa: Any, request: pytest.FixtureRequest
) -> None:
    citizen, shim = connected
    before = len(await citizen.told(0))

    await citizen.write("Lệ phí <khai sinh>?")
    _, answer = (await citizen.told(before + 2))[before:]
    assert answer["message"]["text"].startswith("echo: Lệ phí &lt;khai sinh&gt;?")
    (button,) = answer["message"]["reply_markup"]["inline_keyboard"][0]
    assert button == {"text": "Lệ phí", "callback_data": "b:2:0"}

    await citizen.press(button["callback_data"], answer)
    await citizen.told(before + 3)
    assert rasa.messages()[-1] == '/ask_fee{"procedure_code":"1.001193"}'

    await citizen.write("/help")
    await citizen.told(before + 4)
    assert rasa.messages()[-1] == "/ask_capabilities"

    await citizen.write("/delete")
    question = (await citizen.told(before + 5))[-1]
    confirm = question["message"]["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
    await citizen.press(confirm, question)
    await citizen.told(before + 6)

    async with asyncio.timeout(5):
        while "editMessageText" not in shim.methods:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert shim.methods.count("answerCallbackQuery") == 2
    assert "editMessageReplyMarkup" in shim.methods
    assert set(shim.answers) <= {200}
    assert bool(shim.answers) is ("webhook" in request.node.name)
