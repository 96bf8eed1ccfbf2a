"""An ASGI application on a loopback port, in a thread of its own: the browser's tests are synchronous."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any, Literal

import uvicorn


class Served:
    """Serves from its making until stop()."""

    def __init__(self, app: Any, *, lifespan: Literal["on", "off"] = "off") -> None:
        """Returns when the application answers."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        config = uvicorn.Config(
            app,
            ws="none",
            lifespan=lifespan,
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._listener]}, daemon=True
        )
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive(), "the server did not start"
            time.sleep(0.01)

    @property
    def ending(self) -> bool:
        """Whether it was told to stop."""
        return self._server.should_exit

    def stop(self) -> None:
        """End it and wait for that."""
        self._server.should_exit = True
        self._thread.join(10)
        self._listener.close()
