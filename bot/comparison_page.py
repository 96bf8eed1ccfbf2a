"""Two evaluations side by side as one HTML page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

from bot.comparison import Comparison, Difference, Pair, said
from bot.measures import LOWER_IS_BETTER
from bot.page_parts import cell, described, folded, whole


def comparison_page(found: Comparison) -> str:
    """The whole page."""
    only_first, only_second = found.unpaired
    relabelled = f" {found.relabelled} were relabelled; B's labels judge both." if found.relabelled else ""
    return whole(
        "Comparison",
        [
            "<h1>What changed between two evaluations</h1>",
            f"<p>A: {escape(found.titles[0])}<br>B: {escape(found.titles[1])}</p>",
            f"<p>{len(found.pairs)} messages in both; {only_first} only in A, {only_second} only in B."
            f"{relabelled}</p>",
            "<h2>Figures</h2><p>p: McNemar's exact test over the messages gained and lost; one figure in "
            "twenty is below .05 by chance alone. Groups in which nothing changed are left out. ↓: lower is "
            "better.</p>",
            *_table(found.differences),
            "<h2>Messages</h2>",
            _messages("Mended", found.mended),
            _messages("Broken", found.broken, is_open=True),
            _messages("Wrong otherwise", found.otherwise),
        ],
    )


def _table(differences: Sequence[Difference]) -> Iterator[str]:
    yield '<div class="wide"><table class="figures"><thead><tr><th>figure</th><th>A</th><th>B</th>'
    yield "<th>gained</th><th>lost</th><th>p</th><th></th></tr></thead><tbody>"
    for group, members in groupby(differences, key=lambda one: one.group):
        yield f'<tr><th colspan="7">{escape(group)}</th></tr>'
        for one in members:
            style = {"better": "good", "worse": "bad"}.get(one.verdict, "")
            lower = " ↓" if one.figure in LOWER_IS_BETTER else ""
            yield (
                f"<tr><th>{escape(one.figure)}{lower}</th><td>{cell(one.first)}</td><td>{cell(one.second)}</td>"
                f"<td>{len(one.gained)}</td><td>{len(one.lost)}</td><td>{one.p:.3f}</td>"
                f'<td class="{style}">{one.verdict}</td></tr>'
            )
    yield "</tbody></table></div>"


def _messages(title: str, pairs: Sequence[Pair], is_open: bool = False) -> str:
    return folded(f"{title} ({len(pairs)})", map(_message, pairs), is_open)


def _message(pair: Pair) -> str:
    before, after = pair
    record = after.record
    expected = [" or ".join(record.intents), *record.procedures, record.application_code or ""]
    shown = [("expected", ", ".join(text for text in expected if text)), ("A", said(before))]
    if before.faults:
        shown.append(("", ", ".join(before.faults)))
    shown.append(("B", said(after)))
    if after.faults:
        shown.append(("", ", ".join(after.faults)))
    where = f"{record.id} · {record.file} · {record.language} · {record.variant}"
    return f"<article><p>{escape(record.text)}</p><small>{escape(where)}</small>{described(shown)}</article>"
