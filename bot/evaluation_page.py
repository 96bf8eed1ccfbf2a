"""The evaluation as one HTML page that needs no server, no script and no network."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from bot.calibration import Curve, curves
from bot.labelled import BadLine
from bot.measures import LOWER_IS_BETTER, Group, Outcome, by_intent, pair, speed
from bot.page_parts import cell, described, folded, whole


def page(
    found: Sequence[Group],
    outcomes: Sequence[Outcome],
    bad: Sequence[BadLine],
    made_at: str,
    model: Mapping[str, Any],
) -> str:
    """The whole page."""
    body = [
        "<h1>How well messages are understood</h1>",
        f"<p>{len(outcomes)} records, measured {escape(made_at)}, model "
        f"{escape(str(model.get('model') or 'unknown'))}. Every figure with its n and its 95 % interval "
        "(Wilson; bootstrap for F1).</p>",
        "<h2>Figures</h2>",
        *_figures(found),
        "<h2>Speed</h2>",
        *_speed(outcomes),
        "<h2>Intents</h2><p>Found: of those expected. Right: of those said.</p>",
        *_intents(outcomes),
        "<h2>Confusion matrix</h2><p>Rows: expected. Columns: said. An intent that is accepted too counts as "
        "expected.</p>",
        *_matrix(outcomes),
        "<h2>Is the confidence true?</h2><p>Share of right ones among messages of about this confidence; on "
        "the line where it is. The number of messages stands above each point.</p>",
        *map(_calibration, curves(outcomes)),
        *_failures(outcomes),
    ]
    if bad:
        items = "".join(f"<li>{escape(str(line))}</li>" for line in bad)
        body.append(f"<h2>Lines that are no records</h2><ul>{items}</ul>")
    return whole("Evaluation", body)


def _figures(found: Sequence[Group]) -> Iterator[str]:
    names = [name for name in found[0].figures if any(group.figures[name].n for group in found)]
    yield '<div class="wide"><table class="figures"><thead><tr><th>group</th><th>records</th>'
    yield "".join(f"<th>{escape(name)}{' ↓' if name in LOWER_IS_BETTER else ''}</th>" for name in names)
    yield "</tr></thead><tbody>"
    for group in found:
        cells = "".join(f"<td>{cell(group.figures[name])}</td>" for name in names)
        yield f"<tr><th>{escape(group.title)}</th><td>{group.n}</td>{cells}</tr>"
    yield "</tbody></table></div><p>↓: lower is better.</p>"


def _speed(outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield '<table class="figures"><thead><tr><th>messages</th><th>n</th><th>p50 ms</th><th>p95 ms</th></tr>'
    yield "</thead><tbody>"
    for name, one in speed(outcomes).items():
        times = "".join(
            "<td>–</td>" if time is None else f"<td>{time:.1f}</td>" for time in (one.p50, one.p95)
        )
        yield f"<tr><th>{escape(name)}</th><td>{one.n}</td>{times}</tr>"
    yield "</tbody></table>"


def _intents(outcomes: Sequence[Outcome]) -> Iterator[str]:
    languages = list(dict.fromkeys(one.record.language for one in outcomes))
    spoken = {
        language: {
            one.intent: one.found
            for one in by_intent([one for one in outcomes if one.record.language == language])
        }
        for language in (languages if len(languages) > 1 else [])
    }
    yield '<div class="wide"><table class="figures"><thead><tr><th>intent</th><th>F1</th><th>found</th>'
    yield (
        "<th>right</th>"
        + "".join(f"<th>found, {escape(one)}</th>" for one in spoken)
        + "</tr></thead><tbody>"
    )
    for one in sorted(by_intent(outcomes), key=lambda one: (one.f1, one.intent)):
        shares = [one.found, one.right, *(found.get(one.intent) for found in spoken.values())]
        cells = "".join(f"<td>{cell(share) if share else '–'}</td>" for share in shares)
        yield f"<tr><th>{escape(one.intent)}</th><td>{one.f1:.2f}</td>{cells}</tr>"
    yield "</tbody></table></div>"


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


def _calibration(curve: Curve, size: int = 320) -> str:
    if curve.gap is None:
        return ""
    marks = []
    for one in curve.bins:
        low, high = one.right.interval or (0.0, 1.0)
        x = 30 + one.confidence * size
        top, middle, bottom = (10 + (1 - value) * size for value in (high, one.right.value or 0.0, low))
        marks.append(
            f'<path d="M{x:.1f} {top:.1f}V{bottom:.1f}" stroke="currentColor" opacity=".4"/>'
            f'<circle cx="{x:.1f}" cy="{middle:.1f}" r="4" fill="var(--dot)"/>'
            f'<text x="{x:.1f}" y="{max(9.0, top - 3):.1f}" text-anchor="middle">{one.right.n}</text>'
        )
    frame = (
        f'<rect x="30" y="10" width="{size}" height="{size}" fill="none" stroke="currentColor" opacity=".4"/>'
        f'<line x1="30" y1="{size + 10}" x2="{size + 30}" y2="10" stroke="currentColor" opacity=".3"/>'
        f'<text x="{size // 2}" y="{size + 26}">confidence</text><text x="0" y="22">right</text>'
        f'<text x="22" y="{size + 24}">0</text><text x="{size + 26}" y="{size + 24}">1</text>'
    )
    label = f'aria-label="Calibration of the {escape(curve.name)}"'
    width, height = size + 50, size + 32
    head = f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" {label}>'
    gap = f"<p>{escape(curve.name)}: mean gap {curve.gap:.1%} over {curve.n} messages</p>"
    return f"{gap}{head}{frame}{''.join(marks)}</svg>"


def _failures(outcomes: Sequence[Outcome]) -> Iterator[str]:
    by_kind: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.faults:
            by_kind[", ".join(outcome.faults)].append(outcome)
    yield f"<h2>Failures ({sum(map(len, by_kind.values()))})</h2>"
    yield "<p>By what went wrong; touch one to open it.</p>"
    for kind, members in sorted(by_kind.items(), key=lambda item: -len(item[1])):
        yield folded(f"{kind} ({len(members)})", map(_failure, members), is_open=len(by_kind) == 1)


def _failure(outcome: Outcome) -> str:
    record, parsed = outcome.record, outcome.parsed
    where = f"{record.id} · {record.file} · {record.language} · {record.variant}"
    expected = [" or ".join(record.intents), *record.procedures, record.application_code or ""]
    entities = [f"{one.get('entity')}={one.get('value')}" for one in parsed.get("entities") or []]
    saw = [
        ("normalized", str(parsed.get("text_normalized") or "")),
        ("restored", str(parsed.get("text_restored") or "")),
        ("entities", ", ".join(entities)),
        ("about one", _number(parsed.get("procedure_mention"))),
        ("encoder", "asked" if outcome.encoded else "not asked"),
    ]
    shown = [("expected", ", ".join(text for text in expected if text)), *_said(outcome), *saw]
    return f"<article><p>{escape(record.text)}</p><small>{escape(where)}</small>{described(shown)}</article>"


def _said(outcome: Outcome) -> Iterator[tuple[str, str]]:
    if outcome.error:
        yield "said", outcome.error
        return
    parsed = outcome.parsed
    yield "said", f"{outcome.intent} ({outcome.confidence:.2f}), {parsed.get('language')}, {outcome.decision}"
    others = [
        f"{one['name']} ({float(one['confidence']):.2f})" for one in (parsed.get("intent_ranking") or [])[1:3]
    ]
    yield "or", ", ".join(others)
    for item in (parsed.get("procedures") or [])[:5]:
        name = str(item.get("name") or "")[:90]
        yield "procedure", f"{item['code']} {name} ({float(item.get('score') or 0):.2f})"
    yield "code", str(parsed.get("application_code") or "")


def _number(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, int | float) else ""
