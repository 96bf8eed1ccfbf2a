"""`troly evaluate`: measure understanding on labelled messages."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from bot.labelled import BadLine, Record, read_records
from bot.measures import Group, Outcome, groups
from bot.statistics import Macro
from troly.clock import now
from troly.errors import UsageError
from troly.settings import settings

Understand = Callable[[str], dict[str, Any]]
"""From a message to what `troly parse` prints of it."""


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--report",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for evaluation.json and evaluation.html (default: evaluation in DATA_DIR).",
)
def evaluate(files: tuple[Path, ...], report: Path | None) -> None:
    """Measure understanding on the records of FILES: .jsonl files, or a folder such as tests/nlu.

    Prints, by file, language and variant, every figure with its n and 95 % interval; writes a JSON report
    and a page with the confusion matrix and the failures. Ends with 1 when a line was no record.
    """
    records, bad = _read(files)
    for line in bad:
        click.echo(f"troly: {line}", err=True)
    if not records:
        raise UsageError(f"no records in {', '.join(map(str, files))}")

    from bot.commands import load_parser

    outcomes = judge(load_parser(), records)
    found = list(groups(outcomes))
    click.echo("\n".join(lines(found, outcomes)))
    written = write(report or settings().data_dir / "evaluation", found, outcomes, bad)
    click.echo(f"\nReport: {written}")
    if bad:
        raise click.exceptions.Exit(1)


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
    """The figures for people: a block a group, figures over no records left out."""
    for group in found:
        yield f"{group.title} ({group.n} records)"
        for name, figure in group.figures.items():
            if figure.n:
                yield f"  {name:<28} {_shown(figure)}"
        yield ""
    middle, late = percentiles(outcomes)
    wrong = sum(1 for outcome in outcomes if outcome.faults)
    yield f"{wrong} of {len(outcomes)} records with a failure; {middle:.1f} ms a message (p95 {late:.1f} ms)"


def percentiles(outcomes: Sequence[Outcome]) -> tuple[float, float]:
    """Milliseconds a message, p50 and p95 (nearest rank)."""
    times = sorted(outcome.milliseconds for outcome in outcomes)
    return times[len(times) // 2], times[min(len(times) - 1, int(len(times) * 0.95))]


def write(folder: Path, found: Sequence[Group], outcomes: Sequence[Outcome], bad: Sequence[BadLine]) -> Path:
    """Write evaluation.json and evaluation.html into the folder; the page's path."""
    from bot.evaluation_page import page

    folder.mkdir(parents=True, exist_ok=True)
    middle, late = percentiles(outcomes)
    content = {
        "made_at": now().isoformat(timespec="seconds"),
        "records": len(outcomes),
        "milliseconds": {"p50": round(middle, 2), "p95": round(late, 2)},
        "groups": [
            {
                "file": group.file,
                "language": group.language,
                "variant": group.variant,
                "records": group.n,
                "figures": {name: figure.to_dict() for name, figure in group.figures.items()},
            }
            for group in found
        ],
        "bad_lines": [str(line) for line in bad],
        "outcomes": [_outcome(outcome) for outcome in outcomes],
    }
    text = json.dumps(content, ensure_ascii=False, indent=1)
    (folder / "evaluation.json").write_text(text + "\n", encoding="utf-8")
    target = folder / "evaluation.html"
    target.write_text(page(found, outcomes, bad, content["made_at"]), encoding="utf-8")
    return target


def _outcome(outcome: Outcome) -> dict[str, Any]:
    record, parsed = outcome.record, outcome.parsed
    return {
        "file": record.file,
        "id": record.id,
        "text": record.text,
        "expected": {
            "language": record.language,
            "variant": record.variant,
            "intents": record.intents,
            "procedures": record.procedures,
            "strict": record.strict,
            "application_code": record.application_code,
        },
        "got": {
            "language": parsed.get("language"),
            "intent": outcome.intent,
            "confidence": outcome.confidence,
            "procedures": (parsed.get("procedures") or [])[:5],
            "procedure_decision": outcome.decision,
            "application_code": parsed.get("application_code"),
            "text_normalized": parsed.get("text_normalized"),
        },
        "milliseconds": round(outcome.milliseconds, 2),
        "faults": outcome.faults,
        "error": outcome.error,
    }


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


def _shown(figure: Any) -> str:
    if isinstance(figure, Macro):
        return f"{figure.value:.1%} (over {figure.n}, 95% {figure.low:.1%}–{figure.high:.1%})"
    return str(figure)
