"""The command line: one program, each command imported only when it is called."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from troly.errors import TrolyError, UsageError

# command -> where its click command lives; the help text is here so that `troly --help` imports nothing.
_COMMANDS = {
    "serve": ("troly.commands:serve", "Start the processes, restart one that dies, stop all on Ctrl-C."),
    "train": ("bot.train:train", "Train the assistant and store a model version."),
    "training": ("bot.training_commands:training", "Training runs and model versions."),
    "stories": ("bot.story_check:stories", "Play the story tests against a model."),
    "parse": ("bot.commands:parse", "Show how messages are understood, one JSON line each."),
    "evaluate": ("bot.evaluate:evaluate", "Measure understanding on labelled messages."),
    "chat": ("channels.commands:chat", "Talk in the terminal."),
    "converse": ("channels.commands:converse", "Play dialogues through the whole stack, turn by turn."),
    "bench": ("channels.bench_commands:bench", "Measure speed, CPU and memory of the whole stack."),
    "channel": ("channels.channel_commands:channel", "Connect Zalo and Telegram, and try them."),
    "catalogue": ("portal.commands:catalogue", "The local copy of the portal's procedures."),
    "portal": ("portal.check_commands:portal", "Try a province's own system before connecting to it."),
    "offices": ("portal.office_commands:offices", "The province's list of one-stop desks."),
    "data": ("bot.data_commands:data", "Check and extend the training data."),
    "user": ("console.commands:user", "Accounts of staff."),
    "audit": ("console.commands:audit", "The record of what staff did."),
    "erase": ("console.written.commands:erase", "Answer a citizen's written request for access or erasure."),
    "db": ("troly.commands:db", "The database's tables."),
    "backup": ("troly.backups.commands:backup", "Write all data into one file, while everything runs."),
    "restore": ("troly.backups.commands:restore", "Bring the data of a backup here."),
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module, attribute = _COMMANDS[name][0].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
def program() -> None:
    """Trợ Lý: an assistant for citizens about administrative procedures."""


def main() -> None:
    """Run the command; exit 0 when it did its work, 1 when it could not, 2 for a wrong call or setting."""
    try:
        sys.exit(_run())
    except UsageError as error:
        _fail(error, 2)
    except TrolyError as error:
        _fail(error, 1)
    except KeyboardInterrupt:
        sys.exit(130)


def _run() -> Any:
    return program(prog_name="troly")


def _fail(error: Exception, code: int) -> None:
    click.echo(f"troly: {error}", err=True)
    sys.exit(code)
