"""What the pages of evaluations share: one file without script, network or server, also on a phone."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from bot.statistics import Macro
from troly.statistics import Share

_STYLE = """
:root {
  color-scheme: light dark; --line: #8886; --dim: #6b6b6b; --bad: #b3261e; --good: #1b6e2f; --dot: #2a6fc9;
}
@media (prefers-color-scheme: dark) {
  :root { --dim: #a5a5a5; --bad: #ff8a80; --good: #81c995; --dot: #8ab4f8; }
}
body { font: 16px/1.45 system-ui, sans-serif; margin: 1rem auto; max-width: 80rem; padding: 0 .8rem; }
h1 { font-size: 1.4rem; } h2 { margin-top: 2rem; font-size: 1.15rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .85rem; }
th, td { border: 1px solid var(--line); padding: .25rem .5rem; text-align: left; vertical-align: top; }
.figures td, .figures th + th { text-align: right; white-space: nowrap; }
.figures tbody th { position: sticky; left: 0; background: Canvas; }
small { color: var(--dim); display: block; }
.matrix td { min-width: 1.6rem; text-align: center; padding: .1rem; }
.matrix thead th { writing-mode: vertical-rl; font-weight: normal; padding: .4rem .1rem; }
.matrix tbody th { font-weight: normal; white-space: nowrap; position: sticky; left: 0; background: Canvas; }
.bad { color: var(--bad); } .good { color: var(--good); }
summary { cursor: pointer; padding: .5rem 0; font-weight: 600; }
article { border-top: 1px solid var(--line); padding: .5rem 0; overflow-wrap: anywhere; }
article p { margin: .1rem 0; }
dl { display: grid; grid-template-columns: 6rem 1fr; gap: .1rem .6rem; margin: .3rem 0 0; font-size: .85rem; }
dt { color: var(--dim); } dd { margin: 0; }
svg { max-width: 100%; height: auto; } svg text { font: 11px system-ui, sans-serif; fill: currentColor; }
"""


def whole(title: str, body: Iterable[str]) -> str:
    """The page."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def cell(figure: Share | Macro) -> str:
    """A figure with its n and its interval."""
    shown = figure.to_dict()
    if shown["value"] is None:
        return "–"
    counted = f"{shown['right']}/{figure.n}" if isinstance(figure, Share) else f"n {figure.n}"
    return f"{shown['value']:.1%}<small>{counted}, {shown['low']:.0%}–{shown['high']:.0%}</small>"


def described(pairs: Iterable[tuple[str, str]]) -> str:
    """A list of terms and what belongs to them; terms with nothing are left out."""
    rows = "".join(f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>" for term, text in pairs if text)
    return f"<dl>{rows}</dl>"


def folded(summary: str, body: Iterable[str], is_open: bool = False) -> str:
    """A part that opens when it is touched."""
    opened = " open" if is_open else ""
    return f"<details{opened}><summary>{escape(summary)}</summary>{''.join(body)}</details>"
