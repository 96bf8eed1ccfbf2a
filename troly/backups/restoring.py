"""`troly restore`: everything is checked before anything is changed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from troly import migrate
from troly.backups import archive, content, postgres, sqlite_file
from troly.backups.archive import Damaged, Manifest
from troly.backups.making import backend, keys_of, mark
from troly.database import engine
from troly.errors import UsageError
from troly.privacy import Keyring
from troly.settings import Settings

Report = Callable[[str], None]


@dataclass(frozen=True)
class Restored:
    """What a restore came to."""

    manifest: Manifest
    opened: int
    """Encrypted values that were read with the keys, a part of all."""
    waiting: int
    """Messages that are answered as soon as the program starts."""
    conversations: int


def restore(
    config: Settings, file: Path, *, force: bool = False, report: Report = lambda line: None
) -> Restored:
    """Bring a backup's data here; without `force` only where nothing is.

    Raises UsageError, and then everything is as it was.
    """
    manifest = archive.look(file)
    _require_fitting(config, manifest)
    kind = manifest.database
    home = sqlite_file if kind == "sqlite" else postgres
    if not force:
        _require_empty(config, manifest, home.is_empty(config.database))
    home.require_unused(config.database)
    parent = config.data_dir.absolute()
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".troly-restore-", dir=parent) as name:
        folder = Path(name)
        report("Checking the backup …")
        archive.unpack(file, folder)
        keyring = _keyring(config, folder)
        report("Restoring the database …")
        if kind == "sqlite":
            made = folder / "database.sqlite"
            result = _checked(f"sqlite:///{made}", file, manifest, keyring, report)
            sqlite_file.require_unused(f"sqlite:///{made}")  # takes its write-ahead log in
            sqlite_file.put(config.database, made)
        else:
            with postgres.replaced(config.database, folder / "database.dump"):
                result = _checked(config.database, file, manifest, keyring, report)
        _place(folder / "media", config.data_dir / "media")
        _place(folder / "models", config.model_dir)
        _place(folder / "keys", config.data_dir, replace=False)
    return result


def needed_keys(config: Settings, manifest: Manifest) -> list[str]:
    """Marks of the keys that the backup's data may need and that are not here."""
    here = {mark(key) for key in keys_of(config)}
    return [key for key in manifest.keys if key not in here]


def _require_fitting(config: Settings, manifest: Manifest) -> None:
    here = backend(config.database)
    if here != manifest.database:
        raise UsageError(
            f"DATABASE_URL: the backup is of {manifest.database}, the database here is {here}; "
            "data do not move from one to the other"
        )
    if not migrate.knows(manifest.revision):
        raise UsageError(
            f"the backup's tables are at revision {manifest.revision}, which this version of troly does not "
            f"know; use troly {manifest.program} or later"
        )


def _require_empty(config: Settings, manifest: Manifest, empty: bool) -> None:
    if not empty:
        raise UsageError("DATABASE_URL: the database here is not empty; --force replaces all that is in it")
    media = config.data_dir / "media"
    if media.is_dir() and any(media.iterdir()):
        raise UsageError(f"{media} is not empty; --force adds to it")


def _keyring(config: Settings, folder: Path) -> Keyring | None:
    """The keys that will be here: those of the settings, else those in DATA_DIR, else the backup's own."""
    keys = keys_of(config)
    if not keys and (packed := folder / "keys" / "encryption_keys").is_file():
        keys = packed.read_text("ascii").split()
    return Keyring(keys) if keys else None


def _checked(url: str, file: Path, manifest: Manifest, keyring: Keyring | None, report: Report) -> Restored:
    made = engine(url)
    try:
        with made.connect() as connection:
            if (found := content.counts(connection)) != dict(manifest.counts):
                other = [name for name in manifest.counts if found.get(name) != manifest.counts[name]]
                raise Damaged(file, f"other numbers of rows than when it was made: {', '.join(other[:5])}")
    finally:
        made.dispose()
    if manifest.revision != migrate.newest():
        report(f"Bringing the tables from revision {manifest.revision} to {migrate.newest()} …")
    migrate.upgrade(url)
    made = engine(url)
    try:
        with made.connect() as connection:
            opened = content.opened(connection, keyring)
            waiting, conversations = content.unfinished(connection)
    finally:
        made.dispose()
    return Restored(manifest, opened, waiting, conversations)


def _place(source: Path, target: Path, *, replace: bool = True) -> None:
    for path in sorted(source.rglob("*")) if source.is_dir() else ():
        if path.is_file():
            goal = target / path.relative_to(source)
            if goal.exists() and not replace:
                continue
            goal.parent.mkdir(parents=True, exist_ok=True)
            beside = goal.with_name(f".{goal.name}.restored")
            shutil.copy2(path, beside)
            beside.replace(goal)
