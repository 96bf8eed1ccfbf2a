"""/readyz names the part that fails, and no other."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.responses import Response

PARTS = ("database", "rasa", "actions", "portal", "push")


def _neighbour(path: str, state: dict[str, str]) -> FastAPI:
    """An action server or a portal that answers, fails, or hangs."""

    async def answer() -> Response:
        if state["how"] == "hangs":
            await asyncio.sleep(8)
        return Response(status_code=500 if state["how"] == "fails" else 200)

    app = FastAPI()
    app.add_api_route(path, answer)
    return app


@pytest.mark.usefixtures("push")
@pytest.mark.parametrize(
    ("part", "how", "status"),
    [
        ("none", "up", "ready"),
        ("database", "away", "unavailable"),
        ("rasa", "away", "unavailable"),
        ("actions", "away", "degraded"),
        ("actions", "fails", "degraded"),
        ("actions", "hangs", "degraded"),
        ("portal", "away", "degraded"),
        ("portal", "fails", "degraded"),
        ("portal", "hangs", "degraded"),
        ("push", "fails", "degraded"),
    ],
)
async def test_the_part_that_fails_is_named_and_no_other(
    start: Any, rasa: Any, serve: Any, tmp_path: Path, part: str, how: str, status: str
) -> None:
    states = {name: {"how": how if name == part else "up"} for name in ("actions", "portal")}
    async with AsyncExitStack() as stack:
        actions = await stack.enter_async_context(serve(_neighbour("/health", states["actions"])))
        portal = await stack.enter_async_context(serve(_neighbour("/healthz", states["portal"])))
        given = {
            "rasa_url": rasa.url,
            "actions_url": actions,
            "portal_port": int(portal.rpartition(":")[2]),
        }
        if how == "away":
            nobody: dict[str, Any] = {
                "database": {"database_url": f"sqlite:///{tmp_path / 'empty.db'}"},
                "rasa": {"rasa_url": "http://127.0.0.1:9"},
                "actions": {"actions_url": "http://127.0.0.1:9"},
                "portal": {"portal_port": 9},
            }
            given |= nobody[part]
        running = await stack.enter_async_context(start(**given))
        if part == "push":
            running.gateway.sender._failing["push"] = 99
        response = await running.http.get("/readyz")
    assert response.json()["status"] == status
    assert response.status_code == (503 if status == "unavailable" else 200)
    assert response.json()["checks"] == {name: "down" if name == part else "up" for name in PARTS}
    assert response.headers["cache-control"] == "no-store"


async def test_asking_changes_nothing_and_waits_for_no_reader(stack: Any) -> None:
    visitor = await stack.visitor()
    await visitor.ask("một")
    before = (await visitor.transcript())["messages"]
    answers = await asyncio.gather(*(stack.http.get("/readyz") for _ in range(8)))
    assert {answer.json()["checks"]["database"] for answer in answers} == {"up"}
    assert (await visitor.transcript())["messages"] == before
