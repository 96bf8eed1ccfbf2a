"""Does one abusive visitor slow the others? Measured with a real gateway and its default limits.

python -m tests.faults.abuse --seconds 30                     its own gateway before a scripted Rasa
python -m tests.faults.abuse --seconds 30 --url http://…      a stack that runs, and trusts this machine
python -m tests.faults.abuse --only media --only conversations      some of the abuses

Ten visitors, each at an own address, ask something every three seconds: first alone, then while somebody at
one address does all that costs a server work, as fast as the connections allow: messages of 5,000
characters, new conversations, photos, event streams, lists, wrong signatures. The addresses are told as a
web server in front tells them (X-Forwarded-For).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx

from tests.channels.pictures import scene, written
from tests.faults import processes
from troly.database import engine
from troly.tables import Base

VISITORS = 10
PACE = 3.0
CONNECTIONS = 24
"""Of the abuser."""

_QUESTION = "tin {number} lệ phí đăng ký khai sinh là bao nhiêu"
_ABUSER = {"X-Forwarded-For": "8.8.8.8"}


async def _opened(http: httpx.AsyncClient, headers: dict[str, str]) -> dict[str, str]:
    response = await http.post("/api/v1/conversations", headers=headers)
    response.raise_for_status()
    return headers | {"Authorization": f"Bearer {response.json()['token']}"}


async def _visitor(
    http: httpx.AsyncClient, number: int, until: float, seconds: list[float], bad: Counter[str]
) -> None:
    await asyncio.sleep(PACE * number / VISITORS)
    headers = await _opened(http, {"X-Forwarded-For": f"203.0.113.{number + 1}"})
    for turn in itertools.count(1):
        if perf_counter() >= until:
            return
        started = perf_counter()
        body = {"text": _QUESTION.format(number=turn), "client_id": f"c{turn}"}
        try:
            response = await http.post("/api/v1/messages?wait=true", json=body, headers=headers)
            seconds.append(perf_counter() - started)
            if response.status_code != 200:
                bad[str(response.status_code)] += 1
        except httpx.HTTPError as error:
            bad[type(error).__name__] += 1
        await asyncio.sleep(max(0.0, PACE - (perf_counter() - started)))


async def _abuse(
    http: httpx.AsyncClient, number: int, statuses: Counter[str], only: Collection[str] = ()
) -> None:
    """One connection of the abuser, until it is cancelled."""
    photo = written(scene(3000, 2000))
    headers = dict(_ABUSER)
    for turn in itertools.count():
        requests: list[dict[str, Any]] = [
            {"method": "POST", "url": "/api/v1/conversations"},
            {
                "method": "POST",
                "url": "/api/v1/messages",
                "json": {"text": "ộ " * 2400, "client_id": f"{number}-{turn}"},
            },
            {"method": "POST", "url": "/api/v1/media", "files": {"photo": ("a.jpg", photo)}},
            {"method": "GET", "url": "/api/v1/conversation"},
            {"method": "GET", "url": "/api/docs"},
            {"method": "GET", "url": "/checklists/" + "a" * 43 + ".pdf"},
            {"method": "POST", "url": "/webhooks/telegram", "content": b"x" * 500_000},
            {"method": "GET", "url": "/console/sign-in"},
            {"method": "GET", "url": "/"},
            {"method": "GET", "url": "/readyz"},
        ]
        if only:
            requests = [one for one in requests if one["url"].rpartition("/")[2] in (*only, "conversations")]
        with contextlib.suppress(httpx.HTTPError, KeyError, ValueError):
            if turn % 20 == 0:
                async with http.stream("GET", "/api/v1/events", headers=headers, timeout=0.5) as response:
                    statuses[f"events {response.status_code}"] += 1
                    async for _ in response.aiter_lines():
                        break
        chosen = requests[(turn + number) % len(requests)]
        try:
            response = await http.request(**chosen, headers=headers)
        except httpx.HTTPError as error:
            statuses[type(error).__name__] += 1
            continue
        statuses[str(response.status_code)] += 1
        if chosen["url"] == "/api/v1/conversations" and response.status_code == 200:
            headers = _ABUSER | {"Authorization": f"Bearer {response.json()['token']}"}


async def _phase(url: str, seconds: float, *, abusive: bool, only: Collection[str] = ()) -> dict[str, Any]:
    taken: list[float] = []
    bad: Counter[str] = Counter()
    statuses: Counter[str] = Counter()
    limits = httpx.Limits(max_connections=None)
    loud = None
    if abusive:  # in a process of its own: the visitors' clock must not wait for the abuser's work
        words = [
            "--abuse",
            "--url",
            url,
            "--seconds",
            str(seconds),
            *(w for one in only for w in ("--only", one)),
        ]
        loud = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.faults.abuse", *words, stdout=asyncio.subprocess.PIPE
        )
        await asyncio.sleep(2)
    async with httpx.AsyncClient(base_url=url, timeout=40, trust_env=False, limits=limits) as http:
        until = perf_counter() + seconds
        await asyncio.gather(*(_visitor(http, number, until, taken, bad) for number in range(VISITORS)))
    if loud:
        statuses.update(json.loads((await loud.communicate())[0]))
    cut = statistics.quantiles(taken, n=100)
    return {
        "messages": len(taken),
        "p50_ms": round(cut[49] * 1000),
        "p95_ms": round(cut[94] * 1000),
        "p99_ms": round(cut[98] * 1000),
        "failed": dict(bad),
        "abuser": dict(statuses.most_common()),
    }


@asynccontextmanager
async def _stack() -> AsyncIterator[str]:
    """A gateway with everyday limits before the scripted Rasa."""
    with tempfile.TemporaryDirectory(prefix="troly-abuse-") as name:
        folder = Path(name)
        database = f"sqlite:///{folder / 'troly.db'}"
        made = engine(database)
        Base.metadata.create_all(made)
        made.dispose()
        assistant = processes.rasa(folder)
        environment = {
            "database_url": database,
            "data_dir": folder,
            "rasa_url": assistant.url,
            "actions_url": "http://127.0.0.1:9",
            "portal_url": "http://127.0.0.1:9",
            "telegram_token": "1:" + "a" * 35,
            "telegram_secret": "s" * 32,
            "telegram_api": "http://127.0.0.1:9",
            "public_url": "https://troly.example.test",
            "log_level": "error",
        }
        front = processes.gateway(1, folder, environment)
        try:
            assistant.spawn()
            front.spawn()
            await assistant.ready()
            await front.ready()
            yield front.url
        finally:
            front.stop()
            assistant.stop()


async def measure(seconds: float, url: str = "", only: Collection[str] = ()) -> dict[str, Any]:
    """Both phases, and how much slower the second is."""
    async with _stack() if not url else contextlib.nullcontext(url) as running:
        assert running
        await _phase(running, min(seconds, 5.0), abusive=False)  # caches and connections
        alone = await _phase(running, seconds, abusive=False)
        abused = await _phase(running, seconds, abusive=True, only=only)
    return {
        "alone": alone,
        "abused": abused,
        "p95_ratio": round(abused["p95_ms"] / max(1, alone["p95_ms"]), 2),
    }


async def abuse(seconds: float, url: str, only: Collection[str]) -> Counter[str]:
    """All of the abuser's connections for so long; gives how often each status came."""
    statuses: Counter[str] = Counter()
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=url, timeout=40, trust_env=False, limits=limits) as loud:
        tasks = [asyncio.create_task(_abuse(loud, one, statuses, only)) for one in range(CONNECTIONS)]
        await asyncio.sleep(seconds + 3)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return statuses


def main() -> int:
    """Print the figures; 1 when an ordinary visitor was refused or left without an answer."""
    parser = argparse.ArgumentParser(description="One abuser and ten ordinary visitors.")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--url", default="")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--abuse", action="store_true", help="only the abuser; prints what came back")
    given = parser.parse_args()
    if given.abuse:
        print(json.dumps(dict(asyncio.run(abuse(given.seconds, given.url, given.only)).most_common())))
        return 0
    figures = asyncio.run(measure(given.seconds, given.url, given.only))
    print(json.dumps(figures, indent=2, ensure_ascii=False))
    return 1 if figures["abused"]["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
