"""YAML files of nlu_data/, read; the large ones are kept parsed, which reading again takes a tenth of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from bot.cache import cached_json, content_key
from bot.understanding.errors import DataError

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # a PyYAML without libyaml reads the same, slower
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

_LARGE = 100_000
"""Bytes."""


class _NotJson(Exception):
    """JSON would give back something else."""


def parse(path: Path) -> Any:
    """The file's content. Raises DataError naming file and place."""
    content = path.read_bytes()
    try:
        return yaml.load(content, _Loader) if len(content) < _LARGE else _kept(content)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: {' '.join(str(error).split())}") from None


def _kept(content: bytes) -> Any:
    def as_json() -> Any:
        parsed = yaml.load(content, _Loader)
        try:
            if json.loads(json.dumps(parsed)) != parsed:
                raise _NotJson
        except TypeError:
            raise _NotJson from None
        return parsed

    try:
        return cached_json("yaml", content_key(content), as_json)
    except _NotJson:
        return yaml.load(content, _Loader)
