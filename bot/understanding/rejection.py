"""What is no message at all: mashed keys, code, single signs; and the emoji that do mean something."""

from __future__ import annotations

import re

from bot.understanding.syllables import vietnamese_shaped
from bot.understanding.tokens import CJK, URL, WORD
from troly.text import fold

_EMOJI = {
    "affirm": "👍👌✅🆗✔☑💯👏",
    "deny": "👎❌🚫✖🙅",
    "thank": "🙏❤♥💕💖😍🥰💐🌹💗😘🌸",
    "greet": "👋🙋",
    "abuse": "🖕",
}
_MACHINE = re.compile(
    r"\{\{|\}\}|\$\{|<\s*/?\s*[a-z]+[^<>]*>|\.\./|[\w/]+/etc/|\bselect\b.+\bfrom\b.+(?:;|--|\bwhere\b|\*)"
    r"|\bdrop\s+table\b|\bunion\s+select\b|\bupdate\s+\w+\s+set\b|\binsert\s+into\b|\bor\s+1\s*=\s*1\b"
    r"|['\"]\s*;\s*--|%\w\s*\{|\bfunction\s*\(|\brm\s+-rf\b|\bimport\s+os\b|^\s*[\[{].*[\]}]\s*$",
    re.IGNORECASE,
)
_VOWEL = re.compile(r"[aeiouy]")
_MASHED = re.compile(
    r"[bcdfghjklmnpqrstvwxz]{5,}|(.)\1{4,}|(?:asd|sdf|dfg|fgh|ghj|hjk|jkl|qwe|wer|zxc|xcv|cvb|vbn)"
)


def wordless_intent(text: str) -> str | None:
    """The intent of a message without letters and digits: by its first telling emoji, else out_of_scope.

    None where the message has words.
    """
    if WORD.search(text):
        return None
    for sign in text:
        for intent, signs in _EMOJI.items():
            if sign in signs:
                return intent
    return "out_of_scope"


def is_gibberish(text: str, known: set[str] | frozenset[str]) -> bool:
    """True where hardly a word is known or could be one ("asdkjh qwlkej"). `known` are folded words."""
    if CJK.search(text):
        return False
    words = [word for word in WORD.findall(fold(text)) if word.isalpha()]
    if not words:
        return False
    letters = sum(len(word) for word in words)
    strange = sum(len(word) for word in words if word not in known and _is_strange(word))
    return strange > 0.6 * letters


def is_markup(text: str) -> bool:
    """True where the message is written for a machine: markup, a path, a template, a query."""
    return bool(_MACHINE.search(URL.sub(" ", text)))


def _is_strange(word: str) -> bool:
    if not word.isascii() or len(word) < 3:
        return False
    if vietnamese_shaped(word):
        return False
    return bool(_MASHED.search(word)) or not _VOWEL.search(word) or len(word) > 24
