"""What the gateway says by itself."""

from __future__ import annotations

import ast
from pathlib import Path

import channels
from channels import texts


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


def test_every_text_that_the_code_names_is_there() -> None:
    said = set()
    for path in Path(channels.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                first = node.args[0] if node.args else None
                if (
                    name in ("say", "told")
                    and isinstance(first, ast.Constant)
                    and isinstance(first.value, str)
                ):
                    said.add(
                        f"checklist_{first.value}" if path.stem.startswith("checklist_") else first.value
                    )
    assert len(said) > 40
    assert {name for name in said if not texts.known(name)} == set()
