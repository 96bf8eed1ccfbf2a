"""Checks the files that editors write for the services: guides, life events, categories (actions/data/)."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Any

from bot.data_check import Tree, comparable, quote
from troly.text import fold

_LANGUAGES = ("vi", "en")
_STEPS = range(2, 13)
_FEWEST_NAMES = 4
_ID = re.compile(r"[a-z][a-z0-9_]*")
_CATEGORY = re.compile(r"[a-z]{2,20}")
_GUIDE = {"title", "common", "needs", "names", "steps", "stuck", "source"}
_EVENT = {
    "title", "button", "common", "offered_with", "names", "remark", "questions", "procedures", "source",
}  # fmt: skip


def check_guides(tree: Tree) -> None:
    """actions/data/guides/<id>.yml: title, needs, names, steps with hints, stuck, source."""
    named: dict[str, str] = {}
    for path in sorted((tree.project / "actions" / "data" / "guides").glob("*.yml")):
        content = tree.read(path, dict)
        if not content:
            continue
        _keys(tree, path, content, _GUIDE)
        for key in ("title", "needs", "stuck"):
            _both(tree, path, content.get(key), key)
        _names(tree, path, content, named)
        _source(tree, path, content.get("source"))
        steps = content.get("steps")
        if not isinstance(steps, list) or len(steps) not in _STEPS:
            tree.fault(path, f"steps: a list of {_STEPS.start} to {_STEPS.stop - 1}")
            continue
        for number, step in enumerate(steps, 1):
            _both(tree, path, step, f"step {number}", {"stuck"})
            if isinstance(step, dict) and "stuck" in step:
                _both(tree, path, step["stuck"], f"step {number}, stuck")


def check_life_events(tree: Tree) -> None:
    """actions/data/life_events/<id>.yml: title, names, questions with options, procedures with when."""
    named: dict[str, str] = {}
    for path in sorted((tree.project / "actions" / "data" / "life_events").glob("*.yml")):
        content = tree.read(path, dict)
        if not content:
            continue
        _keys(tree, path, content, _EVENT)
        for key in ("title", "button", *(["remark"] if "remark" in content else [])):
            _both(tree, path, content.get(key), key)
        _names(tree, path, content, named)
        _source(tree, path, content.get("source"))
        for code in _list(tree, path, content.get("offered_with", []), "offered_with"):
            tree.code(path, code, "offered_with")
        known = _questions(tree, path, content.get("questions"))
        for number, item in enumerate(_list(tree, path, content.get("procedures"), "procedures"), 1):
            _procedure(tree, path, item, f"procedure {number}", known)


def check_report_categories(tree: Tree) -> None:
    """actions/data/report_categories.yml: id, name in both languages, words without marks; one is "other"."""
    path = tree.project / "actions" / "data" / "report_categories.yml"
    seen: dict[str, str] = {}
    ids: list[str] = []
    for number, item in enumerate(tree.read(path, list, optional=True), 1):
        if not isinstance(item, dict) or not _CATEGORY.fullmatch(str(item.get("id") or "")):
            tree.fault(path, f"entry {number}: needs an id of at most 20 small letters")
            continue
        identity = str(item["id"])
        _keys(tree, path, item, {"id", "name", "words"})
        _both(tree, path, item.get("name"), f"{identity}, name")
        for word in tree.texts(path, item.get("words"), f"{identity}, words"):
            if word != fold(word):
                tree.fault(path, f"{identity}: {quote(word)} must be without marks, in small letters")
            if word in seen:
                tree.fault(path, f"{identity}: {quote(word)} is also in {seen[word]}")
            seen[word] = identity
        if identity in ids:
            tree.fault(path, f"{identity}: twice")
        ids.append(identity)
    if ids and "other" not in ids:
        tree.fault(path, 'needs a category "other", for what fits none')


def _questions(tree: Tree, path: Path, raw: Any) -> dict[str, set[str]]:
    """Question -> its options; notes what is wrong with them."""
    known: dict[str, set[str]] = {}
    for number, asked in enumerate(_list(tree, path, raw, "questions"), 1):
        where = f"question {number}"
        if not isinstance(asked, dict) or not _ID.fullmatch(str(asked.get("id") or "")):
            tree.fault(path, f"{where}: needs an id of small letters")
            continue
        _both(tree, path, asked.get("ask"), where)
        _conditions(tree, path, asked.get("only") or {}, f"{where}, only", known)
        options: set[str] = set()
        for option in _list(tree, path, asked.get("options"), f"{where}, options"):
            _both(tree, path, option, f"{where}, option", {"id", "means", "also"})
            name = option.get("id") if isinstance(option, dict) else None
            if isinstance(option, dict) and option.get("means", "yes") not in ("yes", "no"):
                tree.fault(path, f'{where}: means is "yes" or "no", in quotes: {quote(option["means"])}')
            # "yes" and "no" without quotes are no texts in YAML.
            if not isinstance(name, str) or not _ID.fullmatch(name) or name in options:
                tree.fault(path, f"{where}: an option needs an id of its own, a text: {quote(name)}")
            else:
                options.add(name)
        if len(options) < 2:
            tree.fault(path, f"{where}: needs at least two options")
        known[asked["id"]] = options
    if not 1 <= len(known) <= 4:
        tree.fault(path, f"{len(known)} questions; ask 1 to 4")
    return known


def _procedure(tree: Tree, path: Path, item: Any, where: str, known: dict[str, set[str]]) -> None:
    if not isinstance(item, dict):
        tree.fault(path, f"{where}: must be a mapping")
        return
    for key in sorted(item.keys() - {"code", "title", "linked", "note", "when", "cases"}, key=str):
        tree.fault(path, f"{where}: unknown key {key}")
    tree.code(path, item.get("code"), where)
    _both(tree, path, item.get("title"), where)
    if "note" in item:
        _both(tree, path, item["note"], f"{where}, note")
    for given in _list(tree, path, item.get("when", []), f"{where}, when"):
        _conditions(tree, path, given, f"{where}, when", known)
    for question, options in (item.get("cases") or {}).items():
        _conditions(tree, path, {question: list(options)}, f"{where}, cases", known)


def _conditions(tree: Tree, path: Path, given: Any, where: str, known: dict[str, set[str]]) -> None:
    if not isinstance(given, dict):
        tree.fault(path, f"{where}: must be question: [options]")
        return
    for question, options in given.items():
        if question not in known:
            tree.fault(path, f"{where}: no question {quote(question)} before it")
        elif not isinstance(options, list) or set(map(str, options)) - known[question]:
            tree.fault(path, f"{where}: {question} has no option {quote(options)}")


def _keys(tree: Tree, path: Path, content: dict[str, Any], known: set[str]) -> None:
    for key in sorted(content.keys() - known, key=str):
        tree.fault(path, f"unknown key {key}")


def _both(
    tree: Tree, path: Path, text: Any, where: str, also: frozenset[str] | set[str] = frozenset()
) -> None:
    if not isinstance(text, dict):
        tree.fault(path, f"{where}: needs vi and en")
        return
    for language in _LANGUAGES:
        tree.text(text.get(language), path, f"{where}, {language}")
    for key in sorted(text.keys() - set(_LANGUAGES) - also, key=str):
        tree.fault(path, f"{where}: unknown key {key}")


def _names(tree: Tree, path: Path, content: dict[str, Any], named: dict[str, str]) -> None:
    names = tree.texts(path, content.get("names"), "names")
    if len(names) < _FEWEST_NAMES:
        tree.fault(path, f"names: at least {_FEWEST_NAMES} ways in which people say it")
    for name in names:
        key = comparable(name)
        if key in named:
            tree.fault(path, f"names: {quote(name)} also stands in {named[key]} (compared without accents)")
        named.setdefault(key, path.name)


def _source(tree: Tree, path: Path, source: Any) -> None:
    if not isinstance(source, dict) or not tree.text(source.get("title"), path, "source, title"):
        tree.fault(path, "source: needs title, url (may be empty) and as_of")
        return
    try:
        datetime.date.fromisoformat(str(source.get("as_of")))
    except ValueError:
        tree.fault(
            path, f"source: as_of is the day of the last check, 2026-11-22: {quote(source.get('as_of'))}"
        )
    url = source.get("url")
    if url and not str(url).startswith("https://"):
        tree.fault(path, f"source: url must begin with https:// or be empty: {quote(url)}")


def _list(tree: Tree, path: Path, value: Any, where: str) -> list[Any]:
    if isinstance(value, list):
        return value
    tree.fault(path, f"{where}: must be a list")
    return []
