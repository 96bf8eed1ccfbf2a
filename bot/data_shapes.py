"""Checks the files of nlu_data/ that hold no sentences: intents, languages, names, siblings, words."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from bot.data_check import ASPECTS, Tree, comparable, quote

_LONGEST_LABEL = 60
_NAME = re.compile(r"[a-z][a-z_]*")
_LANGUAGE = re.compile(r"[a-z]{2}")


def check_intents(tree: Tree) -> None:
    """intents.yml: name -> needs_procedure, definition, borderline, aspect where it has one."""
    path = tree.project / "nlu_data" / "intents.yml"
    aspects: dict[str, str] = {}
    for name, about in tree.read(path, dict).items():
        if not isinstance(name, str) or not _NAME.fullmatch(name) or not isinstance(about, dict):
            tree.fault(path, f"{name}: an intent is name: {{definition, needs_procedure, borderline}}")
            continue
        tree.intents[name] = about
        for key in sorted(about.keys() - {"aspect", "needs_procedure", "definition", "borderline"}, key=str):
            tree.fault(path, f"{name}: unknown key {key}")
        if not isinstance(about.get("needs_procedure"), bool):
            tree.fault(path, f"{name}: needs_procedure must be true or false")
        tree.text(about.get("definition"), path, f"{name}: definition")
        tree.texts(path, about.get("borderline", []), f"{name}: borderline")
        if "aspect" in about:
            aspect = about["aspect"]
            if aspect not in ASPECTS:
                tree.fault(path, f"{name}: aspect must be one of {', '.join(ASPECTS)}, not {aspect}")
            elif aspect in aspects:
                tree.fault(path, f"{name}: aspect {aspect} already belongs to {aspects[aspect]}")
            aspects.setdefault(str(aspect), name)


def check_languages(tree: Tree) -> None:
    """languages.yml: code -> its names, whether answers exist, the words that ask for it and speak for it."""
    path = tree.project / "nlu_data" / "languages.yml"
    content = tree.read(path, dict)
    listed = content.get("languages", content)
    if not isinstance(listed, dict):
        tree.fault(path, "languages must be a mapping of codes")
        return
    asked: dict[str, str] = {}
    for code, about in listed.items():
        if not isinstance(code, str) or not _LANGUAGE.fullmatch(code) or not isinstance(about, dict):
            tree.fault(path, f"{code}: a language is a code of two letters (in quotes) with a mapping")
            continue
        tree.languages[code] = about
        for key in ("name", "name_vi", "name_en"):
            tree.text(about.get(key), path, f"{code}: {key}")
        if not isinstance(about.get("answers"), bool):
            tree.fault(path, f"{code}: answers must be true or false")
        for word in tree.texts(path, about.get("ask"), f"{code}: ask"):
            if word.lower() != word:
                tree.fault(path, f"{code}: ask: must be lower case: {quote(word)}")
            if asked.setdefault(word, code) != code:
                tree.fault(path, f"{code}: ask: {quote(word)} already asks for {asked[word]}")
        for key in ("hint_words", "neutral_words", "borrowed", "greetings", "loans"):
            words = tree.texts(path, about.get(key, []), f"{code}: {key}")
            for word in sorted({word for word in words if words.count(word) > 1}):
                tree.fault(path, f"{code}: {key}: {quote(word)} stands twice")
    for code in ("vi", "en"):
        if code not in tree.languages:
            tree.fault(path, f"lacks {code}")


def check_procedures(tree: Tree) -> None:
    """procedures.yml: everyday names for procedures; titles_en.yml: code -> English title."""
    path = tree.project / "nlu_data" / "procedures.yml"
    for number, entry in enumerate(tree.read(path, list), 1):
        if not isinstance(entry, dict) or "code" not in entry:
            tree.fault(path, f"entry {number}: needs a code: {quote(entry)}")
            continue
        code = entry["code"]
        tree.code(path, code)
        if str(code) in tree.named:
            tree.fault(path, f"{code}: stands twice")
        tree.named.add(str(code))
        if not set(entry) - {"code", "seldom"}:
            tree.fault(path, f"{code}: has no names")
        if entry.get("seldom", True) is not True:
            tree.fault(path, f"{code}: seldom: is true, or not there")
        for language, names in entry.items():
            if language in ("code", "seldom"):
                continue
            if language not in tree.languages:
                tree.fault(path, f"{code}: unknown language {language} (not in nlu_data/languages.yml)")
            _no_repeats(tree, path, tree.texts(path, names, f"{code}: {language}"), f"{code}: {language}")
    titles = tree.project / "nlu_data" / "titles_en.yml"
    for code, title in tree.read(titles, dict, optional=True).items():
        tree.code(titles, code)
        tree.text(title, titles, str(code))


def check_siblings(tree: Tree) -> None:
    """siblings.yml: groups of procedures that citizens confuse, and the question that tells them apart."""
    path = tree.project / "nlu_data" / "siblings.yml"
    seen = set()
    for number, group in enumerate(tree.read(path, list, optional=True), 1):
        if not isinstance(group, dict) or set(group) != {"id", "question", "options"}:
            tree.fault(path, f"group {number}: must have id, question and options, nothing else")
            continue
        name = str(group["id"])
        if name in seen:
            tree.fault(path, f"{name}: the id stands twice")
        seen.add(name)
        _both_languages(tree, path, group["question"], f"{name}: question")
        options = group["options"] if isinstance(group["options"], list) else []
        if not 2 <= len(options) <= 5:
            tree.fault(path, f"{name}: needs 2 to 5 options, has {len(options)}")
        for option in options:
            _check_option(tree, path, name, option)
        codes = [str(option.get("code")) for option in options if isinstance(option, dict)]
        for code in sorted({code for code in codes if codes.count(code) > 1}):
            tree.fault(path, f"{name}: {code} stands twice")


def check_follow_ups(tree: Tree, learned: dict[str, str]) -> None:
    """follow_ups.yml: further messages that go on with a procedure, and idle ones; adds them to `learned`."""
    path = tree.project / "nlu_data" / "follow_ups.yml"
    for language, kinds in tree.read(path, dict, optional=True).items():
        if not isinstance(kinds, dict) or set(kinds) != {"follows", "idle"}:
            tree.fault(path, f"{language}: must have follows and idle, nothing else")
            continue
        if language not in tree.languages:
            tree.fault(path, f"unknown language {language} (not in nlu_data/languages.yml)")
        for kind, values in kinds.items():
            for text in tree.texts(path, values, f"{language}: {kind}"):
                if (where := learned.get(comparable(text))) is not None:
                    tree.fault(path, f"{quote(text)} stands in {where} too (compared without accents)")
                learned.setdefault(comparable(text), path.relative_to(tree.project).as_posix())


def _check_option(tree: Tree, path: Path, group: str, option: Any) -> None:
    if not isinstance(option, dict) or set(option) != {"code", "vi", "en"}:
        tree.fault(path, f"{group}: an option is {{code, vi, en}}, not {quote(option)}")
        return
    code = option["code"]
    if tree.code(path, code, group) and tree.known_codes is None and code not in tree.named:
        tree.fault(path, f"{group}: {code} is not in nlu_data/procedures.yml")
    labels = {language: option[language] for language in ("vi", "en")}
    _both_languages(tree, path, labels, f"{group}: {code}")
    for label in labels.values():
        if isinstance(label, str) and len(label) > _LONGEST_LABEL:
            tree.fault(path, f"{group}: {code}: longer than {_LONGEST_LABEL} characters: {quote(label)}")


def _both_languages(tree: Tree, path: Path, texts: Any, where: str) -> None:
    if not isinstance(texts, dict) or set(texts) != {"vi", "en"}:
        tree.fault(path, f"{where}: needs vi and en, nothing else")
        return
    for language, text in texts.items():
        tree.text(text, path, f"{where}: {language}")


def check_words(tree: Tree) -> None:
    """synonyms.yml, teencode.yml and carriers.yml."""
    _check_synonyms(tree, tree.project / "nlu_data" / "synonyms.yml")
    _check_teencode(tree, tree.project / "nlu_data" / "teencode.yml")
    path = tree.project / "nlu_data" / "carriers.yml"
    for section, kinds in tree.read(path, dict, optional=True).items():
        known = section in tree.languages or section in ("variants", "topic", "elsewhere")
        if not known or not isinstance(kinds, dict):
            tree.fault(
                path,
                f"{section}: must be a known language, variants, topic or elsewhere, "
                "with a mapping of word lists",
            )
            continue
        for kind, words in kinds.items():
            tree.texts(path, words, f"{section}: {kind}")


def _check_synonyms(tree: Tree, path: Path) -> None:
    said: dict[tuple[str, str], int] = {}
    for number, entry in enumerate(tree.read(path, list, optional=True), 1):
        if not isinstance(entry, dict) or set(entry) - {"language"} != {"say", "official"}:
            tree.fault(path, f"entry {number}: must be {{say, official}}: {quote(entry)}")
            continue
        language = str(entry.get("language", "vi"))
        if language not in ("vi", "en"):
            tree.fault(path, f"entry {number}: language must be vi or en")
        for word in tree.texts(path, entry["say"], f"entry {number}: say"):
            if (before := said.setdefault((language, word.lower()), number)) != number:
                tree.fault(path, f"entry {number}: {quote(word)} is also said in entry {before}")
        tree.texts(path, entry["official"], f"entry {number}: official")
        for side in ("say", "official"):
            if entry[side] == []:
                tree.fault(path, f"entry {number}: {side} is empty")


def _check_teencode(tree: Tree, path: Path) -> None:
    content = tree.read(path, dict, optional=True)
    for key in sorted(content.keys() - {"entries", "ambiguous"}, key=str):
        tree.fault(path, f"unknown key {key}")
    entries, ambiguous = content.get("entries") or {}, content.get("ambiguous") or []
    if not isinstance(entries, dict) or not isinstance(ambiguous, list):
        tree.fault(path, "entries must be a mapping, ambiguous a list")
        return
    for token, meaning in entries.items():
        if tree.text(token, path, "entries") and (token.lower() != token or " " in token):
            tree.fault(path, f"{quote(token)}: a short form is one word in lower case")
        tree.text(meaning, path, f"{token}")
    for reading in ambiguous:
        if not isinstance(reading, dict) or not set(reading) <= {"token", "meaning", "before", "after"}:
            tree.fault(path, f"a reading is {{token, meaning, before, after}}, not {quote(reading)}")
            continue
        token = reading.get("token")
        tree.text(token, path, "ambiguous")
        tree.text(reading.get("meaning"), path, f"{token}")
        for side in ("before", "after"):
            tree.texts(path, reading.get(side, []), f"{token}: {side}")
        if token in entries:
            tree.fault(path, f"{quote(token)} is in entries and in ambiguous")


def _no_repeats(tree: Tree, path: Path, texts: list[str], where: str) -> None:
    seen: dict[str, str] = {}
    for text in texts:
        key = comparable(text)
        if key in seen:
            tree.fault(path, f"{where}: {quote(text)} repeats {quote(seen[key])}")
        seen.setdefault(key, text)
