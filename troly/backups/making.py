"""`troly backup`: what goes into the file."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from troly.backups import archive, content, postgres, sqlite_file
from troly.backups.archive import Manifest
from troly.clock import now
from troly.errors import UsageError
from troly.privacy import FILE
from troly.settings import Settings

_OWN_KEYS = (FILE, "secret_key")
"""In DATA_DIR; only with_keys takes them."""


@dataclass(frozen=True)
class _Said:
    """What the database says at the backup's moment."""

    revision: str
    counts: dict[str, int]
    media: list[str]
    models: list[str]


def backend(url: str) -> str:
    """sqlite or postgresql."""
    return make_url(url.replace("postgres://", "postgresql://", 1)).get_backend_name()


def program_version() -> str:
    """Of troly."""
    try:
        return version("troly")
    except PackageNotFoundError:
        return "?"


def make(
    config: Settings,
    file: Path,
    *,
    with_models: bool = True,
    with_keys: bool = False,
    report: Callable[[str], None] = lambda line: None,
) -> Manifest:
    """Write a backup and read it again. Raises UsageError for what the operator can mend."""
    if file.exists():
        raise UsageError(f"{file} is there already; give another name")
    if not file.parent.is_dir():
        raise UsageError(f"no folder {file.parent}")
    with tempfile.TemporaryDirectory(prefix=".troly-backup-", dir=file.parent) as name:
        folder = Path(name)
        kind = backend(config.database)
        member = "database.sqlite" if kind == "sqlite" else "database.dump"
        report("Copying the database …")
        taker = sqlite_file.take if kind == "sqlite" else postgres.take
        said = taker(config.database, folder / member, _read)
        # The files come after the database: what it names was stored before it was named.
        contents = {member: folder / member}
        missing = _media(config, folder, said.media, contents)
        if with_models:
            _models(config, said.models, contents)
        if with_keys:
            for key in _OWN_KEYS:
                if (config.data_dir / key).is_file():
                    contents[f"keys/{key}"] = config.data_dir / key
        manifest = Manifest(
            made_at=now().astimezone(UTC).isoformat(timespec="seconds"),
            program=program_version(),
            database=kind,
            server=sqlite_file.version() if kind == "sqlite" else postgres.version(config.database),
            revision=said.revision,
            counts=said.counts,
            keys=tuple(mark(key) for key in keys_of(config)),
            settings=tuple(sorted(name.upper() for name in config.model_fields_set if getattr(config, name))),
            media_missing=missing,
        )
        report("Packing …")
        made = archive.write(file, manifest, contents)
    report("Reading it again …")
    archive.unpack(file, None)
    return made


def keys_of(config: Settings) -> list[str]:
    """The encryption keys as they are; none is made."""
    given = config.encryption_keys.get_secret_value().replace(",", " ").split()
    path = config.data_dir / FILE
    return given or (path.read_text("ascii").split() if path.is_file() else [])


def mark(key: str) -> str:
    """A name for a key that tells nothing about it."""
    return hashlib.sha256(b"troly: mark of a key\0" + key.encode()).hexdigest()[:8]


def _read(connection: sa.Connection) -> _Said:
    revision = content.revision(connection)
    if revision is None:
        raise UsageError("DATABASE_URL: the database has no tables of troly; there is nothing to back up")
    return _Said(revision, content.counts(connection), content.media(connection), content.models(connection))


def _media(config: Settings, folder: Path, names: Sequence[str], contents: dict[str, Path]) -> int:
    """Copies: a file may be erased while the rest is packed. Gives how many are gone already."""
    missing = 0
    for name in names:
        copy = folder / "media" / name
        copy.parent.mkdir(exist_ok=True)
        try:
            shutil.copyfile(config.data_dir / "media" / name, copy)
        except FileNotFoundError:
            missing += 1
            continue
        contents[f"media/{name}"] = copy
    return missing


def _models(config: Settings, active: Sequence[str], contents: dict[str, Path]) -> None:
    found = [config.model_dir / path for path in active]
    if not any(path.is_file() for path in found):
        found = sorted(config.model_dir.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)[-1:]
    for model in found:
        record = model.with_name(model.name.removesuffix(".tar.gz") + ".json")
        for path in (model, record):
            if path.is_file():
                contents[f"models/{path.relative_to(config.model_dir).as_posix()}"] = path
