"""The console's own texts: console/locale/<language>/<area>.yml, addressed as area.key."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "locale"


@lru_cache(maxsize=4)
def texts(language: str) -> dict[str, str]:
    """All texts of a language, keys with dots.

    Raises ValueError for a file that is no tree of texts; YAML takes an unquoted yes for a truth value.
    """
    found: dict[str, str] = {}
    for path in sorted((FOLDER / language).glob("*.yml")):
        for key, text in _flat(path.stem, yaml.safe_load(path.read_text(encoding="utf-8"))):
            if not isinstance(text, str) or key.split(".")[-1] in ("True", "False", "None"):
                raise ValueError(f"{path.name}: {key}: put the name and the text in quotes")
            found[key] = text
    return found


def knows(key: str) -> bool:
    """Whether there is such a text."""
    return key in texts("vi")


def say(language: str, key: str, **values: object) -> str:
    """A text with its values. Raises KeyError: a text that is missing is a mistake in the page."""
    return texts(language)[key].format(**values)


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flat(f"{prefix}.{key}", item)
    else:
        yield prefix, value
