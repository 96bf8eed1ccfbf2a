"""How long the console's pages take with a million turns: python tests/console/bench_pages.py --help.

Makes the turns in a database of its own (a folder, or an empty PostgreSQL database), then asks for pages
through the whole application, session and templates included.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Connection, text
from tqdm import tqdm

from channels.store import Store
from console.access import accounts, sessions
from console.figures import rolling
from console.review import filling
from console.server import create_app
from troly.clock import now
from troly.database import async_engine, engine
from troly.migrate import upgrade
from troly.settings import Settings
from troly.tables.turns import searchable

INTENTS = [f"intent_{number}" for number in range(40)]
STATUSES = ["answered"] * 14 + ["clarify"] * 4 + ["not_found", "out_of_scope", "smalltalk", "form", "error"]
WORDS = [
    "làm",
    "giấy",
    "khai",
    "sinh",
    "cần",
    "gì",
    "đăng",
    "ký",
    "kết",
    "hôn",
    "lệ",
    "phí",
    "bao",
    "nhiêu",
    "tiền",
    "mất",
    "căn",
    "cước",
    "đổi",
    "bằng",
    "lái",
    "xe",
    "ở",
    "đâu",
    "nộp",
    "hồ",
    "sơ",
    "chứng",
    "thực",
    "sổ",
    "đỏ",
    "tạm",
    "trú",
    "thường",
    "trú",
    "hộ",
    "khẩu",
    "nhập",
    "học",
    "trợ",
    "cấp",
    "bảo",
    "hiểm",
    "hộ",
    "chiếu",
    "lý",
    "lịch",
    "tư",
    "pháp",
    "kinh",
    "doanh",
]
RARE = ["thủy nội địa", "khoáng sản", "hầm mỏ", "phóng xạ"]
PROCEDURES = [f"1.{number:06}" for number in range(600)]
COMMUNES = [f"phường {number}" for number in range(54)]

PAGES = {
    "newest": "",
    "second page": "?before={half}",
    "channel": "?channel=telegram",
    "language": "?language=en",
    "common intent": "?intent=intent_3",
    "rare intent": "?intent=intent_39",
    "no such intent": "?intent=nothing",
    "status": "?status=error",
    "unsure": "?sure=low",
    "sure": "?sure=high",
    "bad rating": "?rating=bad",
    "handed over": "?handed=1",
    "procedure": "?procedure=1.000123",
    "commune": "?commune=phường 7",
    "a day": "?since={day}&until={day}",
    "a month, status": "?since={month}&until={day}&status=not_found",
    "an old month, unsure": "?since={old}&until={old_end}&sure=low",
    "common word": "?text=khai",
    "two words": "?text=khai sinh",
    "beginning of a word": "?text=kh",
    "rare words": "?text=phong xa",
    "no such word": "?text=zzzzzz",
    "word and intent": "?text=lai xe&intent=intent_5",
    "word, status, channel": "?text=can cuoc&status=not_found&channel=zalo_oa",
    "four filters": "?channel=web&language=vi&status=clarify&sure=low&intent=intent_1",
    "rare together": "?channel=zalo_bot&rating=bad&intent=intent_38&commune=phường 3",
    "none together": "?intent=intent_39&status=portal_unavailable",
    "rare words, none": "?text=phong xa&rating=bad&language=en&status=error",
    "tag": "?tag=xem lại",
    "flag": "?flag=follow_up",
}

FIGURES = {
    "figures, 7 days": "/figures?period=7",
    "figures, 30 days": "/figures",
    "figures, 90 days": "/figures?period=90",
    "figures, two years": "/figures?period=days&since={long}&until={today}",
    "figures, channel": "/figures?channel=telegram&language=en",
    "topics, 30 days": "/figures/topics",
    "topics, 90 days": "/figures/topics?period=90",
    "topics, two years": "/figures/topics?period=days&since={long}&until={today}",
    "unmet, 30 days": "/figures/unmet",
    "unmet, 90 days": "/figures/unmet?period=90",
    "open data": "/figures/open",
}

REVIEW = {
    "review": "/review",
    "review, one reason": "/review?reason=handed_over",
    "review, to confirm": "/review?list=confirm",
    "review, to settle": "/review?list=settle",
    "review, one to confirm": "/review/groups/{confirm}?list=confirm",
    "review, a group": "/review/groups/{group}",
    "review, next": "/review/next?after={place}",
    "review, history": "/review/history",
    "review, agreement": "/review/agreement",
}

COUNTED = """
INSERT INTO daily_count (day, channel, language, kind, name, detail, number)
SELECT {day}, channel, language, {kind}, {name}, {detail}, count(*) FROM turn WHERE {where}
GROUP BY {day}, channel, language{by}
"""
"""What delivery counts with each answer."""
UNMET = (
    """
INSERT INTO review_group (leader, kind, waiting, rank, reasons, seen_at)
SELECT words, 'vi||', 0, 0, 1, at FROM turn WHERE status IN ('not_found', 'out_of_scope') ORDER BY id
LIMIT 500
""",
    """
INSERT INTO review_item (group_id, message_id, conversation_id, turn_id, at, channel, language, text, folded,
  status, reasons, sampled, state, answer)
SELECT (SELECT min(id) FROM review_group) + id % 500, message_id, conversation_id, id, at, channel, language,
  words, words, status, 1, id % 9 = 0, 'done',
  CASE WHEN id % 9 = 0 AND id % 4 > 0 THEN 'right' ELSE 'wrong' END
FROM turn WHERE status IN ('not_found', 'out_of_scope', 'error')
""",
    """
INSERT INTO review_label (item_id, batch, stage, verdict, intent, note, author, at)
SELECT id, 'b' || CAST(id / 4 AS TEXT), 'first', 'intent', 'intent_' || CAST(id % 40 AS TEXT), '', 'lan', at
FROM review_item ORDER BY id
""",
    """
INSERT INTO review_label (item_id, batch, stage, verdict, intent, note, author, at)
SELECT id, 'c' || CAST(id / 4 AS TEXT), 'second', 'intent', 'intent_' || CAST(id % 39 AS TEXT), '', 'mai', at
FROM review_item WHERE id % 5 = 0 AND id % 20 > 0 ORDER BY id
""",
    "UPDATE review_item SET state = 'confirm', labelled_by = 'lan', answer = NULL WHERE id % 20 = 0",
    "UPDATE review_item SET state = 'settle', answer = NULL WHERE id % 60 = 5",
)
"""As the review leaves it: a tenth of all messages, in 500 groups, labelled; a fifth of them twice, some
that wait to be confirmed or settled."""


ANSWERS = {
    "answers, texts": "/answers",
    "answers, texts by words": "/answers?text=le+phi",
    "answers, notices": "/answers/notices",
    "answers, guides": "/answers/guides",
    "answers, guides by words": "/answers/guides?text=mat+dien+thoai",
    "answers, offices": "/answers/offices",
    "answers, offices by words": "/answers/offices?text=bai+chay",
    "answers, waiting": "/answers/waiting",
    "answers, a text": "/answers/texts/answer_fee",
    "answers, a guide": "/answers/guides/vneid-lost-phone",
    "answers, an office": "/answers/offices/quang-ninh",
    "answers, a new guide": "/answers/guides/new",
    "answers, a new office": "/answers/offices/new",
}


def turns(count: int) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Conversations with their turns, over two years up to today."""
    chance = random.Random(6)
    start = now() - timedelta(days=730)
    step = timedelta(days=730) / count
    number, made = 0, 0
    while made < count:
        size = min(chance.choice((1, 2, 3, 4, 5, 6, 8, 12)), count - made)
        channel = chance.choices(("web", "zalo_oa", "telegram", "zalo_bot"), (60, 25, 12, 3))[0]
        identity = f"{number:032x}"
        rows = []
        for place in range(1, size + 1):
            at = start + step * made
            words = " ".join(chance.choices(WORDS, k=chance.randint(3, 10)))
            if chance.random() < 0.0002:
                words += " " + chance.choice(RARE)
            # Some intents are asked often, others almost never.
            intent = INTENTS[min(39, int(chance.expovariate(0.18)))]
            rows.append(
                {
                    "number": place,
                    "at": at,
                    "text": words,
                    "language": chance.choices(("vi", "en"), (94, 6))[0],
                    "intent": intent,
                    "confidence": round(1 - chance.random() ** 3, 4),
                    "procedure": chance.choice(PROCEDURES) if chance.random() < 0.6 else None,
                    "status": chance.choice(STATUSES),
                    "commune": chance.choice(COMMUNES) if chance.random() < 0.05 else None,
                    "handed": chance.random() < 0.02,
                    "rating": chance.choice((1, 1, 1, -1, 0)) if chance.random() < 0.04 else None,
                }
            )
            made += 1
        yield {"id": identity, "channel": channel, "at": rows[-1]["at"], "turns": size}, rows
        number += 1


TABLES = {
    "conversation": "id, channel, language, last_message, last_event, created_at, active_at",
    "inbox": "id, channel, message_id, conversation_id, number, text, received_at, state, due_at, attempts",
    "outbox": "conversation_id, number, kind, inbox_id, content, created_at",
    "turn": "conversation_id, number, message_id, at, channel, language, intent, confidence, procedure_code, "
    "status, ms, handed_over, pressed, commune, rating, words",
    "conversation_tag": "conversation_id, tag, added_by, added_at",
    "conversation_flag": "conversation_id, kind, set_by, set_at",
}


def fill(address: str, count: int) -> None:
    """Make the tables and the turns."""
    upgrade(address)
    made = engine(address)
    kept: dict[str, list[tuple[Any, ...]]] = {name: [] for name in TABLES}
    reply = json.dumps({"text": "Lệ phí: miễn phí. " * 8, "language": "vi"}, ensure_ascii=False)
    with made.begin() as connection, tqdm(total=count, unit=" turns", disable=None) as bar:
        for conversation, rows in turns(count):
            identity, channel = conversation["id"], conversation["channel"]
            at = conversation["at"]
            kept["conversation"].append((identity, channel, "vi", len(rows), len(rows), rows[0]["at"], at))
            for row in rows:
                message = f"{identity[-20:]}{row['number']:012}"
                moment, place = row["at"], row["number"]
                said = (message, channel, f"{identity}:{place}", identity, place, row["text"], moment)
                kept["inbox"].append((*said, "done", moment, 1))
                kept["outbox"].append((identity, place, "reply", message, reply, moment))
                kept["turn"].append(
                    (
                        *(identity, place, message, moment, channel, row["language"], row["intent"]),
                        *(row["confidence"], row["procedure"], row["status"], 320, row["handed"], False),
                        *(row["commune"], row["rating"], searchable(row["text"])),
                    )
                )
                if place == 1 and hash(identity) % 997 == 0:
                    kept["conversation_tag"].append((identity, "xem lại", "lan", moment))
                    kept["conversation_flag"].append((identity, "follow_up", "lan", moment))
            bar.update(len(rows))
            if len(kept["turn"]) >= 20_000:
                _store(connection, kept)
        _store(connection, kept)
        _count(connection)
    with made.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    made.dispose()


def _store(connection: Connection, kept: dict[str, list[tuple[Any, ...]]]) -> None:
    for name, rows in kept.items():
        if connection.dialect.name == "postgresql":
            from psycopg2.extras import execute_values

            execute_values(
                connection.connection.cursor(),
                f"INSERT INTO {name} ({TABLES[name]}) VALUES %s",
                rows,
                page_size=1000,
            )
        elif rows:
            marks = ", ".join("?" * len(rows[0]))
            plain = [tuple(_plain(value) for value in row) for row in rows]
            connection.exec_driver_sql(f"INSERT INTO {name} ({TABLES[name]}) VALUES ({marks})", plain)
        rows.clear()


def _count(connection: Connection) -> None:
    here = connection.dialect.name == "postgresql"
    day = "(at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date" if here else "date(at, '+7 hours')"
    for kind, name, detail, where, by in (
        ("'turn'", "intent", "status", "true", ", intent, status"),
        ("'conversation'", "''", "''", "number = 1", ""),
        ("'procedure'", "procedure_code", "'fee'", "procedure_code IS NOT NULL", ", procedure_code"),
    ):
        statement = COUNTED.format(day=day, kind=kind, name=name, detail=detail, where=where, by=by)
        connection.execute(text(statement))
    for statement in UNMET:
        connection.execute(text(statement))


def _plain(value: Any) -> Any:
    return value.strftime("%Y-%m-%d %H:%M:%S.%f") if hasattr(value, "strftime") else value


async def measure(address: str, folder: Path, repeats: int, only: str = "") -> dict[str, list[float]]:
    """Milliseconds of each page, over and over."""
    settings = Settings(_env_file=None, data_dir=folder, database_url=address)
    pool = async_engine(address)
    store = Store(pool)
    async with store.write() as connection:
        name = f"bench-{time.time_ns()}"
        change = await accounts.add(
            connection, name=name, display_name="Bench", roles=["admin"], password=None, by="bench"
        )
        value = await sessions.begin(connection, settings, change.result, sessions.FULL)
    async with store.read() as connection:
        top = await connection.scalar(text("SELECT max(id) FROM turn"))
        thread = await connection.scalar(
            text("SELECT conversation_id FROM turn WHERE number = 8 ORDER BY id DESC LIMIT 1")
        )
    today = now().date()
    values = {
        "half": top // 2,
        "day": today - timedelta(days=3),
        "month": today - timedelta(days=33),
        "old": today - timedelta(days=600),
        "old_end": today - timedelta(days=570),
    }
    pages = {name: "/console/conversations" + query.format(**values) for name, query in PAGES.items()}
    pages["a thread"] = f"/console/conversations/{thread}"
    values |= {"today": today, "long": today - timedelta(days=725)}
    pages |= {name: "/console" + path.format(**values) for name, path in FIGURES.items()}
    pages |= {name: f"/console{path}" for name, path in ANSWERS.items()}
    if not only or "review" in only:
        started = time.perf_counter()
        queued = await filling.fill(store, settings, steps=1000, pause=timedelta(0))
        sys.stdout.write(f"{queued} messages queued in {time.perf_counter() - started:.1f} s\n")
        async with store.read() as connection:
            query = "SELECT id, rank FROM review_group WHERE waiting > 0 ORDER BY rank DESC, id DESC LIMIT 1"
            group, rank = (await connection.execute(text(query))).one()
            query = "SELECT min(group_id) FROM review_item WHERE state = 'confirm'"
            confirm = await connection.scalar(text(query))
        values |= {"group": group, "place": f"{rank}.{group}", "confirm": confirm}
        pages |= {name: "/console" + path.format(**values) for name, path in REVIEW.items()}
    if only:
        pages = {name: path for name, path in pages.items() if only in name or only in path}
    if any("/figures" in path for path in pages.values()):
        started = time.perf_counter()
        days = await rolling.count(store)
        sys.stdout.write(f"{days} days counted in {time.perf_counter() - started:.1f} s\n")
    took: dict[str, list[float]] = {name: [] for name in pages}
    transport = httpx.ASGITransport(create_app(settings))
    async with httpx.AsyncClient(
        transport=transport, base_url="https://bench.example", timeout=120
    ) as client:
        client.cookies.set(sessions.COOKIE, value, domain="bench.example", path="/")
        for _ in range(repeats):
            for name, path in pages.items():
                started = time.perf_counter()
                response = await client.get(path)
                took[name].append((time.perf_counter() - started) * 1000)
                assert response.status_code in (200, 303), (name, response.status_code)
    await pool.dispose()
    return took


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where keys and, with SQLite, the database lie")
    parser.add_argument(
        "--database", default="", help="postgresql://…, empty; SQLite in the folder without it"
    )
    parser.add_argument("--turns", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default="", help="pages whose name or address holds this")
    arguments = parser.parse_args()
    address = arguments.database or f"sqlite:///{arguments.folder.absolute() / 'troly.db'}"
    mark = arguments.folder / f"filled-{'postgresql' if arguments.database else 'sqlite'}-{arguments.turns}"
    arguments.folder.mkdir(parents=True, exist_ok=True)
    if not mark.exists():
        fill(address, arguments.turns)
        mark.touch()
    took = asyncio.run(measure(address, arguments.folder, arguments.repeats, arguments.only))
    every = sorted(value for values in took.values() for value in values)
    for name, values in took.items():
        sys.stdout.write(
            f"{name:<24} median {statistics.median(values):7.1f} ms   max {max(values):7.1f} ms\n"
        )
    p95 = every[int(len(every) * 0.95)]
    sys.stdout.write(f"{'all pages':<24} median {statistics.median(every):7.1f} ms   p95 {p95:7.1f} ms\n")


if __name__ == "__main__":
    main()
