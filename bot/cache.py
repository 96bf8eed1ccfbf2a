"""What training computed before, kept on disk by what it was computed from.

A second training after a few new sentences computes only what those change. Everything here may be deleted
at any time: it is made again.
"""

from __future__ import annotations

import fcntl
import hashlib
import inspect
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from troly.settings import settings

Arrays = dict[str, NDArray[Any]]
_KEPT = 4
"""Results kept of a kind: today's data, and a few states to which an author may go back."""


_ABANDONED = 3600
"""Seconds after which a half-written result is thrown away."""


def content_key(*parts: object) -> str:
    """A key that changes when a part does.

    Parts are text, bytes, numbers, None, arrays, modules (their source), paths (the file's content), data
    classes, and lists, tuples, mappings and sets of them. Raises TypeError for anything else, since a key
    that hides a change would bring back an old result.
    """
    digest = hashlib.sha256()
    for part in parts:
        _add(digest.update, part)
    return digest.hexdigest()[:32]


def cached_arrays(kind: str, key: str, make: Callable[[], Arrays], folder: Path | None = None) -> Arrays:
    """The arrays that `make` gives, from disk where they were made before with the same key.

    `kind` names what it is, such as "intents"; the oldest results of a kind are forgotten. Of two processes
    that want the same, the second waits for the first. Arrays of objects are refused (ValueError): nothing
    that is read back may run code.
    """
    if (found := read_arrays(kind, key, folder)) is not None:
        return found
    made: Arrays | None = None
    try:
        with _alone(kind, key, folder):
            if (found := read_arrays(kind, key, folder)) is not None:
                return found
            made = make()
            write_arrays(kind, key, made, folder)
    except OSError:  # a folder that cannot be written, or a full disk: it costs time and nothing else
        return make() if made is None else made
    return made


def read_arrays(kind: str, key: str, folder: Path | None = None) -> Arrays | None:
    """The arrays kept under this key; None where there are none."""
    path = _file(kind, key, folder)
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            found = {name: stored[name] for name in stored.files}
        os.utime(path)
    except (OSError, ValueError, EOFError, KeyError, BadZipFile):
        return None  # not there, or cut off when a disk was full
    return found


def write_arrays(kind: str, key: str, made: Arrays, folder: Path | None = None) -> None:
    """Keep the arrays under this key and forget the oldest of their kind."""
    if any(array.dtype.hasobject for array in made.values()):
        raise ValueError(f"{kind}: arrays of objects cannot be kept")
    path = _file(kind, key, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.npz")
    np.savez(part, **made)
    part.replace(path)
    _forget(path.parent, kind)


def cached_json(kind: str, key: str, make: Callable[[], Any], folder: Path | None = None) -> Any:
    """As cached_arrays(), for what JSON can hold."""

    def arrays() -> Arrays:
        return {"json": np.frombuffer(json.dumps(make(), ensure_ascii=False).encode(), dtype=np.uint8)}

    return json.loads(cached_arrays(kind, key, arrays, folder)["json"].tobytes())


def as_bytes(texts: Iterable[str]) -> NDArray[np.uint8]:
    """Texts without line breaks as an array: a tenth of what numpy needs for texts of unequal length."""
    return np.frombuffer("\n".join(texts).encode("utf-8", "surrogatepass"), dtype=np.uint8)


def as_texts(array: NDArray[np.uint8]) -> list[str]:
    """The texts that as_bytes() was given; [""] and [] are the same to it."""
    return array.tobytes().decode("utf-8", "surrogatepass").split("\n") if array.size else []


def _file(kind: str, key: str, folder: Path | None) -> Path:
    return (folder or settings().model_dir / "cache") / f"{kind}-{key}.npz"


@contextmanager
def _alone(kind: str, key: str, folder: Path | None) -> Iterator[None]:
    path = _file(kind, key, folder).with_suffix(".lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _forget(folder: Path, kind: str) -> None:
    stored = [path for path in folder.glob(f"{kind}-*.npz") if len(path.stem) == len(kind) + 33]
    for path in sorted(stored, key=lambda path: path.stat().st_mtime)[:-_KEPT]:
        path.unlink(missing_ok=True)
    for path in folder.glob(f"{kind}-*.*.npz"):  # what a killed process was writing
        if time.time() - path.stat().st_mtime > _ABANDONED:
            path.unlink(missing_ok=True)


def _add(update: Callable[[bytes], None], part: object) -> None:
    # Every part states its type and length, so that ("ab", "c") and ("a", "bc") differ.
    if isinstance(part, str | bytes | bool | int | float | None):
        raw = part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogatepass")
        update(f"{type(part).__name__}{len(raw)}:".encode() + raw)
    elif isinstance(part, np.ndarray):
        update(f"array{part.dtype}{part.shape}:".encode() + np.ascontiguousarray(part).tobytes())
    elif isinstance(part, ModuleType):
        _add(update, inspect.getsource(part))
    elif isinstance(part, Path):
        _add(update, part.read_bytes())
    elif is_dataclass(part) and not isinstance(part, type):
        _add(update, [type(part).__name__, *(getattr(part, field.name) for field in fields(part))])
    elif isinstance(part, Mapping):
        update(f"mapping{len(part)}:".encode())
        for name in sorted(part, key=repr):
            _add(update, name)
            _add(update, part[name])
    elif isinstance(part, set | frozenset):
        _add(update, sorted(part, key=repr))
    elif isinstance(part, Iterable):
        items = list(part)
        update(f"list{len(items)}:".encode())
        for item in items:
            _add(update, item)
    else:
        raise TypeError(f"no key can be made of {type(part).__name__}")
