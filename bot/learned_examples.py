"""What staff taught, as training takes it: accepted examples without anything that a test asks.

A training works on a copy in a file (EXAMPLES names it), so that all its processes learn the same although
staff go on labelling.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import inspect, select

from bot.understanding import data
from troly.database import engine
from troly.learning import folded
from troly.settings import ROOT, Settings
from troly.tables.learning import HeldOut, LearnedExample

EXAMPLES = "TROLY_LEARNED_EXAMPLES"
"""The environment variable with the file's name; one process of a training tells the others."""

Known = tuple[str, str, str]
"""Intent, language and text."""


@dataclass(frozen=True, slots=True)
class Learned:
    """The accepted examples that may be learned."""

    examples: list[Known] = field(default_factory=list)
    last: int = 0
    """The highest id among the rows looked at."""
    left_out: Counter[str] = field(default_factory=Counter)
    """Why -> how many: held_out, project_held_out, intent, language."""

    def to_dict(self) -> dict[str, Any]:
        """JSON."""
        return {"examples": self.examples, "last": self.last, "left_out": dict(self.left_out)}

    @classmethod
    def from_dict(cls, stated: Mapping[str, Any]) -> Learned:
        """The other way."""
        examples = [(str(intent), str(spoken), str(text)) for intent, spoken, text in stated["examples"]]
        return cls(examples, int(stated["last"]), Counter(stated["left_out"]))


def read(config: Settings, root: Path = ROOT) -> Learned:
    """The examples of the database; none where it has no such table yet."""
    made = engine(config.database)
    try:
        with made.connect() as connection:
            if not inspect(connection).has_table(LearnedExample.__tablename__):
                return Learned()
            rows = connection.execute(
                select(LearnedExample.id, LearnedExample.text, LearnedExample.language, LearnedExample.intent)
                .where(LearnedExample.removed_at.is_(None))
                .order_by(LearnedExample.id)
            ).all()
            tested = {
                folded(text)
                for text in connection.scalars(select(HeldOut.text).where(HeldOut.removed_at.is_(None)))
            }
    finally:
        made.dispose()
    return _chosen(rows, tested, root)


def _chosen(rows: Sequence[Any], tested: set[str], root: Path) -> Learned:
    asked = {folded(text) for text in project_tests(root)}
    intents = set(data.read_yaml(root / "nlu_data" / "intents.yml") or {})
    languages = {path.name for path in (root / "nlu_data").glob("[a-z][a-z]") if path.is_dir()}
    found = Learned(last=max((row.id for row in rows), default=0))
    for row in rows:
        key, text = folded(row.text), " ".join(row.text.split())
        why = (
            ("held_out" if key in tested else "")
            or ("project_held_out" if key in asked else "")
            or ("intent" if row.intent not in intents else "")
            or ("language" if row.language not in languages else "")
        )
        if why or not key:
            found.left_out[why or "empty"] += 1
        else:
            found.examples.append((row.intent, row.language, text))
    return found


def project_tests(root: Path = ROOT) -> Iterator[str]:
    """The project's own held-out sentences; none where a deployment has no tests/."""
    for path in sorted((root / "tests" / "nlu").glob("[a-z][a-z]/*.yml")):
        for entry in (data.read_yaml(path) or {}).get("sentences") or []:
            if isinstance(entry, dict) and isinstance(entry.get("text"), str):
                yield entry["text"]


def joined(authored: Sequence[Known], learned: Sequence[Known]) -> list[Known]:
    """Both, each sentence once. What staff decided about a text counts more than what stands in the files."""
    known: dict[str, str] = {}
    decided = {folded(text): intent for intent, _, text in learned}
    kept = []
    for intent, language, text in authored:
        key = folded(text)
        if decided.get(key, intent) == intent:
            kept.append((intent, language, text))
            known.setdefault(key, intent)
    return kept + [one for one in learned if folded(one[2]) not in known]


def current() -> list[Known]:
    """The examples of the training that this process belongs to."""
    path = os.environ.get(EXAMPLES)
    if not path:
        return []
    return Learned.from_dict(json.loads(Path(path).read_text(encoding="utf-8"))).examples


@contextmanager
def copied(learned: Learned) -> Iterator[Path]:
    """Has this process and those that it starts learn these examples."""
    before = os.environ.get(EXAMPLES)
    with tempfile.TemporaryDirectory(prefix="troly-learned-") as folder:
        path = Path(folder) / "learned.json"
        path.write_text(json.dumps(learned.to_dict(), ensure_ascii=False), encoding="utf-8")
        os.environ[EXAMPLES] = str(path)
        try:
            yield path
        finally:
            os.environ.pop(EXAMPLES, None)
            if before is not None:
                os.environ[EXAMPLES] = before
