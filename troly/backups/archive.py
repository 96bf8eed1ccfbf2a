"""The file: a compressed tar that begins with a manifest, in which each other file has its checksum."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import tarfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from troly.errors import UsageError

FORMAT = 1
MANIFEST = "manifest.json"
_LARGEST_MANIFEST = 64_000_000
_PIECE = 1 << 20
_NAME = re.compile(r"(database\.(sqlite|dump)|(media|models|keys)/[A-Za-z0-9._/-]+)\Z")


@dataclass(frozen=True)
class Entry:
    """A file of the backup."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a backup holds, and what it needs."""

    made_at: str
    """UTC, ISO 8601."""
    program: str
    """Version of troly that made it."""
    database: str
    """sqlite or postgresql."""
    server: str
    """Version of the database."""
    revision: str
    """Of the tables."""
    counts: Mapping[str, int]
    """Rows by table."""
    keys: tuple[str, ...]
    """Marks of the ENCRYPTION_KEYS at that time, newest first; nothing can be learned from them."""
    settings: tuple[str, ...]
    """Names of the settings that had a value, without the values."""
    media_missing: int = 0
    """Files that rows named and that were gone."""
    files: Mapping[str, Entry] = field(default_factory=dict)
    format: int = FORMAT


class Damaged(UsageError):
    """The file is not what was written."""

    def __init__(self, file: Path, why: str) -> None:
        """Says so in one line."""
        super().__init__(f"{file} is damaged or no backup ({why}); nothing was changed, take another one")


def write(file: Path, manifest: Manifest, contents: Mapping[str, Path]) -> Manifest:
    """Make the file, readable for its owner only; it appears whole or not at all."""
    entries = {}
    for name, path in contents.items():
        if not _NAME.match(name) or ".." in name:
            raise ValueError(name)
        with path.open("rb") as source:
            entries[name] = Entry(path.stat().st_size, hashlib.file_digest(source, "sha256").hexdigest())
    whole = Manifest(**(vars(manifest) | {"files": entries}))
    partial = file.with_name(f".{file.name}.partial")
    try:
        with open(partial, "xb", opener=_private) as raw:
            with tarfile.open(fileobj=raw, mode="w:gz", compresslevel=3) as tar:
                text = json.dumps(asdict(whole), ensure_ascii=False, indent=1).encode()
                head = tarfile.TarInfo(MANIFEST)
                head.size, head.mode = len(text), 0o600
                tar.addfile(head, io.BytesIO(text))
                for name, path in contents.items():
                    info = tarfile.TarInfo(name)
                    info.size, info.mode = entries[name].bytes, 0o600
                    with path.open("rb") as source:
                        tar.addfile(info, source)
            raw.flush()
            os.fsync(raw.fileno())
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    return whole


def look(file: Path) -> Manifest:
    """The manifest alone. Raises Damaged, and UsageError for a format of a later version."""
    return _read(file, lambda manifest, tar: manifest)


def unpack(file: Path, folder: Path | None, wanted: Callable[[str], bool] = lambda name: True) -> Manifest:
    """Check every file, and put those that are wanted into a folder (None: only check). Raises Damaged."""

    def checked(manifest: Manifest, tar: tarfile.TarFile) -> Manifest:
        missing = dict(manifest.files)
        while (member := tar.next()) is not None:
            entry = missing.pop(member.name, None)
            source = tar.extractfile(member) if entry and member.isfile() else None
            if entry is None or source is None or not _NAME.match(member.name) or ".." in member.name:
                raise Damaged(file, f"{member.name[:80]!r} does not belong there")
            target = None
            if folder is not None and wanted(member.name):
                path = folder / member.name
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                target = open(path, "xb", opener=_private)  # noqa: SIM115 - closed by _copy
            if _copy(source, target) != (entry.bytes, entry.sha256):
                raise Damaged(file, f"the checksum of {member.name} is wrong")
        if missing:
            raise Damaged(file, f"{next(iter(missing))} is missing")
        return manifest

    return _read(file, checked)


def _read(file: Path, work: Callable[[Manifest, tarfile.TarFile], Manifest]) -> Manifest:
    try:
        with tarfile.open(file, mode="r:gz") as tar:
            head = tar.next()
            if head is None or head.name != MANIFEST or head.size > _LARGEST_MANIFEST:
                raise Damaged(file, "no manifest")
            source = tar.extractfile(head)
            if source is None:
                raise Damaged(file, "no manifest")
            return work(_parsed(file, source.read()), tar)
    except FileNotFoundError:
        raise UsageError(f"no file {file}") from None
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise Damaged(file, str(error) or type(error).__name__) from None


def _parsed(file: Path, text: bytes) -> Manifest:
    try:
        stated: dict[str, Any] = json.loads(text)
        if int(stated["format"]) > FORMAT:
            raise UsageError(
                f"{file} was made by a later version of troly ({stated['program']}); use that one"
            )
        stated["files"] = {name: Entry(**entry) for name, entry in stated["files"].items()}
        stated["keys"], stated["settings"] = tuple(stated["keys"]), tuple(stated["settings"])
        return Manifest(**stated)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Damaged(file, "the manifest cannot be read") from None


def _copy(source: Any, target: BinaryIO | None) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    try:
        while piece := source.read(_PIECE):
            digest.update(piece)
            size += len(piece)
            if target:
                _put(target, piece)
    finally:
        if target:
            target.close()
    return size, digest.hexdigest()


def _put(target: BinaryIO, piece: bytes) -> None:
    try:
        target.write(piece)
    except OSError as error:  # not to be taken for an error of what is read
        raise UsageError(f"DATA_DIR: cannot write there ({error.strerror}); nothing was changed") from None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
