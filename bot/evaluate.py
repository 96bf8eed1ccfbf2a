"""`troly evaluate`: measure understanding on labelled messages."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from bot.evaluation_report import report as stated_report
from bot.evaluation_report import shown
from bot.labelled import BadLine, Record, read_records
from bot.measures import Group, Outcome, by_intent, groups, speed
from troly.clock import now
from troly.errors import UsageError
from troly.settings import settings

Understand = Callable[[str], dict[str, Any]]
"""From a message to what `troly parse` prints of it."""
_FILE = click.Path(exists=True, path_type=Path)


@click.command()
@click.argument("files", nargs=-1, type=_FILE)
@click.option(
    "--report",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the JSON and the HTML page (default: evaluation in DATA_DIR).",
)
@click.option("--model", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Model file.")
@click.option(
    "--compare",
    nargs=2,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="A.json B.json",
    help="Compare two reports (evaluation.json) message by message instead.",
)
@click.option(
    "--dataset",
    nargs=2,
    type=(click.Choice(["phoatis"]), click.Path(exists=True, file_okay=False, path_type=Path)),
    metavar="phoatis FOLDER",
    help="Run a public benchmark from its published files instead.",
)
def evaluate(
    files: tuple[Path, ...],
    report: Path | None,
    model: Path | None,
    compare: tuple[Path, Path] | None,
    dataset: tuple[str, Path] | None,
) -> None:
    """Measure understanding on the records of FILES: .jsonl files, or a folder such as tests/nlu.

    Prints, by file, language and variant, every figure with its n and 95 % interval; writes a JSON report
    and a page with the confusion matrix and the failures. Ends with 1 when a line was no record.
    """
    folder = report or settings().data_dir / "evaluation"
    if sum((bool(files), compare is not None, dataset is not None)) != 1:
        raise UsageError("evaluate: name FILES, or --compare A.json B.json, or --dataset phoatis FOLDER")
    if compare:
        _compare(*compare, folder)
    elif dataset:
        _benchmark(dataset[1], folder)
    else:
        _measure(files, folder, model)


def _measure(files: Sequence[Path], folder: Path, model: Path | None) -> None:
    records, bad = _read(files)
    for line in bad:
        click.echo(f"troly: {line}", err=True)
    if not records:
        raise UsageError(f"no records in {', '.join(map(str, files))}")

    from bot.commands import load_parser
    from bot.versions import serving_model

    used = model or serving_model(settings())
    outcomes = judge(load_parser(used), records)
    found = list(groups(outcomes))
    click.echo("\n".join(lines(found, outcomes)))
    written = write(folder, found, outcomes, bad, _about(used))
    click.echo(f"\nReport: {written}")
    if bad:
        raise click.exceptions.Exit(1)


def _compare(first: Path, second: Path, folder: Path) -> None:
    from bot import comparison
    from bot.comparison_page import comparison_page

    found = comparison.compare(first, second)
    click.echo("\n".join(comparison.lines(found)))
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "comparison.html"
    target.write_text(comparison_page(found), encoding="utf-8")
    click.echo(f"\nReport: {target}")


def _benchmark(path: Path, folder: Path) -> None:
    from bot import phoatis

    found = phoatis.run(path)
    click.echo("\n".join(phoatis.lines(found)))
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "phoatis.json"
    target.write_text(json.dumps(found.to_dict(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    click.echo(f"\nReport: {target}")


def judge(understand: Understand, records: Sequence[Record]) -> list[Outcome]:
    """Parse every record, with a progress bar. A parser that fails on one is a failure of that record."""
    outcomes = []
    for record in tqdm(records, desc="evaluate", unit="message", disable=None):
        started = time.perf_counter()
        try:
            parsed, error = understand(record.text), ""
        except Exception as failure:  # whatever it is, it is what a citizen's message would meet
            parsed, error = {}, f"{type(failure).__name__}: {failure}"
        outcomes.append(Outcome(record, parsed, (time.perf_counter() - started) * 1000, error))
    return outcomes


def lines(found: Sequence[Group], outcomes: Sequence[Outcome]) -> Iterator[str]:
    """The figures for people: a block a group, figures over no records left out; then intents and speed."""
    for group in found:
        yield f"{group.title} ({group.n} records)"
        for name, figure in group.figures.items():
            if figure.n:
                yield f"  {name:<28} {shown(figure)}"
        yield ""
    yield "Intents, weakest first (F1; share found of those expected)"
    for one in sorted(by_intent(outcomes), key=lambda one: (one.f1, one.intent)):
        yield f"  {one.intent:<28} {one.f1:.2f}  {one.found}"
    yield ""
    for name, times in speed(outcomes).items():
        if times.n:
            yield f"ms a message, {name:<16} p50 {times.p50:.1f}, p95 {times.p95:.1f} (n {times.n})"
    wrong = sum(1 for outcome in outcomes if outcome.faults)
    yield f"{wrong} of {len(outcomes)} records with a failure"


def write(
    folder: Path,
    found: Sequence[Group],
    outcomes: Sequence[Outcome],
    bad: Sequence[BadLine],
    model: Mapping[str, Any],
) -> Path:
    """Write evaluation.json and evaluation.html into the folder; the page's path."""
    from bot.evaluation_page import page

    folder.mkdir(parents=True, exist_ok=True)
    made_at = now().isoformat(timespec="seconds")
    content = stated_report(found, outcomes, bad, made_at, model)
    text = json.dumps(content, ensure_ascii=False, indent=1)
    (folder / "evaluation.json").write_text(text + "\n", encoding="utf-8")
    target = folder / "evaluation.html"
    target.write_text(page(found, outcomes, bad, made_at, model), encoding="utf-8")
    return target


def _about(model: Path) -> dict[str, Any]:
    """What the training wrote down about the model, for whoever reads the report later."""
    record = model.with_name(model.name.removesuffix(".tar.gz") + ".json")
    try:
        found = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = {}
    return {"model": model.name, **{name: found.get(name) for name in ("encoder", "trained_at")}}


def _read(files: Sequence[Path]) -> tuple[list[Record], list[BadLine]]:
    records: list[Record] = []
    bad: list[BadLine] = []
    for file in files:
        for one in read_records(file):
            if isinstance(one, Record):
                records.append(one)
            else:
                bad.append(one)
    return records, bad
