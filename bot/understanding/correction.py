"""Corrections such as "không mất, sắp hết hạn thôi": another variant of the procedure in focus."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from bot.understanding.analysis import Analyzer
from bot.understanding.data import read_yaml
from bot.understanding.finding import Candidate, Finding
from bot.understanding.route import Served
from troly.text import fold

MENTION = 0.4
"""More than nothing, less than a procedure named."""

_DENIED = re.compile(r"\b(?:khong|chua|dau co|dau phai|khong phai|not|no|never)\s+(?:bi |phai |lost )?\w+")


def sibling_codes(root: Path) -> dict[str, frozenset[str]]:
    """code -> the codes that siblings.yml groups with it."""
    made: dict[str, set[str]] = {}
    for group in read_yaml(root / "siblings.yml") or []:
        codes = {str(option["code"]) for option in group.get("options") or []}
        for code in codes:
            made.setdefault(code, set()).update(codes)
    return {code: frozenset(codes) for code, codes in made.items()}


def correct(
    text: str,
    analyzer: Analyzer,
    focus: Sequence[Served],
    names: Mapping[str, Collection[str]],
) -> Finding | None:
    """The variants that the message speaks of, where it speaks of nothing else; None where it does.

    `focus` are the procedure in focus and its siblings, `names` their everyday names.
    """
    if not analyzer.speaks_of_variants_only(text):
        return None
    asked = analyzer.variant_groups(_DENIED.sub(" ", fold(text)))
    if not asked:
        return None
    scored = []
    for item in focus:
        own = analyzer.variant_groups(item.name)
        known = own.union(*(analyzer.variant_groups(name) for name in names.get(item.code, ())))
        score = len(asked & known) / len(asked) - 0.2 * len(own - asked)
        if asked & known:
            scored.append(Candidate(item.code, item.name, round(max(0.1, score), 3)))
    if not scored:
        return None
    scored.sort(key=lambda one: -one.score)
    clear = len(scored) == 1 or scored[0].score > scored[1].score
    return Finding(tuple(scored), "answer" if clear else "choose", MENTION)
