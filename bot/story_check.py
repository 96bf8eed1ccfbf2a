"""`troly stories`: plays the story tests against a model, in one process and away from a deployment's data.

Rasa's agent, our generator, store and actions run here; the demo portal is a process of its own, with the
project's own records, as in tests/stories. The deployment's database is neither read nor written.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import yaml

from troly.clock import VIETNAM
from troly.errors import UsageError
from troly.settings import ROOT, Settings, settings

FOLDER = ROOT / "tests" / "stories"
_PORTAL_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Played:
    """A story and whether it went as written; if not, at which turn (from 1) and why."""

    story: str
    passed: bool
    turn: int = 0
    why: str = ""


@click.command()
@click.option("--model", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Model file.")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), default=FOLDER)
@click.option(
    "--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write the result here."
)
def stories(model: Path | None, folder: Path, file: Path | None) -> None:
    """Play the story tests (tests/stories) against a model; ends with 1 when one does not go as written."""
    from bot.versions import serving_model

    written = list(read(folder))
    if not written:
        raise UsageError(f"no stories in {folder}; a deployment may come without the folder tests/")
    chosen = (model or serving_model(settings())).absolute()
    with _apart(settings()):
        played = asyncio.run(_play_all(chosen, written))
    if file:
        content = json.dumps([asdict(one) for one in played], ensure_ascii=False, indent=1)
        file.absolute().write_text(content + "\n", encoding="utf-8")
    failed = [one for one in played if not one.passed]
    for one in failed:
        click.echo(f"{one.story}: turn {one.turn}: {one.why}")
    click.echo(f"{len(played) - len(failed)} of {len(played)} stories go as written.")
    if failed and file is None:
        raise click.exceptions.Exit(1)


def read(folder: Path) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(name, language, story) of <language>/<subject>.yml."""
    for path in sorted(folder.glob("[a-z][a-z]/*.yml")):
        for story in yaml.safe_load(path.read_text(encoding="utf-8")) or []:
            yield f"{path.parent.name}/{path.stem}: {story['story']}", path.parent.name, story


_TELL_THE_TIME = ("actions.person", "actions.offices")
"""Modules that say whether an office is open now."""


@contextmanager
def _apart(config: Settings) -> Iterator[None]:
    """This process and its children have settings of their own: an empty database, the demo portal."""
    ours = {name.upper() for name in Settings.model_fields}
    kept = {"ENCODER": config.encoder, "MODEL_DIR": str(config.model_dir.absolute())}
    for name in ours - kept.keys():
        os.environ.pop(name, None)
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="troly-stories-") as folder:
        # No .env lies here.
        before = Path.cwd()
        os.chdir(folder)
        os.environ.update(
            kept
            | {"DATA_DIR": folder, "PORTAL_PORT": str(port), "DEMO_CATALOGUE": "own", "LOG_LEVEL": "error"}
        )
        settings.cache_clear()
        from bot import train

        train._prepare_tables(settings())
        asyncio.run(train._prepare_catalogue(settings()))
        portal = subprocess.Popen(
            [sys.executable, "-m", "troly", "serve", "--only", "portal"], stdout=subprocess.DEVNULL
        )
        try:
            _await(f"http://127.0.0.1:{port}/healthz", portal)
            yield
        finally:
            portal.kill()
            portal.wait()
            os.chdir(before)


async def _play_all(model: Path, written: Sequence[tuple[str, str, Mapping[str, Any]]]) -> list[Played]:
    # What Rasa's dependencies say of each other helps nobody here.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    warnings.simplefilter("ignore")
    logging.disable(logging.ERROR)
    from bot import patches, server
    from bot.tracker_store import WindowedTrackerStore
    from troly import log
    from troly.database import async_engine

    patches.apply()
    log.configure("error", process="stories")
    engine = async_engine(settings().database)
    agent = await server.load_agent(model, settings(), WindowedTrackerStore(engine=engine))
    endpoint = _actions_here()
    agent.action_endpoint = endpoint
    agent.processor.action_endpoint = endpoint
    try:
        return [await play(agent, engine, *one) for one in written]
    finally:
        await engine.dispose()


async def play(agent: Any, engine: Any, name: str, language: str, story: Mapping[str, Any]) -> Played:
    """Play one story; `at` is the time in Vietnam that it is said to happen."""
    from rasa.core.channels.channel import UserMessage
    from sqlalchemy import insert

    from bot.rest_channel import Replies
    from troly.clock import now
    from troly.tables.conversations import Conversation

    clocks = [(module := importlib.import_module(name), module.now) for name in _TELL_THE_TIME]
    if at := story.get("at"):
        moment = datetime.fromisoformat(at).replace(tzinfo=VIETNAM)
        for module, _ in clocks:
            setattr(module, "now", lambda: moment)  # noqa: B010 - known to the module only
    sender = uuid.uuid4().hex
    failing = story.get("portal")
    try:
        if failing:
            # Neither what was asked before hides the failure, nor does it stay for those after.
            importlib.import_module("actions.portal").client.cache_clear()
            await asyncio.to_thread(_portal_fails, failing)
        async with engine.begin() as connection:
            values = {"id": sender, "channel": "web", "created_at": now(), "active_at": now()}
            await connection.execute(insert(Conversation).values(values))
        for number, turn in enumerate(story["turns"], 1):
            replies = Replies()
            about = {"channel": "test", "language_hint": language, "message_id": turn["say"][:20]}
            message = UserMessage(turn["say"], replies, sender, input_channel="rest", metadata=about)
            try:
                await agent.handle_message(message)
            except Exception as error:  # whatever it is, the story does not go on
                return Played(name, False, number, type(error).__name__)
            if why := fault(turn, replies.messages, language):
                return Played(name, False, number, why)
    finally:
        for module, clock in clocks:
            setattr(module, "now", clock)  # noqa: B010
        if failing:
            importlib.import_module("actions.portal").client.cache_clear()
            await asyncio.to_thread(_portal_fails, {"mode": "off"})
    return Played(name, True)


def fault(turn: Mapping[str, Any], messages: Sequence[Mapping[str, Any]], language: str) -> str:
    """What differs from what is written, in words; "" where nothing does."""
    texts = [str(one.get("text", "")) for one in messages if "custom" not in one]
    answers = [one["custom"].get("answer") for one in messages if "custom" in one]
    records = [answer for answer in answers if answer]
    if not texts or not all(texts):
        return "no reply"
    if len(records) != 1:
        return f"{len(records)} answer records"
    record, said = records[0], "\n".join(texts)
    expected = {"language": turn.get("language", language)}
    expected |= {key: turn[key] for key in ("status", "intent", "aspect", "application_code") if key in turn}
    if "procedure" in turn:
        expected["procedure_code"] = turn["procedure"]
    for key, value in expected.items():
        if record.get(key) != value:
            return f"{key} is {record.get(key)}, not {value}"
    if record["status"] == "answered" and record["procedure_code"] and not record["sources"]:
        return "no sources"
    for words in turn.get("has", []):
        if words not in said:
            return f'lacks "{words}"'
    titles = [button["title"] for one in messages for button in one.get("buttons") or []]
    for title in turn.get("buttons", []):
        if title not in titles:
            return f'lacks the button "{title}"'
    for title in turn.get("no_buttons", []):
        if title in titles:
            return f'has the button "{title}"'
    for words in turn.get("lacks", []):
        if words in said:
            return f'has "{words}"'
    return ""


def _actions_here() -> Any:
    """An action endpoint that runs the actions in this process, with the JSON that Rasa would send."""
    from rasa.utils.endpoints import ClientResponseError
    from rasa_sdk.executor import ActionExecutor
    from rasa_sdk.interfaces import ActionExecutionRejection

    from bot.action_endpoint import PooledEndpoint

    executor = ActionExecutor()
    executor.register_package("actions")

    class Here(PooledEndpoint):
        async def request(self, *args: Any, **kwargs: Any) -> Any:
            try:
                result = await executor.run(json.loads(json.dumps(kwargs["json"])))
            except ActionExecutionRejection as declined:
                body = json.dumps({"error": str(declined), "action_name": declined.action_name})
                raise ClientResponseError(400, "declined", body) from None
            return result.model_dump() if hasattr(result, "model_dump") else result

    return Here("http://127.0.0.1:1/webhook", enable_selective_domain=True)


def _portal_fails(how: Mapping[str, Any]) -> None:
    """Has the demo portal fail as a story says (portal/demo/controls.py), or no more."""
    address = f"http://127.0.0.1:{settings().portal_port}/demo/fail"
    body, headers = json.dumps(how).encode(), {"Content-Type": "application/json"}
    request = urllib.request.Request(address, body, headers)
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await(address: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _PORTAL_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with suppress(OSError), urllib.request.urlopen(address, timeout=2) as answer:  # noqa: S310
            if answer.status == 200:
                return
        time.sleep(0.1)
    raise UsageError("the demo portal for the stories did not start")
