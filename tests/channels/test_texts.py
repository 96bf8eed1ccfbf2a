"""What the gateway says by itself."""

from __future__ import annotations

import ast
from pathlib import Path
from string import Formatter

import pytest

import channels
from channels import texts


@pytest.mark.parametrize("name", sorted(texts._TEXTS))
def test_each_text_exists_in_both_languages_with_the_same_values(name: str) -> None:
    variants = texts._TEXTS[name]
    assert set(variants) == {"vi", "en"}
    fields = [{field for _, field, _, _ in Formatter().parse(text) if field} for text in variants.values()]
    assert fields[0] == fields[1]


def test_every_refusal_in_the_code_has_a_text() -> None:
    used = set()
    for path in Path(channels.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "ApiError":
                used |= {part.value for part in node.args[1:2] if isinstance(part, ast.Constant)}
    assert len(used) > 8
    assert {name for name in used if not texts.known(str(name))} == set()


def test_an_unknown_language_is_answered_in_vietnamese() -> None:
    assert texts.error_reply("ko").language == "vi"
    assert texts.error_reply("en").text.startswith("Sorry")
