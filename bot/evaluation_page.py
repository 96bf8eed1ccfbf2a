"""The evaluation as one HTML page that needs no server, no script and no network."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from bot.labelled import BadLine
from bot.measures import LOWER_IS_BETTER, Group, Outcome, pair
from bot.statistics import Macro, f1_by_label
from troly.statistics import Share

_STYLE = """
:root { color-scheme: light dark; --line: #8886; --dim: #777; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 90rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { margin-top: 2.2rem; font-size: 1.2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .85rem; }
th, td { border: 1px solid var(--line); padding: .25rem .5rem; text-align: left; vertical-align: top; }
.figures td, .figures th + th { text-align: right; white-space: nowrap; }
small { color: var(--dim); display: block; }
.matrix td { min-width: 1.6rem; text-align: center; padding: .1rem; }
.matrix thead th { writing-mode: vertical-rl; font-weight: normal; padding: .4rem .1rem; }
.matrix tbody th { font-weight: normal; white-space: nowrap; }
.fault { color: #b3261e; white-space: nowrap; }
@media (prefers-color-scheme: dark) { .fault { color: #ff8a80; } }
svg text { font: 11px system-ui, sans-serif; fill: currentColor; }
"""


def page(found: Sequence[Group], outcomes: Sequence[Outcome], bad: Sequence[BadLine], made_at: object) -> str:
    """The whole page."""
    body = [
        "<h1>How well messages are understood</h1>",
        f"<p>{len(outcomes)} records, measured {escape(str(made_at))}. Every figure with its 95 % interval "
        "(Wilson; bootstrap for F1).</p>",
        "<h2>Figures</h2>",
        *_figures(found),
        "<h2>Intents</h2>",
        *_intents(outcomes),
        "<h2>Confusion matrix</h2><p>Rows: expected. Columns: said. An intent that is accepted too counts as "
        "expected.</p>",
        *_matrix(outcomes),
        "<h2>Is the confidence true?</h2><p>Share of right intents among messages of about this confidence; "
        "on the line where it is. The number of messages stands above each point.</p>",
        _calibration(outcomes),
        *_failures(outcomes),
    ]
    if bad:
        body += [
            "<h2>Lines that are no records</h2><ul>",
            *(f"<li>{escape(str(line))}</li>" for line in bad),
            "</ul>",
        ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Evaluation</title><style>{_STYLE}</style></head><body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def _figures(found: Sequence[Group]) -> Iterator[str]:
    names = [name for name in found[0].figures if any(group.figures[name].n for group in found)]
    yield '<div class="wide"><table class="figures"><thead><tr><th>group</th><th>records</th>'
    yield "".join(f"<th>{escape(name)}{' ↓' if name in LOWER_IS_BETTER else ''}</th>" for name in names)
    yield "</tr></thead><tbody>"
    for group in found:
        cells = "".join(f"<td>{_cell(group.figures[name])}</td>" for name in names)
        yield f"<tr><th>{escape(group.title)}</th><td>{group.n}</td>{cells}</tr>"
    yield "</tbody></table></div><p>↓: lower is better.</p>"


def _cell(figure: Share | Macro) -> str:
    shown = figure.to_dict()
    if shown["value"] is None:
        return "–"
    counted = f"{shown['right']}/{figure.n}" if isinstance(figure, Share) else f"n {figure.n}"
    return f"{shown['value']:.1%}<small>{counted}, {shown['low']:.0%}–{shown['high']:.0%}</small>"


def _intents(outcomes: Sequence[Outcome]) -> Iterator[str]:
    by_label = f1_by_label(map(pair, outcomes))
    expected = Counter(pair(outcome)[0] for outcome in outcomes)
    hits = Counter(outcome.intent for outcome in outcomes if outcome.intent_right)
    yield '<table class="figures"><thead><tr><th>intent</th><th>found</th><th>F1</th></tr></thead><tbody>'
    for label, f1 in sorted(by_label.items(), key=lambda item: (item[1], item[0])):
        found = _cell(Share(hits[label], expected[label]))
        yield f"<tr><th>{escape(label)}</th><td>{found}</td><td>{f1:.2f}</td></tr>"
    yield "</tbody></table>"


def _matrix(outcomes: Sequence[Outcome]) -> Iterator[str]:
    counts = Counter(map(pair, outcomes))
    rows = Counter(expected for expected, _ in counts.elements())
    labels = sorted({label for both in counts for label in both})
    yield '<div class="wide"><table class="matrix"><thead><tr><td></td>'
    yield "".join(f"<th>{escape(label)}</th>" for label in labels) + "</tr></thead><tbody>"
    for expected in (label for label in labels if rows[label]):
        cells = []
        for said in labels:
            number = counts[expected, said]
            # Right in green, wrong in red, stronger with its share of the row.
            hue, strength = (140, 0.15) if said == expected else (4, 0.2)
            alpha = min(1.0, strength + number / rows[expected] * 0.7)
            style = f' style="background:hsl({hue} 70% 45% / {alpha:.2f})"' if number else ""
            title = f"{expected} → {said}: {number} of {rows[expected]}"
            cells.append(f'<td{style} title="{escape(title)}">{number or ""}</td>')
        yield f"<tr><th>{escape(expected)}</th>{''.join(cells)}</tr>"
    yield "</tbody></table></div>"


def _calibration(outcomes: Sequence[Outcome], size: int = 320, bins: int = 10) -> str:
    members: dict[int, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        members[min(bins - 1, max(0, int(outcome.confidence * bins)))].append(outcome)
    marks = []
    for inside in (members[number] for number in sorted(members)):
        share = Share(sum(outcome.intent_right for outcome in inside), len(inside))
        low, high = share.interval or (0.0, 1.0)
        x = 30 + sum(outcome.confidence for outcome in inside) / len(inside) * size
        top, middle, bottom = (10 + (1 - value) * size for value in (high, share.value or 0.0, low))
        marks.append(
            f'<path d="M{x:.1f} {top:.1f}V{bottom:.1f}" stroke="currentColor" opacity=".4"/>'
            f'<circle cx="{x:.1f}" cy="{middle:.1f}" r="4" fill="#2a7de1"/>'
            f'<text x="{x:.1f}" y="{max(9.0, top - 3):.1f}" text-anchor="middle">{len(inside)}</text>'
        )
    frame = (
        f'<rect x="30" y="10" width="{size}" height="{size}" fill="none" stroke="currentColor" opacity=".4"/>'
        f'<line x1="30" y1="{size + 10}" x2="{size + 30}" y2="10" stroke="currentColor" opacity=".3"/>'
        f'<text x="{size // 2}" y="{size + 26}">confidence</text><text x="0" y="22">right</text>'
        f'<text x="22" y="{size + 24}">0</text><text x="{size + 26}" y="{size + 24}">1</text>'
    )
    head = f'<svg width="{size + 50}" height="{size + 32}" role="img" aria-label="Calibration">'
    return f"{head}{frame}{''.join(marks)}</svg>"


def _failures(outcomes: Sequence[Outcome]) -> Iterator[str]:
    failed = [outcome for outcome in outcomes if outcome.faults]
    yield f"<h2>Failures ({len(failed)})</h2>"
    yield '<div class="wide"><table><thead><tr><th>record</th><th>message</th><th>what</th><th>expected</th>'
    yield "<th>said</th></tr></thead><tbody>"
    for outcome in failed:
        record = outcome.record
        cells = (
            _lines([record.id, f"{record.file} · {record.language} · {record.variant}"], dim_from=1),
            _lines([record.text, str(outcome.parsed.get("text_normalized") or "")], dim_from=1),
            f'<span class="fault">{"<br>".join(map(escape, outcome.faults))}</span>',
            _lines([" or ".join(record.intents), *record.procedures, record.application_code or ""]),
            _lines(list(_said(outcome))),
        )
        yield "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
    yield "</tbody></table></div>"


def _said(outcome: Outcome) -> Iterator[str]:
    if outcome.error:
        yield outcome.error
        return
    yield f"{outcome.intent} ({outcome.confidence:.2f}), {outcome.parsed.get('language')}, {outcome.decision}"
    for item in (outcome.parsed.get("procedures") or [])[:5]:
        yield f"{item['code']} {str(item.get('name') or '')[:70]} ({float(item.get('score') or 0):.2f})"
    if code := outcome.parsed.get("application_code"):
        yield str(code)


def _lines(texts: Iterable[str], dim_from: int | None = None) -> str:
    shown = []
    for number, text in enumerate(text for text in texts if text):
        dim = dim_from is not None and number >= dim_from
        shown.append(f"<small>{escape(text)}</small>" if dim else f"{escape(text)}<br>")
    return "".join(shown).removesuffix("<br>")
