"""`troly data`: check and extend the training data."""

from __future__ import annotations

import time
from pathlib import Path

import click

from troly.settings import ROOT, settings

_project = click.option(
    "--project",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=ROOT,
    help="The folder that holds nlu_data/, tests/nlu/ and bot/responses/ (default: this project).",
)


@click.group()
def data() -> None:
    """Check and extend the training data."""


@data.command()
@_project
def check(project: Path) -> None:
    """Print everything that is wrong with nlu_data/ and tests/nlu/ as `path: reason`; exit 1 if anything is.

    Where the database holds a whole catalogue, procedure codes must exist in it.
    """
    from bot.data_catalogue import catalogue_codes
    from bot.data_check import check as find_problems

    started = time.monotonic()
    codes = catalogue_codes(settings())
    problems = find_problems(project.absolute(), codes)
    for problem in problems:
        click.echo(str(problem))
    against = f"{len(codes)} procedures" if codes else "no catalogue: the database holds no whole one"
    found = f"{len(problems)} to mend" if problems else "clean"
    seconds = time.monotonic() - started
    click.echo(
        f"nlu_data/ and tests/nlu/: {found} ({seconds:.1f} s; codes compared with {against})", err=True
    )
    if problems:
        raise click.exceptions.Exit(1)


@data.command("add-intent")
@click.argument("name")
@_project
def add_intent(name: str, project: Path) -> None:
    """Write all stubs of a new intent NAME, in every language that has sentences."""
    from bot.data_scaffold import add_intent as write

    for line in write(project.absolute(), name):
        click.echo(line)


@data.command("add-language")
@click.argument("code")
@_project
def add_language(code: str, project: Path) -> None:
    """Write all stubs of a new language CODE (two letters, such as fr)."""
    from bot.data_scaffold import add_language as write

    for line in write(project.absolute(), code):
        click.echo(line)


@data.command()
@_project
def export(project: Path) -> None:
    """Write what staff taught into nlu_data/, as a change to be reviewed and committed with git.

    Lines are added where they belong; the rest of the files stays as it is. Run it again at any time: what
    stands in the files is not written twice, and no training counts it twice.
    """
    from bot.data_export import export as write

    done = write(settings(), project.absolute())
    for path, texts in sorted(done.sentences.items()):
        click.echo(f"{path.relative_to(project.absolute())}: {len(texts)} sentences")
    if done.names:
        procedures = len({one.code for one in done.names})
        click.echo(f"nlu_data/procedures.yml: {len(done.names)} names of {procedures} procedures")
    for line in done.undecided:
        click.echo(f"not written: {line}", err=True)
    sentences = sum(map(len, done.sentences.values()))
    click.echo(f"{sentences} sentences and {len(done.names)} names written, {done.known} were there already.")
    if sentences or done.names:
        click.echo("Now look them over: git diff nlu_data, troly data check, git commit.")


@data.command()
def vectors() -> None:
    """Make nlu_data/vectors/ again, so that a first training need not encode what comes with the project."""
    from bot.data_vectors import write

    for name, number in write(settings().model_dir / "cache").items():
        click.echo(f"{name}: {number} texts")


@data.command()
@click.option(
    "--scale", type=click.FloatRange(0.05, 10), default=1.0, help="How many made messages, 1: 2,800."
)
def calibrate(scale: float) -> None:
    """Fit the weights of bot/understanding/certainty.py again and print them, with what thresholds give.

    Needs the imported catalogue and tests/; takes minutes. Nothing is written: compare, then copy.
    """
    from bot.calibrate import lines
    from bot.calibration_run import calibrate as fitted

    for line in lines(fitted(ROOT / "nlu_data", ROOT / "tests", scale)):
        click.echo(line)
