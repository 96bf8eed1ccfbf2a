"""`troly data export`: what staff taught becomes lines of nlu_data/, to be reviewed and committed with git.

Files are not written anew: lines are added at the end of a list, or of a procedure's names, so that
comments, order and quoting of everything else stay. What stands in the files already is left out, and a
training counts it once (bot/learned_examples.py).
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import inspect, select

from bot import learned_examples
from bot.understanding import data
from troly.database import engine
from troly.learning import folded
from troly.settings import Settings
from troly.tables.learning import HeldOut, LearnedName

_MASK = re.compile(r"\[[a-z_]+\]")
_CODE = re.compile(r'^- code: "?([\w.]+)"?\s*(?:#.*)?$')
_LIST = re.compile(r"^  ([a-z]{2}): \[(.*)\](\s*(?:#.*)?)$")


@dataclass(frozen=True, slots=True)
class Name:
    """What citizens call a procedure."""

    code: str
    language: str
    name: str


@dataclass(slots=True)
class Export:
    """What was written, and what a person has to decide."""

    sentences: dict[Path, list[str]] = field(default_factory=dict)
    names: list[Name] = field(default_factory=list)
    known: int = 0
    """Stood in the files already."""
    undecided: list[str] = field(default_factory=list)
    """`what: why` of what was not written."""


def export(config: Settings, project: Path) -> Export:
    """Write all accepted examples and names that nlu_data/ lacks. Raises DataError for unreadable files."""
    done = Export()
    learned = learned_examples.read(config, project)
    done.undecided += [f"{number} examples: {why}" for why, number in sorted(learned.left_out.items())]
    _sentences(project / "nlu_data", learned.examples, done)
    _names(project / "nlu_data", list(_taught_names(config)), done)
    return done


def _sentences(root: Path, examples: Sequence[learned_examples.Known], done: Export) -> None:
    there = {folded(one.text): one.intent for one in data.sentences(root)}
    adding: dict[Path, list[str]] = defaultdict(list)
    for intent, language, text in examples:
        key, path = folded(text), root / language / f"{intent}.yml"
        if there.get(key) == intent:
            done.known += 1
        elif key in there:
            done.undecided.append(f"{path.relative_to(root)}: {_quoted(text)} stands in {there[key]} as well")
        elif _MASK.search(text):
            done.undecided.append(f"{path.relative_to(root)}: {_quoted(text)} has a masked place: reword it")
        elif not path.is_file():
            done.undecided.append(f"{path.relative_to(root)}: there is no such file")
        else:
            adding[path].append(text)
            there[key] = intent
    for path, texts in adding.items():
        _append(path, texts)
        done.sentences[path] = texts


def _append(path: Path, texts: Sequence[str]) -> None:
    """Add sentences after the last one; whatever follows the list, such as a comment, stays behind them."""
    lines = path.read_text(encoding="utf-8").split("\n")
    items = [number for number, line in enumerate(lines) if re.match(r"\s*- ", line)]
    at = items[-1] + 1 if items else len(lines)
    # A sentence that goes on in the next line is indented deeper.
    indent = re.match(r"\s*", lines[items[-1]])[0] if items else "  "  # type: ignore[index]
    while items and at < len(lines) and lines[at].strip() and lines[at].startswith(indent + " "):
        at += 1
    lines[at:at] = [f"{indent}- {_quoted(text)}" for text in texts]
    path.write_text("\n".join(lines), encoding="utf-8")


def _taught_names(config: Settings) -> Iterator[Name]:
    made = engine(config.database)
    try:
        with made.connect() as connection:
            if not inspect(connection).has_table(LearnedName.__tablename__):
                return
            tested = {
                folded(text)
                for text in connection.scalars(select(HeldOut.text).where(HeldOut.removed_at.is_(None)))
            }
            rows = connection.execute(
                select(LearnedName.procedure_code, LearnedName.language, LearnedName.name)
                .where(LearnedName.removed_at.is_(None))
                .order_by(LearnedName.id)
            ).all()
    finally:
        made.dispose()
    for row in rows:
        if folded(row.name) not in tested:
            yield Name(row.procedure_code, row.language, " ".join(row.name.split()))


def _names(root: Path, taught: Sequence[Name], done: Export) -> None:
    path = root / "procedures.yml"
    there = {
        (code, folded(name))
        for code, languages in data.citizens_names(root).items()
        for names in languages.values()
        for name in names
    }
    lines = path.read_text(encoding="utf-8").split("\n")
    for one in taught:
        if (one.code, folded(one.name)) in there:
            done.known += 1
            continue
        if one.language not in data.CITIZENS or _MASK.search(one.name):
            done.undecided.append(
                f"procedures.yml: {one.code}: {_quoted(one.name)}: language or masked place"
            )
            continue
        if not _insert(lines, one):
            done.undecided.append(
                f"procedures.yml: {one.code}: {_quoted(one.name)}: its list is not one line"
            )
            continue
        there.add((one.code, folded(one.name)))
        done.names.append(one)
    if done.names:
        path.write_text("\n".join(lines), encoding="utf-8")


def _insert(lines: list[str], one: Name) -> bool:
    """Add a name to its procedure's list; a procedure that is not there comes at the file's end."""
    start = next((n for n, line in enumerate(lines) if (m := _CODE.match(line)) and m[1] == one.code), None)
    if start is None:
        while lines and not lines[-1].strip():
            lines.pop()
        lines += [f'- code: "{one.code}"', f"  {one.language}: [{_quoted(one.name)}]", ""]
        return True
    at = start + 1
    last = start
    while at < len(lines) and lines[at].startswith("  "):
        found = _LIST.match(lines[at])
        if found and found[1] == one.language:
            inside = f"{found[2].rstrip()}, " if found[2].strip() else ""
            lines[at] = f"  {one.language}: [{inside}{_quoted(one.name)}]{found[3]}"
            return True
        if re.match(rf"  {one.language}:", lines[at]):
            return False
        last, at = at, at + 1
    lines.insert(last + 1, f"  {one.language}: [{_quoted(one.name)}]")
    return True


def _quoted(text: str) -> str:
    """A double-quoted YAML text; JSON's quoting is a part of YAML's."""
    return json.dumps(text, ensure_ascii=False)
