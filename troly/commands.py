"""`troly serve` and `troly db`: starting the processes and keeping the tables up to date."""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import subprocess
import sys
import time

import click

from troly.errors import UsageError
from troly.processes import Process, Supervisor, end_with_parent, require_free_port, serve_command
from troly.settings import Settings, settings

# In turn beside rasa, which takes as long as the others together: on two cores each then has one.
_AFTER = {"actions": "portal", "gateway": "actions"}

# process -> (module:function that serves it, setting of its port, path that answers 200 when ready)
_PROCESSES = {
    "portal": ("portal.demo.app:run", "portal_port", "/healthz"),
    "actions": ("actions.server:run", "actions_port", "/health"),
    "rasa": ("bot.server:run", "rasa_port", "/status"),
    "gateway": ("channels.app:run", "gateway_port", "/healthz"),
}


@click.command()
@click.option(
    "--only",
    default="",
    help="Comma-separated: gateway, rasa, actions, portal. One alone runs in the foreground.",
)
@click.option("--port", type=click.IntRange(1, 65535), help="The gateway's port (default: GATEWAY_PORT).")
def serve(only: str, port: int | None) -> None:
    """Start the processes, restart one that dies, and stop all on Ctrl-C.

    Everything runs on one machine with SQLite and the demo portal unless the settings say otherwise.
    """
    config = settings() if port is None else settings().model_copy(update={"gateway_port": port})
    chosen = _chosen(only, config)
    if len(chosen) == 1 and only:
        _serve_one(chosen[0], config)
        return
    for name in chosen:
        variable = _PROCESSES[name][1]
        require_free_port(config.host, getattr(config, variable), variable.upper())
    _prepare_apart(config)
    _supervise(chosen, config, port)


def _chosen(only: str, config: Settings) -> list[str]:
    names = [name.strip() for name in only.split(",") if name.strip()]
    for name in names:
        if name not in _PROCESSES:
            raise UsageError(f"--only: no process {name!r}; there are {', '.join(_PROCESSES)}")
    if names:
        return names
    return [name for name in _PROCESSES if name != "portal" or config.uses_demo_portal]


def _serve_one(name: str, config: Settings) -> None:
    from troly import absent, collector, log, telemetry

    collector.rest()
    target, variable, _ = _PROCESSES[name]
    require_free_port(config.host, getattr(config, variable), variable.upper())
    log.configure(config.log_level, process=name, once=True)
    telemetry.configure(config.otel_exporter_otlp_endpoint, name)
    absent.remember("sniffio")
    module, function = target.split(":")
    getattr(importlib.import_module(module), function)(config)


def _prepare_apart(config: Settings) -> None:
    """In a process of its own: what it imports would stay with us as long as we run, 80 MB of it."""
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        end_with_parent(parent)
        _prepare(config)  # what goes wrong is told as anywhere else, and ends this process
        sys.stdout.flush()
        os._exit(0)
    if code := os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
        raise SystemExit(code if code > 0 else 128 - code)


def _prepare(config: Settings) -> None:
    """Tables, the catalogue's first copy, and a model: what a fresh machine lacks."""
    from troly.migrate import upgrade

    upgrade(config.database)
    first_copy = importlib.import_module("portal.first_copy")
    asyncio.run(first_copy.ensure_catalogue(config, click.echo))
    if importlib.import_module("bot.train").needs_training(config):
        click.echo("No model for these files yet: training one, a minute or two …")
        done = subprocess.run([sys.executable, "-m", "troly", "train"], check=False)
        if done.returncode != 0:
            raise UsageError("training failed (see above); the assistant cannot start without a model")


def _address(name: str, config: Settings) -> tuple[str, dict[str, str]]:
    """Where a process answers. HOST is the gateway's: the others stay private when all run together."""
    if name != "gateway":
        return "127.0.0.1", {"HOST": "127.0.0.1"}
    return ("127.0.0.1" if config.host in ("0.0.0.0", "::") else config.host), {}  # noqa: S104


def _supervise(chosen: list[str], config: Settings, port: int | None) -> None:
    started = time.monotonic()
    processes = []
    for name in chosen:
        _, variable, path = _PROCESSES[name]
        number = getattr(config, variable)
        command = serve_command(name)
        if name == "gateway" and port is not None:
            command += ["--port", str(port)]
        host, environment = _address(name, config)
        health = f"http://{host}:{number}{path}"
        processes.append(Process(name, command, number, health, environment, _AFTER.get(name, "")))

    def ready() -> None:
        click.echo(f"Ready after {time.monotonic() - started:.1f} s.")
        if "gateway" in chosen:
            address = config.public_url or f"http://127.0.0.1:{config.gateway_port}"
            click.echo(f"  For citizens: {address}/")
            click.echo(f"  For staff:    {address}/console/ (first account: troly user add NAME)")
        click.echo("Press Ctrl-C to stop.")

    async def run() -> None:
        supervisor = Supervisor(processes, lambda line: click.echo(line, err=True))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, supervisor.stop)
        await supervisor.run(ready)

    asyncio.run(run())
    click.echo("Stopped.")


@click.group()
def db() -> None:
    """The database's tables."""


@db.command()
def upgrade() -> None:
    """Bring the tables to the state that this version needs. Safe to repeat."""
    from troly.migrate import current
    from troly.migrate import upgrade as run

    run(settings().database)
    click.echo(f"The tables are at revision {current(settings().database)}.")


@db.command("rotate-keys")
@click.option("--new-key", is_flag=True, help="First step: make a key and put it before the others.")
def rotate_keys(new_key: bool) -> None:
    """Encrypt citizens' ids, names and the platforms' tokens anew with the newest key.

    Three steps: --new-key, then restart every gateway, then this command without it. Afterwards the
    older keys can be removed.
    """
    from tqdm import tqdm

    from troly import privacy, rotation
    from troly.database import engine

    if new_key:
        path = privacy.add_key(settings())
        if path:
            click.echo(f"A new key stands first in {path}.")
        else:
            click.echo(f"Put this key first in ENCRYPTION_KEYS, before a comma:\n{privacy.new_key()}")
        click.echo("Now restart every gateway, then run: troly db rotate-keys")
        return
    keyring = privacy.Keyring.from_settings(settings())
    made = engine(settings().database)
    try:
        counts = list(tqdm(rotation.rotate(made, keyring), unit=" pages", disable=None))
    finally:
        made.dispose()
    click.echo(f"{counts[-1]} rows are encrypted with the newest key; older keys can be removed.")


@db.command()
@click.option("--dry-run", is_flag=True, help="Only say how much is too old; change nothing.")
def retention(dry_run: bool) -> None:
    """Forget what is older than RETENTION_DAYS (RETENTION_DAYS_WITH_REPORT where there is a report).

    The gateway does the same every hour.
    """
    from tqdm import tqdm

    commands = importlib.import_module("channels.retention_command")
    with tqdm(unit=" conversations", disable=None if not dry_run else True) as bar:
        found = asyncio.run(commands.run(settings(), dry_run, lambda done: bar.update(done - bar.n)))
    verb = "would be forgotten" if dry_run else "were forgotten"
    click.echo(
        f"{found.conversations} conversations {verb}; of those that go on, {found.messages} messages, "
        f"{found.replies} replies and {found.media} files."
    )
