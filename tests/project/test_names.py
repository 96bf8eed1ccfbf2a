"""No file of the project names a machine that it was made on, nor a registry that it was made from."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from troly.settings import ROOT

# Put together here, so that this file does not name them either.
_FOLDERS = ["/" + "work/", "/tmp/" + "plan", "/root/" + ".pyenv", "/opt/" + "pypi", "/opt/" + "wheels"]
_REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("deb", "debian", "org"),
        ("crates", "io"),
        ("registry", "yarnpkg", "com"),
        ("proxy", "golang", "org"),
    )
]
FORBIDDEN = re.compile(
    "|".join(
        [rf"(?<![\w.)}}-]){re.escape(folder)}" for folder in _FOLDERS]
        + [re.escape(host) for host in _REGISTRIES]
    )
)


def project_files() -> list[str]:
    """Files that are tracked, or would be with `git add`."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git work tree: which files belong to the project is not known")
    listed = subprocess.run(
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_the_pattern_finds_what_it_is_for() -> None:
    for name in (*_FOLDERS, *_REGISTRIES, "see " + _FOLDERS[0] + "main"):
        assert FORBIDDEN.search(name), name
    for harmless in ("https://example.vn" + _FOLDERS[0] + "hours", "net" + _FOLDERS[0], "/tmp"):
        assert not FORBIDDEN.search(harmless), harmless


def test_no_file_names_a_workplace_or_a_registry() -> None:
    found = []
    for name in project_files():
        if (match := FORBIDDEN.search(name)) is not None:
            found.append(f"{name}: its name has {match[0]}")
        content = (ROOT / name).read_bytes().decode("utf-8", "replace")
        for number, line in enumerate(content.splitlines(), 1):
            if (match := FORBIDDEN.search(line)) is not None:
                found.append(f"{name}:{number}: {match[0]}")
    assert found == []


def test_no_secret_or_database_is_tracked() -> None:
    unwanted = re.compile(r"(^|/)(\.env|secret_key|[^/]*\.(db|sqlite3?|pem|key))$")
    assert [name for name in project_files() if unwanted.search(name)] == []
