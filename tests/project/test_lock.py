"""The two locks hold what pyproject.toml asks for, pinned by hash, and name no address."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from functools import lru_cache
from importlib.metadata import packages_distributions
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from troly.settings import ROOT

LOCKS = ["requirements.lock", "requirements.slim.lock"]
OURS = {"actions", "bot", "channels", "console", "portal", "troly"}
SLIM = OURS - {"bot"}


@lru_cache(maxsize=1)
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


@lru_cache(maxsize=2)
def blocks(lock: str) -> tuple[str, ...]:
    """One block of lines a package, without comments."""
    lines = [line for line in (ROOT / lock).read_text("utf-8").splitlines() if not re.match(r"\s*#", line)]
    found: list[str] = []
    for line in lines:
        if line.startswith(" "):
            found[-1] += "\n" + line
        else:
            found.append(line)
    return tuple(found)


def pinned(lock: str) -> dict[str, str]:
    """package -> version"""
    found = {}
    for block in blocks(lock):
        match = re.match(r"([A-Za-z0-9._-]+)==(\S+)", block)
        assert match, block
        found[str(canonicalize_name(match[1]))] = match[2]
    return found


def requirements(*kinds: str) -> list[Requirement]:
    asked = {
        "base": project()["project"]["dependencies"],
        "extras": [one for extra in project()["project"]["optional-dependencies"].values() for one in extra],
        "groups": [one for group in project()["dependency-groups"].values() for one in group],
    }
    return [Requirement(text) for kind in kinds for text in asked[kind]]


@pytest.mark.parametrize(
    ("lock", "kinds"),
    [("requirements.lock", ("base", "extras", "groups")), ("requirements.slim.lock", ("base",))],
)
def test_every_direct_dependency_is_locked_at_a_version_that_it_allows(
    lock: str, kinds: tuple[str, ...]
) -> None:
    locked = pinned(lock)
    wrong = [
        str(requirement)
        for requirement in requirements(*kinds)
        if not requirement.specifier.contains(locked.get(canonicalize_name(requirement.name), "0.dev0"), True)
    ]
    assert wrong == [], "run `make lock`"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_by_hash(lock: str) -> None:
    assert len(blocks(lock)) > 40
    for block in blocks(lock):
        first, *rest = block.splitlines()
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[^ ;]+( ; .+)? \\", first), first
        assert rest, first
        for line in rest:
            assert re.fullmatch(r" +--hash=sha256:[0-9a-f]{64}( \\)?", line), line


@pytest.mark.parametrize("lock", LOCKS)
def test_no_registry_is_named(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")
    assert re.findall(r"\S*(?:://|file:|--index|--extra-index|--find-links|--trusted-host)\S*", text) == []


def test_the_slim_lock_is_a_part_of_the_full_one() -> None:
    full, slim = pinned("requirements.lock"), pinned("requirements.slim.lock")
    assert slim.items() <= full.items()


def test_rasa_and_tensorflow_are_not_in_the_slim_lock() -> None:
    heavy = {"rasa", "tensorflow-cpu", "tensorflow-cpu-aws", "numpy", "scikit-learn", "underthesea", "pytest"}
    assert heavy <= pinned("requirements.lock").keys()
    assert not heavy & pinned("requirements.slim.lock").keys()


def test_an_override_does_not_lose_an_extra() -> None:
    """uv's overrides replace our own requirements too, extras included: asyncio needs greenlet."""
    overrides = {}
    for text in project()["tool"]["uv"]["override-dependencies"]:
        override = Requirement(text)
        overrides[override.name] = override
    for requirement in requirements("base", "extras", "groups"):
        if requirement.name in overrides:
            assert requirement.extras <= overrides[requirement.name].extras, requirement.name
    for lock in LOCKS:
        assert "greenlet" in pinned(lock)


@pytest.mark.parametrize(
    ("packages", "kinds"), [(OURS, ("base", "extras")), (SLIM, ("base",))], ids=["everything", "slim"]
)
def test_what_the_code_imports_is_declared(packages: set[str], kinds: tuple[str, ...]) -> None:
    declared = {canonicalize_name(requirement.name) for requirement in requirements(*kinds)}
    # Parts of a declared package that have an own name on import.
    declared |= {"starlette"} if "fastapi" in declared else set()
    distributions = packages_distributions()
    undeclared = set()
    for package in packages:
        for path in (ROOT / package).rglob("*.py"):
            for name in imported(ast.parse(path.read_text("utf-8"))):
                if name in sys.stdlib_module_names or name in OURS:
                    continue
                homes = {canonicalize_name(home) for home in distributions.get(name, [name])}
                if not homes & declared:
                    undeclared.add(f"{path.relative_to(ROOT)}: {name}")
    assert sorted(undeclared - {f"{path}: {name}" for path, name in _KNOWN}) == []


# What comes with Rasa, and is used where Rasa's own interfaces hand it out; and what an operator adds.
_KNOWN: set[tuple[str, str]] = {
    # Imported only where OTEL_EXPORTER_OTLP_ENDPOINT is set (extra telemetry, which the slim lock has too).
    ("troly/telemetry.py", "opentelemetry"),
}


def imported(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module.split(".")[0])
    return found
