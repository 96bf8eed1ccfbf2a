"""Writes the stubs of a new intent or a new language, and says what is left to fill in."""

from __future__ import annotations

import re
from pathlib import Path

from bot.understanding.data import languages, read_yaml
from bot.understanding.errors import DataError

_INTENT = re.compile(r"[a-z][a-z_]{2,40}")
_LANGUAGE = re.compile(r"[a-z]{2}")

_SENTENCES = """\
# {instruction}
# As people write: short and long, over many procedures, with and without politeness. One a line, in quotes.
# `troly data check` counts them and finds repetitions; unaccented and noisy copies are made in training.
language: {language}
intent: {intent}
sentences: []
"""
_HELD_OUT = """\
# Sentences that measure and never train: none may repeat nlu_data/, also without accents. One a line:
#   - {{text: "…", variant: {variants}, procedures: []}}
# procedures: every code that is an acceptable answer; [] where none is needed.
language: {language}
intent: {intent}
sentences: []
"""
_INTENT_ENTRY = """\
{name}:
  needs_procedure: false
  definition: "To be written: what the citizen wants, in one sentence."
  borderline:
    - "To be written: what looks alike and belongs to another intent, and which."
"""
_LANGUAGE_ENTRY = """\
  {code}:
    name: {code}
    name_vi: {code}
    name_en: {code}
    answers: false
    ask: []
"""
_RESPONSES_HEAD = """\
# To be translated into {code}: every text and button title. Names of responses, {{places}} and payloads stay.
# Plain words, short sentences, polite. A copy of en.yml until then.

"""


def add_intent(project: Path, name: str) -> list[str]:
    """Write the files of a new intent; the lines say what was written and what is to be done.

    Raises DataError, before anything is written, for a name that is none or is taken.
    """
    if not _INTENT.fullmatch(name):
        raise DataError(f"{name}: an intent's name is lower-case words joined by _, such as ask_fee")
    overview = project / "nlu_data" / "intents.yml"
    stubs = {
        path: content
        for language in _written(project)
        for path, content in _intent_stubs(
            project, language, name, "What citizens write who mean this."
        ).items()
    }
    if name in (read_yaml(overview) or {}):
        raise DataError(f"nlu_data/intents.yml: there is an intent {name} already")
    _write(project, stubs)
    _append(overview, _INTENT_ENTRY.format(name=name))
    return [
        *(f"wrote {path.relative_to(project)}" for path in stubs),
        f"added {name} to nlu_data/intents.yml",
        "To do: its definition and borders in nlu_data/intents.yml; sentences in each of these files;",
        f"a rule in bot/rules/ and a response utter_{name} in bot/responses/.",
        "Then: troly data check && troly train",
    ]


def add_language(project: Path, code: str) -> list[str]:
    """Write the files of a new language; the lines say what was written and what is to be done.

    A language that is already recognised but has no answers (answers: false) keeps its entry in
    languages.yml and gets the files. Raises DataError, before anything is written, for a code that is none
    or is complete.
    """
    if not _LANGUAGE.fullmatch(code):
        raise DataError(f"{code}: a language is a code of two letters (ISO 639-1), such as fr")
    data = project / "nlu_data"
    known = languages(data)
    stubs = {
        path: content
        for intent in read_yaml(data / "intents.yml") or {}
        for path, content in _intent_stubs(project, code, intent, f"In the language {code}.").items()
    }
    english = project / "bot" / "responses" / "en.yml"
    responses = english.with_name(f"{code}.yml")
    stubs[responses] = _RESPONSES_HEAD.format(code=code) + english.read_text(encoding="utf-8")
    _write(project, stubs)
    lines = [f"wrote {len(stubs) - 1} files in nlu_data/{code}/ and tests/nlu/{code}/"]
    if code not in known:
        _append(data / "languages.yml", _LANGUAGE_ENTRY.format(code=_scalar(code)))
        lines.append(f"added {code} to nlu_data/languages.yml")
    return [
        *lines,
        f"wrote {responses.relative_to(project)}, a copy of en.yml",
        f"To do: its names and the words that ask for it in nlu_data/languages.yml; names under {code}: in",
        f"nlu_data/procedures.yml; sentences in nlu_data/{code}/ and tests/nlu/{code}/; the texts of",
        f"bot/responses/{code}.yml. When all is there, set answers: true in languages.yml: from then on",
        "troly data check asks for the full number of sentences.",
    ]


def _scalar(code: str) -> str:
    """The code as YAML: Norwegian must be "no" in quotes, or it is a false."""
    return f'"{code}"' if code in ("no", "on") else code


def _written(project: Path) -> list[str]:
    """The languages that have sentences of their own."""
    folders = sorted(path for path in (project / "nlu_data").iterdir() if path.is_dir())
    return [path.name for path in folders if _LANGUAGE.fullmatch(path.name)]


def _intent_stubs(project: Path, language: str, intent: str, instruction: str) -> dict[Path, str]:
    variants = "accented|unaccented|teencode|typo|mixed" if language == "vi" else "plain|typo|mixed"
    return {
        project / "nlu_data" / language / f"{intent}.yml": _SENTENCES.format(
            instruction=instruction, language=_scalar(language), intent=intent
        ),
        project / "tests" / "nlu" / language / f"{intent}.yml": _HELD_OUT.format(
            variants=variants, language=_scalar(language), intent=intent
        ),
    }


def _write(project: Path, stubs: dict[Path, str]) -> None:
    for path in stubs:
        if path.exists():
            raise DataError(f"{path.relative_to(project)}: exists already; nothing was written")
    for path, content in stubs.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def _append(path: Path, text: str) -> None:
    """Add to the end as text, so that the comments above stay."""
    before = path.read_text(encoding="utf-8")
    path.write_text(before.rstrip("\n") + "\n" + text, encoding="utf-8")
