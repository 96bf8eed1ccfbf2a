"""python -m bot.stock: writes the stock project and says where it is and how it greets."""

from __future__ import annotations

import json
from pathlib import Path

import click

from bot import response_files
from bot.stock import project


@click.command()
@click.argument("base", type=click.Path(file_okay=False, path_type=Path))
@click.option("--epochs", type=click.IntRange(1), default=project.EPOCHS, show_default=True)
@click.option("--per-intent", type=click.IntRange(2), help="Keep only so many sentences of each intent.")
def main(base: Path, epochs: int, per_intent: int | None) -> None:
    """Write the project into a folder of BASE; print JSON for the measurement."""
    folder = project.write(base, epochs=epochs, per_intent=per_intent)
    greeting = " ".join(str(response_files.load("vi")["utter_greet"]["text"]).split())
    click.echo(json.dumps({"folder": str(folder), "greeting": greeting}, ensure_ascii=False))


if __name__ == "__main__":
    main()
