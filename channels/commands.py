"""`troly chat` and `troly converse`: talking to the assistant over its public API."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import click

from troly.settings import settings

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--lang", type=click.Choice(["vi", "en"]), help="The language to begin in.")
@click.option("--url", help="The gateway's address (default: this machine, GATEWAY_PORT).")
def chat(lang: str | None, url: str | None) -> None:
    """Talk to the running assistant in the terminal."""
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401 - importing it gives input() its line editing

    from channels.chat import chat as talk_on
    from channels.public_api import Talk

    with Talk(url or f"http://127.0.0.1:{settings().gateway_port}") as talk:
        talk_on(talk, lang, lambda: input("> "), click.echo)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--url", help="A running gateway; without it the whole stack is started and ended.")
@click.option(
    "--report", type=click.Path(dir_okay=False, path_type=Path), help="Also write a JSON report here."
)
def converse(file: Path, url: str | None, report: Path | None) -> None:
    """Play the dialogues of FILE.jsonl through the whole stack and compare every answer.

    Ends with 0 when every turn was answered, 1 otherwise; what differed does not change that.
    """
    from channels import converse_report
    from channels.converse import play
    from channels.dialogues import read_dialogues
    from channels.public_api import Talk

    dialogues = read_dialogues(file)
    played = []
    with _gateway(url) as address:
        for dialogue in dialogues:
            played.append(play(dialogue, lambda: Talk(address)))
            click.echo("\n".join(converse_report.dialogue_lines(played[-1])))
    click.echo("")
    click.echo("\n".join(converse_report.total_lines(played)))
    if report:
        report.parent.mkdir(parents=True, exist_ok=True)
        content = converse_report.report(played, file.name)
        report.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if any(turn.unanswered for one in played for turn in one.turns):
        raise click.exceptions.Exit(1)


@contextlib.contextmanager
def _gateway(url: str | None) -> Iterator[str]:
    if url:
        yield url
        return
    from channels.stack import running_stack

    config = settings()
    with running_stack(
        config, config.data_dir / "converse", lambda line: click.echo(line, err=True)
    ) as address:
        yield address
