"""How fast reviewing is: python tests/console/bench_review.py --help.

Three figures: labels a minute by keyboard in a real browser on a queue of 300 messages (a press of a key
each time the page is there, a search by typing for every fifth group: the page's own limit, no thinking);
how long a queue of 10,000 messages takes to be made; the time from the label to the better answer of a
finder over the whole catalogue that runs beside.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import secrets
import shutil
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright
from sqlalchemy import insert, text
from starlette.responses import Response

from bot.components.finder_storage import make_finder
from bot.understanding import data, taught
from bot.understanding.freshness import Freshness
from bot.understanding.route import Served as Procedure
from channels.store import Store
from console.access.sessions import COOKIE, give, hash_of
from console.review.filling import fill
from console.review.known import known
from console.server import create_app
from troly import learning
from troly.clock import now
from troly.database import async_engine, engine
from troly.settings import ROOT, Settings
from troly.tables import Base
from troly.tables.catalogue import CatalogueProcedure
from troly.tables.staff import StaffGrant, StaffSession, StaffUser

sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "browser")]  # run as a program, not by pytest
from serving import Served  # noqa: E402

from tests.fakes.talks import stored_talk  # noqa: E402

FILLERS = ["", "ạ", "cho em hỏi", "với", "nhé", "shop ơi", "giúp em với"]


def messages(number: int) -> list[str]:
    """So many messages, of which about half are like another."""
    chance = random.Random(7)
    base = sorted(text for text in known().sentences if len(text) > 12)
    kinds = chance.sample(base, number // 2)
    return [
        f"{chance.choice(FILLERS)} {chance.choice(kinds)} {chance.choice(FILLERS)}" for _ in range(number)
    ]


def prepared(folder: Path, number: int) -> tuple[Settings, Any]:
    """A database with messages that were not understood, and one procedure to find."""
    settings = Settings(_env_file=None, data_dir=folder, review_sample_share=0.0)
    database = engine(settings.database)
    Base.metadata.create_all(database)
    at = now() - timedelta(minutes=30)
    with database.begin() as connection:
        for words in messages(number):
            turn = {"text": words, "turn": {"status": "not_found", "intent": "ask_procedure"}}
            for statement in stored_talk(secrets.token_hex(16), [turn], at=at):
                connection.execute(statement)
        for code, name in [("2.002132", "Đăng ký nuôi ong"), ("1.001193", "Thủ tục đăng ký khai sinh")]:
            connection.execute(
                insert(CatalogueProcedure).values(
                    id=code,
                    code=code,
                    name=name,
                    folded_name=name,
                    field="",
                    type="STANDARD",
                    levels=["commune"],
                    content_hash="",
                    list_hash="",
                    detail={},
                    as_of=now(),
                )
            )
    return settings, database


async def grouped(settings: Settings, number: int) -> dict[str, Any]:
    """Fill the queue; known() is read before, as in a gateway that has run for a minute."""
    pool = async_engine(settings.database)
    started = time.perf_counter()
    await fill(Store(pool), settings, steps=number, pause=timedelta(0))
    took = time.perf_counter() - started
    async with pool.connect() as connection:
        row = (
            await connection.execute(text("SELECT count(*), count(DISTINCT group_id) FROM review_item"))
        ).one()
    await pool.dispose()
    return {"messages": row[0], "groups": row[1], "seconds": round(took, 2)}


def by_keyboard(settings: Settings, database: Any, chromium: str) -> dict[str, Any]:
    """Work through the queue with one hand on the keyboard."""
    app = create_app(settings)

    @app.get("/given/{value}")
    async def given(value: str) -> Response:
        response = Response()
        give(response, COOKIE, value)
        return response

    value = secrets.token_urlsafe(32)
    with database.begin() as connection:
        connection.execute(
            insert(StaffUser).values(id="a", name="lan", display_name="Lan", password="", created_at=now())
        )
        connection.execute(
            insert(StaffGrant).values(user_id="a", role="reviewer", granted_at=now(), granted_by="")
        )
        year = now() + timedelta(days=1)
        connection.execute(
            insert(StaffSession).values(
                id=hash_of(value),
                user_id="a",
                stage="full",
                origin="password",
                created_at=now(),
                seen_at=now(),
                expires_at=year,
            )
        )
    served = Served(app, lifespan="on")
    decisions = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium or shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        page.goto(f"{served.url}/given/{value}")
        page.goto(f"{served.url}/console/review/next")
        started = time.perf_counter()
        while "/groups/" in page.url:
            with page.expect_navigation():
                if decisions % 5 == 4:
                    page.keyboard.press("i")
                    page.keyboard.type("giay to")
                    page.keyboard.press("Enter")
                else:
                    page.keyboard.press("yyou"[decisions % 4])
            if page.get_by_role("alert").count():  # it stands for something else already: go on
                with page.expect_navigation():
                    page.keyboard.press("u")
            decisions += 1
        took = time.perf_counter() - started
        browser.close()
    served.stop()
    with database.connect() as connection:
        labels = connection.execute(text("SELECT count(*) FROM review_label")).scalar_one()
    return {
        "labels": labels,
        "decisions": decisions,
        "seconds": round(took, 1),
        "labels_a_minute": round(labels / took * 60),
        "decisions_a_minute": round(decisions / took * 60),
    }


async def to_better_answer(settings: Settings, catalogue: Path) -> dict[str, Any]:
    """From the stored label to the finder that knows the name, looking every three seconds as in service."""
    from tests.bot.test_finder_floor import _served

    taught.settings = lambda: settings  # type: ignore[attr-defined]
    root = ROOT / "nlu_data"
    items: list[Procedure] = _served(catalogue, data.english_titles(root))
    fresh = Freshness(make_finder(root, items, {}), 3600, taught_seconds=3.0)
    name = "cái giấy xanh cho thằng cu"
    pool = async_engine(settings.database)
    took = []
    for number in range(3):
        fresh.current()
        await asyncio.sleep(4 + number)
        before = fresh.current().find(name, "vi").procedures
        assert not before or before[0].code != "1.001193"
        started = time.perf_counter()
        async with pool.begin() as connection:
            row = await learning.teach_name(connection, "1.001193", "vi", name, "lan")
        while True:
            found = fresh.current().find(name, "vi").procedures
            if found and found[0].code == "1.001193":
                break
            await asyncio.sleep(0.05)
        took.append(round(time.perf_counter() - started, 2))
        async with pool.begin() as connection:
            await learning.take_back(connection, row)
        while (found := fresh.current().find(name, "vi").procedures) and found[0].code == "1.001193":  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    await pool.dispose()
    return {"procedures": len(items), "seconds": took}


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chromium", default="", help="the browser; empty: the one in the path")
    parser.add_argument("--catalogue", type=Path, help="details of the portal (jsonl.gz) for the last figure")
    chosen = parser.parse_args()
    known()
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        for part, number in (("few", 300), ("many", 10_000)):
            folder = Path(name) / part
            folder.mkdir()
            settings, database = prepared(folder, number)
            found[f"queue of {number}"] = asyncio.run(grouped(settings, number))
            if part == "few":
                found["by keyboard"] = by_keyboard(settings, database, chosen.chromium)
                if chosen.catalogue:
                    found["label to better answer"] = asyncio.run(
                        to_better_answer(settings, chosen.catalogue)
                    )
            database.dispose()
    sys.stdout.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
