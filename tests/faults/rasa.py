"""A Rasa by script, as a process that can be killed: python rasa.py PORT FOLDER

It echoes the number of a message ("tin 17 …" -> "đáp 17"). While the file FOLDER/portal_down is there it
answers as the assistant does when the portal does not: late, and with that status.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

THINKS = 0.03
PORTAL_TIMEOUT = 3.0


class Scripted:
    """One Rasa; what must never happen is written to FOLDER/overlaps, each turn to FOLDER/turns-PORT."""

    def __init__(self, folder: Path, port: int) -> None:
        self._turns = folder / f"turns-{port}"
        self._down = folder / "portal_down"
        self._overlaps = folder / "overlaps"
        self._active: Counter[str] = Counter()
        self.app = Starlette(
            routes=[
                Route("/webhooks/rest/webhook", self._webhook, methods=["POST"]),
                Route("/status", self._status, methods=["GET"]),
            ]
        )

    async def _status(self, _request: Request) -> JSONResponse:
        return JSONResponse({"model_file": "scripted"})

    async def _webhook(self, request: Request) -> JSONResponse:
        body: dict[str, Any] = await request.json()
        sender, message = body["sender"], body["message"]
        self._active[sender] += 1
        if self._active[sender] > 1:
            _append(self._overlaps, sender)
        try:
            began = time.monotonic()
            down = self._down.exists()
            await asyncio.sleep(PORTAL_TIMEOUT if down else THINKS)
        finally:
            self._active[sender] -= 1
        found = re.match(r"tin (\d+)", message)
        _append(self._turns, f"{sender} {began} {time.monotonic()} {found[1] if found else 0}")
        text = f"đáp {found[1]}" if found else "Kính chào Anh/Chị."
        answer = {"status": "portal_unavailable" if down else "answered", "language": "vi", "sources": []}
        custom = {"language": "vi", "links": [], "answer": answer}
        return JSONResponse(
            [{"recipient_id": sender, "text": text}, {"recipient_id": sender, "custom": custom}]
        )


def _append(file: Path, line: str) -> None:
    with file.open("a", encoding="utf-8") as out:
        out.write(line + "\n")


if __name__ == "__main__":
    uvicorn.run(
        Scripted(Path(sys.argv[2]), int(sys.argv[1])).app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        log_config=None,
        access_log=False,
        ws="none",
        timeout_keep_alive=5,
    )
