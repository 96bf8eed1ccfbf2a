"""The end of what the programs of a run said, without citizens' words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from troly import masking
from troly.learning import folded

_LINES = 30
_LETTERS = 4000
_SHORT = 12
"""Letters below which a taught text says nothing about anybody, and stands in half of all lines."""
_NOISE = re.compile(r"^\s*$|it/s|s/message|\r")
_HIDDEN = "[…]"


def told(path: Path, secrets: Iterable[str]) -> str:
    """The last lines of the file; a line that holds one of the texts is left out, the rest is masked."""
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    keys = {key for text in secrets if len(key := folded(text)) >= _SHORT}
    kept = []
    for line in [line for line in lines if not _NOISE.search(line)][-_LINES:]:
        words = folded(line)
        kept.append(_HIDDEN if any(key in words for key in keys) else masking.mask(line)[:300])
    return "\n".join(kept)[-_LETTERS:]
