"""One real round of improvement, through the doors that citizens and staff use, with figures.

    python -m tests.console.improvement --catalogue FILE [--encoder none] [--json FILE]

Starts the whole program in a folder of its own with the catalogue FILE (details of the portal, jsonl.gz);
sends the sample conversations of improvement.yml through the public API; labels what was misunderstood
through the console's forms as a reviewer, confirms as a second one, settles as an editor; trains and
activates through the console; asks everything again. Of each theme one wording is set aside: it is asked,
but never labelled. About half an hour on two busy cores, most of it training.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import yaml
from sqlalchemy import text

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "stack"), str(ROOT / "tests" / "console")]

import running  # noqa: E402
from improvement_staff import Staff  # noqa: E402

from bot.labelled import Record, read_records  # noqa: E402
from channels.store import Store  # noqa: E402
from console.review.filling import fill  # noqa: E402
from console.review.known import known  # noqa: E402
from troly.database import async_engine  # noqa: E402
from troly.learning import folded  # noqa: E402
from troly.settings import Settings  # noqa: E402

TALKS = Path(__file__).with_name("improvement.yml")
PASSWORD = "một câu dài để thử một vòng"
NAME_SECONDS = 20.0
PATIENCE = 3600.0


@dataclass(frozen=True)
class Sample:
    """A message and what understanding it means."""

    theme: str
    text: str
    intent: str
    procedure: str | None
    aside: bool
    call: str = ""
    """What the reviewer writes as the citizens' name of the procedure."""


def samples(file: Path = TALKS) -> list[Sample]:
    """The project's sample messages."""
    found = []
    for theme in yaml.safe_load(file.read_text("utf-8")):
        about = theme["theme"], theme["intent"], theme.get("procedure")
        for words, aside in [*((one, False) for one in theme["say"]), (theme["aside"], True)]:
            found.append(Sample(about[0], words, about[1], about[2], aside, theme.get("call", "")))
    return found


def seen_before(found: list[Sample]) -> list[str]:
    """Samples that stand in the project's data already: they would say nothing."""
    there = set(known().sentences)
    there |= {folded(name) for names in known().names.values() for name in names}
    there |= {folded(one.text) for one in read_records(ROOT / "tests" / "nlu") if isinstance(one, Record)}
    return [one.text for one in found if folded(one.text) in there]


class Round:
    """The program, its staff, and what was measured."""

    def __init__(self, program: running.Running) -> None:
        self.program = program

    def asked(self, found: list[Sample]) -> dict[str, dict[str, Any]]:
        """What the assistant makes of each message, alone in a conversation; by text."""
        answers = {}
        for one in found:
            with self.program.visitor("vi") as visitor:
                turn = visitor.say(one.text)
                offered = any(one.procedure and one.procedure in str(button) for button in turn.buttons)
                answers[one.text] = {**turn.answer, "offered": offered}
        return answers

    def staff(self, name: str, role: str) -> Staff:
        """Make an account as an operator does, and sign in."""
        command = [sys.executable, "-m", "troly", "user", "add", name, "--role", role]
        environment = self.program.environment | {"ROUND_PASSWORD": PASSWORD}
        subprocess.run(
            [*command, "--password-env", "ROUND_PASSWORD"],
            env=environment, cwd=self.program.folder, check=True, capture_output=True,
        )  # fmt: skip
        return Staff(self.program.url, name, PASSWORD)

    def filled(self) -> int:
        """Have the queue follow the conversations now; gives the messages in it."""
        return asyncio.run(self._filled())

    async def _filled(self) -> int:
        settings = Settings(
            _env_file=None, data_dir=self.program.folder / "data",
            rasa_url=f"http://127.0.0.1:{self.program.ports['rasa']}",
        )  # fmt: skip
        pool = async_engine(settings.database)
        try:
            await asyncio.sleep(11)  # younger turns wait
            await fill(Store(pool), settings, steps=50)
            async with pool.connect() as connection:
                return int(await connection.scalar(text("SELECT count(*) FROM review_item")) or 0)
        finally:
            await pool.dispose()

    def decided(self, who: Staff, state: str, right: dict[str, Sample], answers: Any) -> Counter[str]:
        """Decide on everything of a list as the samples say it; gives how many of which decision."""
        done: Counter[str] = Counter()
        action = {"waiting": "label", "confirm": "confirm", "settle": "settle"}[state]
        for group in who.groups(state):
            for item, words in who.messages(group, state):  # one by one: nobody knows what a group hides
                sample = right.get(folded(words))
                if sample is None:
                    done["not a sample"] += 1
                    continue
                form = _form(sample, answers[sample.text])
                path = f"/review/groups/{group}"
                query = "" if state == "waiting" else f"?list={state}"
                sent = {**form, "item": item, "list": "" if state == "waiting" else state, "rank": "0"}
                answer = who.post(f"{path}/{action}", page=path + query, **sent)
                done[form["verdict"] if answer.status_code == 303 else f"refused {answer.status_code}"] += 1
        return done

    def named(self, who: Staff, right: dict[str, Sample], answers: Any, most: int = 3) -> dict[str, Any]:
        """Label some messages with their procedure, and ask each until the answer is about it."""
        seconds: list[float] = []
        tried = 0
        for group in who.groups("waiting"):
            for item, words in who.messages(group, "waiting"):
                sample = right.get(folded(words))
                if sample is None or not sample.procedure or len(seconds) >= most:
                    continue
                if answers[sample.text].get("procedure_code") == sample.procedure:
                    continue
                tried += 1
                names = self.row("SELECT count(*) AS n FROM learned_name")["n"]
                path, form = f"/review/groups/{group}", _form(sample, answers[sample.text])
                started = time.perf_counter()
                who.post(f"{path}/label", page=path, **form, item=item, rank="0")
                if self.row("SELECT count(*) AS n FROM learned_name")["n"] == names:
                    continue  # held out, to be confirmed, or too long for a name
                while time.perf_counter() - started < NAME_SECONDS:
                    answer = self.asked([sample])[sample.text]
                    if answer.get("procedure_code") == sample.procedure:
                        seconds.append(round(time.perf_counter() - started, 1))
                        break
                    time.sleep(1)
        return {"tried": tried, "seconds": seconds}

    def activated(self, editor: Staff, run: int, version: str) -> bool:
        """Activate a version; True where an administrator had to overrule what the figures say."""
        path, page = f"/training/versions/{version}/activate", f"/training/runs/{run}"
        answer = editor.post(path, page=page, run=str(run))
        overruled = answer.status_code != 303
        if overruled:
            admin = self.staff("quan", "admin")
            answer = admin.post(path, page=page, run=str(run), reason="round of improvement, to be measured")
        assert answer.status_code == 303, answer.text[-2000:]
        end = time.monotonic() + 600
        while time.monotonic() < end:
            row = self.row("SELECT version, state FROM model_instance ORDER BY seen_at DESC LIMIT 1")
            if (row.get("version"), row.get("state")) == (version, "serving"):
                return overruled
            time.sleep(1)
        raise TimeoutError(version)

    def trained(self, editor: Staff) -> tuple[int, dict[str, Any]]:
        """Train through the console until it is done; gives the run and its row."""
        answer = editor.post("/training/runs", page="/training", note="round of improvement")
        run = int(answer.headers["location"].partition("/runs/")[2].partition("?")[0])
        editor.until(f"/training/runs/{run}/progress", "queued,running", PATIENCE)
        editor.page(f"/training/runs/{run}")
        return run, self.row(f"SELECT * FROM training_run WHERE id = {run}")

    def row(self, query: str) -> dict[str, Any]:
        """One row of the program's database."""

        async def read() -> dict[str, Any]:
            pool = async_engine(f"sqlite:///{self.program.database}")
            async with pool.connect() as connection:
                found = (await connection.execute(text(query))).mappings().first()
            await pool.dispose()
            return dict(found or {})

        return asyncio.run(read())


def _form(sample: Sample, answer: dict[str, Any]) -> dict[str, str]:
    """What a person who knows the right meaning chooses on the page."""
    if is_right(sample, answer):
        return {"verdict": "right"}
    if sample.intent == "out_of_scope":
        return {"verdict": "out_of_scope"}
    if sample.procedure:
        about = {"verdict": "procedure", "intent": sample.intent, "procedure": sample.procedure}
        return about | {"name": sample.call}
    return {"verdict": "intent", "intent": sample.intent}


def is_right(sample: Sample, answer: dict[str, Any]) -> bool:
    """The right intent and, where there is one, the right procedure at once."""
    same = answer.get("intent") == sample.intent
    return same and (sample.procedure is None or answer.get("procedure_code") == sample.procedure)


def figures(found: list[Sample], answers: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """How many are understood."""
    rows = [(one, answers[one.text]) for one in found]
    about = [(one, answer) for one, answer in rows if one.procedure]
    return {
        "n": len(rows),
        "understood": sum(is_right(*row) for row in rows),
        "intent": sum(answer.get("intent") == one.intent for one, answer in rows),
        "procedure": sum(answer.get("procedure_code") == one.procedure for one, answer in about),
        "procedure_n": len(about),
        "offered": sum(bool(answer.get("offered")) for _, answer in about),
        "asked_back": sum(answer.get("status") == "clarify" for _, answer in rows),
    }


def went(program: running.Running) -> dict[str, Any]:
    """The whole round; figures."""
    found = samples()
    round_ = Round(program)
    out: dict[str, Any] = {}
    reviewer, second = round_.staff("lan", "reviewer"), round_.staff("mai", "reviewer")
    editor = round_.staff("ngoc", "editor")
    before = round_.asked(found)
    out["queued"] = round_.filled()
    right = {folded(one.text): one for one in found if not one.aside}
    out["name"] = round_.named(reviewer, right, before)
    started = time.perf_counter()
    out["decisions"] = dict(round_.decided(reviewer, "waiting", right, before))
    out["confirmed"] = dict(round_.decided(second, "confirm", right, before))
    out["settled"] = dict(round_.decided(editor, "settle", right, before))
    labelled = time.perf_counter()
    out["labelling_seconds"] = round(labelled - started, 1)
    out["learned"] = {
        table: round_.row(f"SELECT count(*) AS n FROM {table} WHERE removed_at IS NULL")["n"]
        for table in ("learned_example", "learned_name", "held_out")
    }
    time.sleep(15)  # the names are known within seconds
    stages = {"before": before, "names": round_.asked(found)}
    again = time.perf_counter()
    run, row = round_.trained(editor)
    out["training"] = _told(run, row)
    if row["version"]:
        out["overruled"] = round_.activated(editor, run, row["version"])
        out["wish_to_retrained_seconds"] = round(time.perf_counter() - again, 1)
        stages["retrained"] = round_.asked(found)
    out["understood"] = {
        part: {
            stage: figures([one for one in found if one.aside is aside], answers)
            for stage, answers in stages.items()
        }
        for part, aside in (("labelled", False), ("set aside", True))
    }
    out["messages"] = [_message(one, stages) for one in found]
    return out


def _message(one: Sample, stages: dict[str, dict[str, dict[str, Any]]]) -> dict[str, Any]:
    said = {
        stage: [answers[one.text].get(key) for key in ("intent", "procedure_code", "status", "offered")]
        for stage, answers in stages.items()
    }
    return {"text": one.text, "aside": one.aside, "wanted": [one.intent, one.procedure]} | said


def _told(run: int, row: dict[str, Any]) -> dict[str, Any]:
    result, seconds = (_json(row[name]) for name in ("result", "seconds"))
    stories = result.get("stories") or {}
    return {
        "run": run, "state": row["state"], "reason": row["reason"], "log": row["log"][-600:],
        "seconds": seconds, "verdict": result.get("verdict"),
        "stories": {name: stories.get(name) for name in ("n", "passed", "broken")},
        "sets": [_shown(one) for one in result.get("sets", [])],
    }  # fmt: skip


def _json(value: Any) -> dict[str, Any]:
    return json.loads(value or "{}") if isinstance(value, str) else value or {}


def _shown(part: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": part["name"], "n": part["n"], "counts": part["counts"],
        "figures": {
            one["name"]: {key: one.get(key) for key in ("current", "candidate", "gained", "lost", "p")}
            for one in part["figures"][:4]
        },
    }  # fmt: skip


def table(out: dict[str, Any]) -> str:
    """The figures that matter, as lines."""
    lines = [f"{'':<22}" + "".join(f"{stage:>12}" for stage in out["understood"]["labelled"])]
    for part, stages in out["understood"].items():
        for figure in ("understood", "intent", "procedure", "offered"):
            of = "procedure_n" if figure in ("procedure", "offered") else "n"
            cells = [f"{one[figure]}/{one[of]}" for one in stages.values()]
            lines.append(f"{part + ', ' + figure:<22}" + "".join(f"{cell:>12}" for cell in cells))
    for part in out["training"]["sets"]:
        for name, one in part["figures"].items():
            said = " -> ".join(f"{one[side]['right']}/{one[side]['n']}" for side in ("current", "candidate"))
            lines.append(f"{part['name']}, {name}: {said}")
    lines.append(f"label to better answer by a name: {out['name']['seconds']} s")
    lines.append(f"wish to the activated version: {out.get('wish_to_retrained_seconds')} s")
    return "\n".join(lines)


@click.command()
@click.option("--catalogue", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--encoder", default="none", show_default=True)
@click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path), help="Kept; its model is used again."
)
@click.option("--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Where all figures go.")
def main(catalogue: Path, encoder: str, folder: Path | None, file: Path | None) -> None:
    """One round of improvement, with figures."""
    if repeated := seen_before(samples()):
        raise click.ClickException(f"in the project's data already: {repeated}")
    ours = {name.upper() for name in Settings.model_fields}
    bare = {name: value for name, value in os.environ.items() if name not in ours}
    running.PATIENCE = PATIENCE
    with ExitStack() as stack:
        where = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="improvement-")))
        (where / "models").mkdir(parents=True, exist_ok=True)
        program = running.Running(
            where.absolute(), bare, MODEL_DIR=where.absolute() / "models", ENCODER=encoder,
            DEMO_CATALOGUE=catalogue.absolute(),
            MESSAGES_PER_MINUTE=1_000_000, CONVERSATIONS_PER_HOUR=1_000_000,
        )  # fmt: skip
        started = time.perf_counter()
        program.start()
        try:
            seconds = round(time.perf_counter() - started, 1)
            out = {"encoder": encoder, "start_seconds": seconds} | went(program)
        finally:
            program.end()
    if file:
        file.write_text(json.dumps(out, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    click.echo(table(out))


if __name__ == "__main__":
    main()
