"""What every stand-in of a platform can do, so that the same cases run on all of them.

Test folders are no packages, yet `from tests.fakes.base import …` works under pytest, and in other
programs once the project's root is on sys.path.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Protocol, Self

import httpx
import uvicorn

STARTUP_SECONDS = 10.0

Failure = Literal["429", "500", "timeout", "token", "blocked", "drop_after_send"]
"""What the platform answers to the gateway's next sends.

429: too many, with the platform's own way to say for how long; 500: broken; timeout: no answer, not
delivered; token: the access token is refused; blocked: the citizen blocked the account;
drop_after_send: delivered, but the connection is closed before the answer.
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """One message as the citizen's app shows it."""

    text: str
    buttons: list[str] = field(default_factory=list)
    """Their titles; empty on platforms without buttons, where the text numbers the choices."""
    links: list[str] = field(default_factory=list)
    """The addresses that can be opened."""
    image: str | None = None


class Platform(Protocol):
    """A platform with its citizens; the gateway talks to `app`, and is told what citizens do.

    It has a token and a secret of its own, told by settings(). Each call of a citizen delivers one
    webhook and gives the gateway's answer to it. A module of a stand-in has `create(gateway="")` that
    makes one (`gateway` can be set later: each needs the other's address).
    """

    name: str
    """The channel's name."""
    app: Any
    """The ASGI application that speaks the platform's wire format."""
    gateway: str
    """The gateway's address, where webhooks go."""

    def settings(self, url: str) -> dict[str, str]:
        """The settings with which a gateway finds this stand-in at `url`: {"TELEGRAM_TOKEN": …}."""
        ...

    async def write(self, citizen: str, text: str, *, message_id: str | None = None) -> httpx.Response:
        """The citizen writes; the same `message_id` again is a redelivery."""
        ...

    async def press(self, citizen: str, button: int) -> httpx.Response:
        """The citizen takes the n-th choice (from 1) of the last reply that has any."""
        ...

    async def send_media(self, citizen: str, kind: str) -> httpx.Response:
        """The citizen sends an image, voice, sticker, file, location … as far as the platform knows it."""
        ...

    async def raw(
        self, body: bytes, *, signed: bool = True, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Post exactly this to the webhook; unsigned means without the secret or signature."""
        ...

    def replies(self, citizen: str) -> list[Shown]:
        """What the citizen was shown, in the order in which it was delivered."""
        ...

    def fail(self, what: Failure, times: int = 1) -> None:
        """Let the gateway's next sends go wrong."""
        ...


class Server(contextlib.AbstractContextManager["Server"]):
    """Serves an ASGI application on a loopback port, in a thread of its own, until it is left.

    with Server(fake.app) as server: … server.url …

    Leaving it cuts open requests off (a long poll, a fake that answers nothing).
    """

    def __init__(self, app: Any, port: int = 0) -> None:
        """Port 0 takes a free one. Raises OSError when the port is in use."""
        self._app = app
        self._asked = port
        self.port = 0
        self.url = ""

    def __enter__(self) -> Self:
        """Returns when the application answers."""
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._listener.bind(("127.0.0.1", self._asked))
        except OSError:
            self._listener.close()
            raise
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        config = uvicorn.Config(
            self._app,
            ws="none",
            lifespan="auto",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
            timeout_keep_alive=60,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._listener]}, name="fake", daemon=True
        )
        self._thread.start()
        end = time.monotonic() + STARTUP_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > end:
                self._listener.close()
                raise RuntimeError("the application did not start")
            time.sleep(0.005)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Returns when the port is free again."""
        self._server.should_exit = True
        self._thread.join(STARTUP_SECONDS)
        self._listener.close()


def cut(receive: Any) -> None:
    """Break off the connection that a request came on, without an answer.

    What the application answers afterwards goes nowhere. Called in-process (httpx.ASGITransport)
    there is no connection: the caller gets the error that httpx has for a broken one.
    """
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is None:
        raise httpx.ReadError("cut off")
    transport.abort()


@contextlib.contextmanager
def serving(app: Any, port: int = 0) -> Iterator[str]:
    """The application over real loopback HTTP; gives its address and stops by itself."""
    with Server(app, port) as server:
        yield server.url
