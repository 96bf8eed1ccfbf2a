"""`troly channel`: look after the connections to the platforms, and try one without an account."""

from __future__ import annotations

import asyncio
import importlib
import shlex
from typing import Any
from urllib.parse import parse_qs, urlsplit

import click

from troly.errors import TrolyError, UsageError
from troly.settings import Settings, settings

# channel -> the setting that switches it on
_PLATFORMS = {"telegram": "telegram_token", "zalo_oa": "zalo_oa_app_id", "zalo_bot": "zalo_bot_token"}

_NAME = click.argument("name", type=click.Choice(list(_PLATFORMS)))

FAKE_PORT = 8020


@click.group()
def channel() -> None:
    """Connect the assistant to Zalo and Telegram."""


@channel.command()
@click.argument("names", nargs=-1, type=click.Choice(["web", *_PLATFORMS]))
def status(names: tuple[str, ...]) -> None:
    """Show how each channel is connected, or only those that are NAMEd.

    Ends with 1 when a channel that is switched on has a problem.
    """
    config = settings()
    troubled = False
    for name in names or ("web", *_PLATFORMS):
        found = asyncio.run(_status(name, config))
        troubled = troubled or "problem" in found
        click.echo(name)
        for label, words in found.items():
            click.echo(f"  {label.replace('_', ' ')}: {words}")
    if troubled:
        raise click.exceptions.Exit(1)


async def _status(name: str, config: Settings) -> dict[str, str]:
    if name == "web":
        page = config.public_url or f"http://127.0.0.1:{config.gateway_port}"
        return {"page": page + "/", "embedded by": config.embed_origins or "no other website"}
    if not _is_on(name, config):
        return {"off": f"{_PLATFORMS[name].upper()} is empty"}
    try:
        found: dict[str, str] = await _admin(name).status(config)
    except TrolyError as error:
        return {"problem": str(error)}
    return found


@channel.command("set-webhook")
@_NAME
@click.option("--url", help="The gateway's address on the internet (default: PUBLIC_URL).")
def set_webhook(name: str, url: str | None) -> None:
    """Tell the platform where the gateway is; with polling, that there is no webhook."""
    config = settings()
    polls = getattr(config, f"{name}_mode", "webhook") == "polling"
    address = url or config.public_url
    if not address and not polls:
        raise UsageError("PUBLIC_URL: is empty; set it to https://your-address, or give --url")
    asyncio.run(_admin(name, config).set_webhook(config, address))
    click.echo("Done. Now: troly channel status " + name)


@channel.command()
@_NAME
@click.argument("recipient")
def test(name: str, recipient: str) -> None:
    """Send a test message to a RECIPIENT, by the id that the platform has for the chat."""
    config = settings()
    asyncio.run(_admin(name, config).test(config, recipient))
    click.echo("Sent.")


@channel.command()
@click.argument("name", type=click.Choice(["zalo_oa"]))
@click.option("--code", help="The code that Zalo gave, or the whole address on which it ended.")
def authorize(name: str, code: str | None) -> None:
    """Let the assistant act for the Official Account; one of its administrators has to agree once."""
    config = settings()
    admin = _admin(name, config)
    address, verifier = asyncio.run(admin.authorize_url(config))
    if code is None:
        asked = parse_qs(urlsplit(address).query)
        click.echo("1. On the app's page (Official Account, Thiết lập chung) these two must stand:")
        click.echo(f"     Callback URL:   {asked.get('redirect_uri', ['?'])[0]}")
        click.echo(f"     Code challenge: {asked.get('code_challenge', ['?'])[0]}")
        click.echo("2. An administrator of the account opens this address and agrees:")
        click.echo(f"     {address}")
        code = click.prompt("3. Within 10 minutes, paste the code, or the address where it ended")
    asyncio.run(admin.authorize(config, _code_of(code or ""), verifier))
    click.echo("Done. Running gateways use the new access from now on.")


@channel.command()
@_NAME
@click.option("--gateway", default="http://127.0.0.1:8000", show_default=True, help="Where the gateway is.")
@click.option("--port", default=FAKE_PORT, show_default=True, type=click.IntRange(1, 65535))
@click.option("--polling", is_flag=True, help="The gateway asks for messages instead of being called.")
def fake(name: str, gateway: str, port: int, polling: bool) -> None:
    """Start a stand-in of a platform and chat through it here; needs no account.

    Start a gateway with the settings that it prints, in another terminal.
    """
    from channels.fake_chat import chat, load

    platform = load(name, gateway)
    if polling:
        if not hasattr(platform, "polling"):
            raise UsageError(f"--polling: {name} has no polling")
        platform.polling = True
    url = f"http://127.0.0.1:{port}"
    named = platform.settings(url)
    click.echo(f"A stand-in of {name} is at {url}. Start a gateway for it, in another terminal:\n")
    click.echo("  env " + " ".join(f"{key}={shlex.quote(value)}" for key, value in named.items()) + " \\")
    click.echo("    .venv/bin/troly serve\n")
    asyncio.run(chat(platform, port, lambda: input("> "), click.echo))


def _is_on(name: str, config: Settings) -> bool:
    value = getattr(config, _PLATFORMS[name])
    return bool(value.get_secret_value() if hasattr(value, "get_secret_value") else value)


def _admin(name: str, config: Settings | None = None) -> Any:
    if config is not None and not _is_on(name, config):
        raise UsageError(f"{_PLATFORMS[name].upper()}: is empty; docs/connecting-{name.replace('_', '-')}.md")
    return importlib.import_module(f"channels.{name}.admin")


def _code_of(given: str) -> str:
    """The code, also out of an address that carries it."""
    return parse_qs(urlsplit(given.strip()).query).get("code", [given.strip()])[0]
