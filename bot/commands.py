"""`troly parse`: what the assistant understands of each message, without a server."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import click

from troly.errors import UsageError
from troly.settings import settings

FIELDS = (
    "language", "intent", "intent_ranking", "procedures", "procedure_decision", "application_code",
    "text_normalized", "ms", "entities", "procedure_mention", "procedure_change", "follow_up",
    "text_restored", "encoded", "ms_parts",
)  # fmt: skip
"""What is written of each message: the fixed fields first, then what explains them."""


@click.command()
@click.argument("file", type=click.File("r", encoding="utf-8"), default="-")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, also on a terminal.")
@click.option(
    "--text", multiple=True, help="A message to parse instead of a file; may be given several times."
)
def parse(file: IO[str], as_json: bool, text: tuple[str, ...]) -> None:
    """Understand each record {"id", "text"} of FILE (JSON lines; - is standard input)."""
    records = [{"id": str(i), "text": one} for i, one in enumerate(text, 1)] or list(
        read_records(file, file.name)
    )
    understand = load_parser()
    out = sys.stdout
    plain = not as_json and out.isatty()
    for number, record in enumerate(records, 1):
        result = understand(record["text"])
        made = {"id": record["id"], **{field: result.get(field) for field in FIELDS}}
        out.write((_readable(record["text"], made) if plain else json.dumps(made, ensure_ascii=False)) + "\n")
        if sys.stderr.isatty() and not plain and (number % 50 == 0 or number == len(records)):
            click.echo(f"\r{number}/{len(records)}", err=True, nl=number == len(records))


def read_records(lines: Iterable[str], name: str) -> Iterator[dict[str, str]]:
    """Records with an id and a text. Raises UsageError naming the line of what is none."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise UsageError(
                f'{name}:{number}: not JSON ({error.msg}); needs {{"id": …, "text": …}}'
            ) from None
        if not isinstance(record, dict) or not isinstance(record.get("text"), str) or "id" not in record:
            raise UsageError(f'{name}:{number}: needs an "id" and a "text"')
        yield {"id": record["id"], "text": record["text"]}


def load_parser(model: Path | None = None) -> Callable[[str], dict[str, Any]]:
    """A function from a message to Rasa's parse data, with the model that answers unless one is named.

    Raises UsageError where there is none.
    """
    path = model or _serving()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
    import structlog

    # Rasa logs every parsed message for debugging; those are citizens' words.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    logging.disable(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from rasa.core.agent import Agent

        agent = Agent.load(str(path))
    loop = asyncio.new_event_loop()

    def understand(text: str) -> dict[str, Any]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found: dict[str, Any] = loop.run_until_complete(agent.parse_message(text))
        return found

    return understand


def _serving() -> Path:
    from bot.versions import serving_model

    return serving_model(settings())


def _readable(text: str, made: dict[str, Any]) -> str:
    intent = made["intent"] or {}
    lines = [
        text,
        f"  {made['language'] or '-'}  {intent.get('name')} {intent.get('confidence', 0):.2f}"
        f"  {made['procedure_decision']}  {made['ms']} ms",
    ]
    lines += [
        f"    {one['code']}  {one['score']:.2f}  {one['name']}" for one in (made["procedures"] or [])[:3]
    ]
    return "\n".join(lines)
