"""What platforms tell about a person: hashed where it only has to be recognised, encrypted elsewhere.

Keys are Fernet keys, newest first. Everything new is encrypted with the newest, everything old stays
readable as long as its key is named. The keyed hash finds a person under each of the keys; which
conversation it is stands in the database, so that a new key splits no conversation in two.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from troly.errors import SettingError
from troly.settings import Settings

MASK = "••••"
"""Stands wherever a citizen wrote what must not be kept."""

FILE = "encryption_keys"
"""In DATA_DIR, one key a line, newest first; used where ENCRYPTION_KEYS is empty."""


class Keyring:
    """Hashes and encrypts with the keys of one deployment."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Takes Fernet keys, newest first. Raises SettingError for none, or for what is no key."""
        if not keys:
            raise SettingError("ENCRYPTION_KEYS: no key; leave it empty to have one made")
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
            self._secrets = [base64.urlsafe_b64decode(key) for key in keys]
        except ValueError:
            raise SettingError(
                "ENCRYPTION_KEYS: one of them is not a key; make one with: troly db rotate-keys --new-key"
            ) from None

    @classmethod
    def from_settings(cls, settings: Settings) -> Keyring:
        """With ENCRYPTION_KEYS, or with those in DATA_DIR; the first is made there when there are none."""
        given = settings.encryption_keys.get_secret_value().replace(",", " ").split()
        return cls(given or _kept(settings.data_dir / FILE))

    def hash(self, channel: str, external_id: str) -> str:
        """The person of a platform as 32 hexadecimal digits that nobody without the key can make."""
        return self.hashes(channel, external_id)[0]

    def hashes(self, channel: str, external_id: str) -> list[str]:
        """The same under every key, newest first: what to look for while keys are being changed."""
        message = f"{channel}\0{external_id}".encode()
        return [
            hmac.new(_hash_key(secret), message, hashlib.sha256).hexdigest()[:32] for secret in self._secrets
        ]

    def encrypt(self, text: str) -> str:
        """The text, unreadable; each time another token."""
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def decrypt(self, token: str) -> str:
        """What was encrypted. Raises SettingError when its key is not among the keys."""
        try:
            return self._fernet.decrypt(token).decode()
        except InvalidToken:
            raise SettingError(
                "ENCRYPTION_KEYS: the key with which the database was encrypted is missing; add it at the end"
            ) from None

    def renew(self, token: str) -> str:
        """The same content encrypted with the newest key. Raises SettingError as decrypt() does."""
        return self.encrypt(self.decrypt(token))


def new_key() -> str:
    """A fresh key."""
    return Fernet.generate_key().decode("ascii")


def add_key(settings: Settings) -> Path | None:
    """Put a fresh key before those in DATA_DIR; gives the file, None where ENCRYPTION_KEYS is set."""
    if settings.encryption_keys.get_secret_value():
        return None
    path = settings.data_dir / FILE
    keys = [new_key(), *_kept(path)]
    made = _written(path, keys)
    made.replace(path)
    return path


def _hash_key(secret: bytes) -> bytes:
    """A key of its own for hashing, so that no key serves two purposes."""
    return hmac.new(secret, b"troly: who wrote", hashlib.sha256).digest()


def _kept(path: Path) -> list[str]:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = _written(path, [new_key()])
        try:
            os.link(made, path)  # whole or not at all: another process may start at the same time
        except FileExistsError:
            pass  # and was first
        finally:
            made.unlink()
    return path.read_text(encoding="ascii").split()


def _written(path: Path, keys: Sequence[str]) -> Path:
    """A file beside `path` with the keys, which only its owner can read."""
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, prefix=f".{path.name}-", delete=False, encoding="ascii"
    ) as file:
        file.write("\n".join(keys) + "\n")
    return Path(file.name)
