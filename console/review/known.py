"""What the project's own data say: intents and their meaning, sentences, names of procedures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from console.review.grouping import Rarity
from console.review.wording import Wording, wording
from troly import yaml_files
from troly.learning import folded
from troly.settings import ROOT

FOLDER = ROOT / "nlu_data"
OUT_OF_SCOPE = "out_of_scope"
GENERAL = "ask_procedure"
"""What a message means that names a procedure and nothing else."""


@dataclass(frozen=True, slots=True)
class Intent:
    """Something citizens want."""

    name: str
    definition: str
    needs_procedure: bool


@dataclass(frozen=True, slots=True)
class Known:
    """Read once for each state of the files."""

    intents: Mapping[str, Intent]
    sentences: Mapping[str, frozenset[str]]
    """Folded text -> the intents it is an example of."""
    names: Mapping[str, tuple[str, ...]]
    """Code -> everyday names of the procedure."""
    rarity: Rarity
    wording: Wording


def known(folder: Path = FOLDER) -> Known:
    """What nlu_data/ says now. Reads files: call it in a thread."""
    single = [folder / f"{name}.yml" for name in ("intents", "procedures", "carriers", "teencode")]
    files = [*single, *sorted(folder.glob("[a-z][a-z]/*.yml"))]
    state = tuple((str(path), path.stat().st_mtime_ns) for path in files if path.is_file())
    return _read(folder, state)


@lru_cache(maxsize=1)
def _read(folder: Path, state: tuple[tuple[str, int], ...]) -> Known:
    sentences: dict[str, set[str]] = {}
    for path, _ in state:
        file = Path(path)
        if file.parent != folder:
            for text in _sentences(_yaml(file)):
                if key := folded(text):
                    sentences.setdefault(key, set()).add(file.stem)
    intents = {
        name: Intent(name, str(about.get("definition", "")), bool(about.get("needs_procedure")))
        for name, about in (_yaml(folder / "intents.yml") or {}).items()
    }
    names = {
        str(entry["code"]): tuple(
            str(name) for language in ("vi", "en") for name in entry.get(language) or ()
        )
        for entry in _yaml(folder / "procedures.yml") or ()
    }
    return Known(
        intents,
        {key: frozenset(of) for key, of in sentences.items()},
        names,
        Rarity(sentences),
        wording(
            _yaml(folder / "carriers.yml"),
            _yaml(folder / "teencode.yml"),
            (name for of in names.values() for name in of),
        ),
    )


def _sentences(content: Any) -> Iterator[str]:
    for sentence in (content or {}).get("sentences") or ():
        yield str(sentence.get("text") if isinstance(sentence, dict) else sentence)


def _yaml(path: Path) -> Any:
    return yaml_files.read(path) if path.is_file() else None
