"""Reads nlu_data/: sentences, citizens' names for procedures, short forms, languages, synonyms."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from bot.understanding.borrowed import Borrowed
from bot.understanding.errors import DataError
from bot.understanding.normalize import Meaning
from bot.understanding.parsed_files import parse
from troly.text import fold

CJK_LANGUAGES = ("zh", "ko", "ja")
CITIZENS = ("vi", "en", *CJK_LANGUAGES)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One training sentence."""

    text: str
    intent: str
    language: str


def read_yaml(path: Path) -> Any:
    """The file's content, or None where there is no such file. Raises DataError naming file and place."""
    if not path.is_file():
        return None
    about = path.stat()
    return pickle.loads(_parsed(path, about.st_mtime_ns, about.st_size))  # noqa: S301 - made right here


@lru_cache(maxsize=256)
def _parsed(path: Path, _changed: int, _size: int) -> bytes:
    """The file's content, pickled: a training asks for procedures.yml eight times, and each may change its
    own. Raises DataError.
    """
    return pickle.dumps(parse(path))


def sentences(root: Path) -> Iterator[Sentence]:
    """All sentences of nlu_data/<language>/<intent>.yml, in a stable order."""
    for path in sorted(root.glob("[a-z][a-z]/*.yml")):
        content = read_yaml(path)
        if not isinstance(content, dict) or not isinstance(content.get("sentences"), list):
            raise DataError(f"{path}: needs language, intent and a list of sentences")
        for sentence in content["sentences"]:
            text = sentence.get("text") if isinstance(sentence, dict) else sentence
            if not isinstance(text, str) or not text.strip():
                raise DataError(f"{path}: an empty sentence, or one that is not text: {sentence!r}")
            yield Sentence(" ".join(text.split()), path.stem, path.parent.name)


def citizens_names(root: Path) -> dict[str, dict[str, list[str]]]:
    """code -> language -> everyday names, from procedures.yml."""
    names: dict[str, dict[str, list[str]]] = {}
    for entry in read_yaml(root / "procedures.yml") or []:
        if not isinstance(entry, dict) or "code" not in entry:
            raise DataError(f"{root / 'procedures.yml'}: an entry without code: {str(entry)[:60]}")
        languages = names.setdefault(str(entry["code"]), {})
        for language in CITIZENS:
            languages.setdefault(language, []).extend(str(name) for name in entry.get(language) or [])
    return names


def seldom_needed(root: Path) -> frozenset[str]:
    """The codes that procedures.yml calls seldom needed: they are found by their names, but what messages are
    usually about is learned from the others."""
    entries = read_yaml(root / "procedures.yml") or []
    return frozenset(str(entry["code"]) for entry in entries if entry.get("seldom"))


def follow_ups(root: Path) -> list[tuple[str, bool]]:
    """Further messages of a conversation, and whether each goes on with a procedure, from follow_ups.yml."""
    content = read_yaml(root / "follow_ups.yml") or {}
    return [
        (str(text), kind == "follows")
        for kinds in content.values()
        for kind in ("follows", "idle")
        for text in kinds.get(kind) or []
    ]


def english_titles(root: Path) -> dict[str, str]:
    """code -> English title, from titles_en.yml."""
    return {
        str(code): str(title) for code, title in (read_yaml(root / "titles_en.yml") or {}).items() if title
    }


def short_forms(root: Path) -> tuple[dict[str, str], dict[str, list[Meaning]]]:
    """teencode.yml: what always means one thing, and what its neighbours decide."""
    content = read_yaml(root / "teencode.yml") or {}
    plain = {str(short).lower(): str(meaning) for short, meaning in (content.get("entries") or {}).items()}
    ambiguous: dict[str, list[Meaning]] = {}
    for entry in content.get("ambiguous") or []:
        before, after = (
            frozenset(fold(str(word)) for word in entry.get(side) or []) for side in ("before", "after")
        )
        readings = ambiguous.setdefault(str(entry["token"]).lower(), [])
        readings.append(Meaning(str(entry["meaning"]), before, after))
    return plain, ambiguous


def languages(root: Path) -> dict[str, dict[str, Any]]:
    """languages.yml: code -> what is said about the language."""
    content = read_yaml(root / "languages.yml") or {}
    return dict(content.get("languages", content))


def hint_words(root: Path, language: str) -> frozenset[str]:
    """Frequent words that speak for a language, from languages.yml."""
    return frozenset(str(word).lower() for word in languages(root).get(language, {}).get("hint_words") or [])


def neutral_words(root: Path) -> frozenset[str]:
    """Words that every language uses ("ok", "visa"), from languages.yml."""
    return frozenset(word for about in languages(root).values() for word in about.get("neutral_words") or [])


def borrowed(root: Path) -> Borrowed:
    """What foreigners say in Vietnamese and Vietnamese in English, from languages.yml and places.yml."""
    known = languages(root)
    vietnamese, english = known.get("vi", {}), known.get("en", {})
    names = [*(vietnamese.get("borrowed") or []), *map(str, read_yaml(root / "places.yml") or [])]
    return Borrowed.of(names, vietnamese.get("greetings") or [], english.get("loans") or [])


def fingerprint(root: Path, *parts: str) -> str:
    """Changes when one of the named files or folders of nlu_data/ does (all of it where none is named)."""
    digest = hashlib.sha256()
    paths = [root / part for part in parts] or [root]
    for path in paths:
        files = sorted(path.rglob("*.yml")) if path.is_dir() else [path] if path.is_file() else []
        for file in files:
            digest.update(f"{file.relative_to(root)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()
