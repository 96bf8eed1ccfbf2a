"""`make audit`: known advisories of the locked packages, and whether each that remains was looked at.

The reviewed ones are in tools/audit.yml. It fails for an advisory that is not among them, and for an entry
that has expired, names another version than the lock, or a package that is not locked any more. Where the
advisory service cannot be reached it says so; --strict makes that a failure, too.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent))
from locked import ROOT, Locked, read

LIST = ROOT / "tools" / "audit.yml"
LOCK = ROOT / "requirements.lock"
LONGEST = timedelta(days=200)
"""From a review to its end."""

_PIP_AUDIT = "pip-audit==2.9.0"
"""In an environment of its own: Rasa's pins and pip-audit's exclude each other."""

_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Advisory:
    """A known weakness of a locked package, as the service reports it."""

    package: str
    version: str
    ids: frozenset[str]
    fixed_in: tuple[str, ...] = ()


class Unreachable(Exception):
    """Nobody could be asked; the text says why."""


def problems(entries: Sequence[dict[str, Any]], locked: Iterable[Locked], today: date) -> list[str]:
    """What is wrong with the reviewed list."""
    versions = {one.name: one.version for one in locked}
    found: list[str] = []
    seen: set[str] = set()
    for entry in entries:
        name = f"{entry.get('id', '?')} ({entry.get('package', '?')})"
        lacking = [
            key
            for key in ("id", "package", "version", "what", "why", "reviewed", "expires")
            if not entry.get(key)
        ]
        if lacking:
            found.append(f"{name}: lacks {', '.join(lacking)}")
            continue
        if entry["id"] in seen:
            found.append(f"{name}: named twice")
        seen.add(entry["id"])
        reviewed, expires = entry["reviewed"], entry["expires"]
        if not (type(reviewed) is date and type(expires) is date):
            found.append(f"{name}: reviewed and expires are dates (2026-11-22)")
        elif expires < today:
            found.append(f"{name}: expired on {expires}; look at it again")
        elif reviewed > today or expires - reviewed > LONGEST:
            found.append(f"{name}: reviewed in the future, or for more than {LONGEST.days} days")
        if entry["package"] not in versions:
            found.append(f"{name}: is not locked any more; remove the entry")
        elif versions[entry["package"]] != str(entry["version"]):
            found.append(
                f"{name}: reviewed for {entry['version']}, "
                f"locked is {versions[entry['package']]}; look at it again"
            )
    return found


def unreviewed(advisories: Iterable[Advisory], entries: Iterable[dict[str, Any]]) -> list[Advisory]:
    """The advisories that nobody has looked at."""
    known = {(entry["package"], entry["id"]) for entry in entries}
    return [one for one in advisories if not any((one.package, name) in known for name in one.ids)]


def advisories_in(answer: str) -> list[Advisory]:
    """What pip-audit has printed as JSON. Raises Unreachable when it knows nothing of some packages.

    A mirror of the package index without advisories answers, and pip-audit then says that none are known.
    """
    packages = json.loads(answer)["dependencies"]
    if skipped := [package["name"] for package in packages if "skip_reason" in package]:
        some = ", ".join(skipped[:5])
        raise Unreachable(f"nothing is known of {len(skipped)} of {len(packages)} packages: {some}…")
    return [
        Advisory(
            package["name"].lower(),
            package["version"],
            frozenset({found["id"], *found.get("aliases", [])}),
            tuple(found.get("fix_versions", [])),
        )
        for package in packages
        for found in package.get("vulns", [])
    ]


def ask(lock: Path) -> list[Advisory]:
    """Ask the advisory service by pip-audit. Raises Unreachable."""
    uv = shutil.which("uv") or shutil.which("uv", path=str(ROOT / ".venv-tools" / "bin"))
    command = [uv, "tool", "run", "--quiet", _PIP_AUDIT] if uv else [shutil.which("pip-audit") or ""]
    if not command[0]:
        raise Unreachable("neither uv nor pip-audit is there")
    command += ["--requirement", str(lock), "--require-hashes", "--disable-pip", "--progress-spinner", "off"]
    try:
        done = subprocess.run(  # noqa: S603 - fixed words
            [*command, "--format", "json"], capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unreachable(type(error).__name__) from None
    try:
        return advisories_in(done.stdout)
    except (ValueError, KeyError, TypeError):
        last = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        raise Unreachable(f"pip-audit: {last[:200]}") from None


def main() -> int:
    """0 when all is well or nobody could be asked; 1 for what is to be done; 3: --strict and no answer."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument(
        "--strict", action="store_true", help="fail when the advisory service cannot be reached"
    )
    parser.add_argument("--list-only", action="store_true", help="check the reviewed list and ask nobody")
    given = parser.parse_args()
    entries = yaml.safe_load(LIST.read_text("utf-8"))
    wrong = problems(entries, read(LOCK), date.today())  # noqa: DTZ011 - a day more or less is the same
    for line in wrong:
        print(f"tools/audit.yml: {line}", file=sys.stderr)
    print(f"{len(entries)} reviewed advisories, {len(wrong)} to be looked at again")
    if given.list_only:
        return 1 if wrong else 0
    try:
        advisories = ask(LOCK)
    except Unreachable as error:
        print(
            f"NOT ASKED: the advisory service is not reachable from here ({error}). "
            "New advisories are unknown."
        )
        return 1 if wrong else 3 if given.strict else 0
    left = unreviewed(advisories, entries)
    for one in left:
        fixed = f"; fixed in {', '.join(one.fixed_in)}" if one.fixed_in else "; no fixed version"
        print(f"{one.package} {one.version}: {', '.join(sorted(one.ids))}{fixed}", file=sys.stderr)
    print(f"{len(advisories)} advisories for the locked packages, {len(left)} of them not reviewed")
    reported = {name for one in advisories for name in one.ids}
    for entry in entries:
        if entry["id"] not in reported:
            print(f"tools/audit.yml: {entry['id']} is not reported any more; remove it after a look")
    return 1 if wrong or left else 0


if __name__ == "__main__":
    sys.exit(main())
