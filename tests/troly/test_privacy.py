"""Platform ids and names: unreadable at rest, recognised all the same, and renewed under a new key."""

from __future__ import annotations

import re
import stat
import threading
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from troly import privacy, rotation
from troly.clock import now
from troly.commands import db
from troly.database import engine
from troly.errors import SettingError
from troly.privacy import Keyring, add_key, new_key
from troly.settings import Settings, settings
from troly.tables import Base
from troly.tables.channels import AddressRow, PlatformToken
from troly.tables.conversations import Conversation
from troly.tables.handover import Handover


def configured(tmp_path: Path, **given: Any) -> Settings:
    return Settings(_env_file=None, data_dir=tmp_path, **given)  # type: ignore[call-arg]


def test_a_hash_is_32_digits_that_depend_on_channel_id_and_key() -> None:
    ring = Keyring([new_key()])
    made = ring.hash("telegram", "42")
    assert re.fullmatch("[0-9a-f]{32}", made)
    assert made == ring.hash("telegram", "42")
    others = {
        ring.hash("zalo_oa", "42"),
        ring.hash("telegram", "43"),
        Keyring([new_key()]).hash("telegram", "42"),
    }
    assert len(others | {made}) == 4


def test_a_text_is_encrypted_each_time_anew_and_read_back() -> None:
    ring = Keyring([new_key()])
    tokens = {ring.encrypt("Nguyễn Văn A") for _ in range(2)}
    assert len(tokens) == 2
    assert not any("Nguyễn" in token for token in tokens)
    assert {ring.decrypt(token) for token in tokens} == {"Nguyễn Văn A"}


def test_what_an_older_key_encrypted_stays_readable_and_can_be_renewed() -> None:
    old, new = new_key(), new_key()
    token = Keyring([old]).encrypt("42")
    both = Keyring([new, old])
    assert both.decrypt(token) == "42"
    assert both.hashes("telegram", "42") == [
        Keyring([new]).hash("telegram", "42"),
        Keyring([old]).hash("telegram", "42"),
    ]
    assert Keyring([new]).decrypt(both.renew(token)) == "42"


def test_a_missing_key_is_named() -> None:
    token = Keyring([new_key()]).encrypt("42")
    with pytest.raises(SettingError, match=r"^ENCRYPTION_KEYS: "):
        Keyring([new_key()]).decrypt(token)


@pytest.mark.parametrize("keys", ["short", "ế" * 44, "x" * 44])
def test_what_is_no_key_is_named_at_start_and_not_shown(tmp_path: Path, keys: str) -> None:
    with pytest.raises(SettingError, match=r"^ENCRYPTION_KEYS: ") as caught:
        Keyring.from_settings(configured(tmp_path, encryption_keys=keys))
    assert keys not in str(caught.value)


def test_without_a_key_one_is_made_that_only_its_owner_can_read(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    first = Keyring.from_settings(configured(folder))
    assert Keyring.from_settings(configured(folder)).decrypt(first.encrypt("42")) == "42"
    (file,) = folder.iterdir()
    assert file.name == "encryption_keys"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    made: list[str] = []
    threads = [
        threading.Thread(
            target=lambda: made.append(Keyring.from_settings(configured(tmp_path)).hash("web", "1"))
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8 and len(set(made)) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["encryption_keys"]


def test_keys_that_are_set_are_used_and_nothing_is_written(tmp_path: Path) -> None:
    key = new_key()
    given = Keyring.from_settings(configured(tmp_path, encryption_keys=f"{key}, {new_key()}"))
    assert given.hash("web", "1") == Keyring([key]).hash("web", "1")
    assert list(tmp_path.iterdir()) == []
    assert add_key(configured(tmp_path, encryption_keys=key)) is None


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database with our tables."""
    address = f"sqlite:///{tmp_path / 'troly.db'}"
    if request.param == "postgresql":
        address = request.getfixturevalue("postgres_url")
    made = engine(address)
    Base.metadata.create_all(made)
    made.dispose()
    return address


def fill(url: str, ring: Keyring, count: int) -> None:
    """People of Telegram, every second one with a name, and a platform's tokens."""
    made = engine(url)
    with made.begin() as connection:
        for number in range(count):
            identity = ring.hash("telegram", str(number))
            moment = {"created_at": now(), "active_at": now()}
            connection.execute(sa.insert(Conversation).values(id=identity, channel="telegram", **moment))
            connection.execute(
                sa.insert(AddressRow).values(
                    conversation_id=identity,
                    lookup=identity,
                    external_id=ring.encrypt(str(number)),
                    display_name=ring.encrypt(f"Lan {number}") if number % 2 else None,
                )
            )
        connection.execute(
            sa.insert(PlatformToken).values(channel="zalo_oa", refresh_token=ring.encrypt("refresh"))
        )
    made.dispose()


def read(url: str, ring: Keyring) -> dict[str, tuple[str, str | None]]:
    """lookup -> id and name."""
    made = engine(url)
    with made.connect() as connection:
        found = connection.execute(
            sa.select(AddressRow.lookup, AddressRow.external_id, AddressRow.display_name)
        ).all()
        token = connection.scalar(sa.select(PlatformToken.refresh_token))
    made.dispose()
    assert token and ring.decrypt(token) == "refresh"
    return {lookup: (ring.decrypt(external), name and ring.decrypt(name)) for lookup, external, name in found}


def test_after_rotation_the_newest_key_alone_reads_everything(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "_PAGE", 3)
    old, new = new_key(), new_key()
    fill(url, Keyring([old]), 8)
    made = engine(url)
    assert list(rotation.rotate(made, Keyring([new, old]))) == [3, 6, 8, 9]
    made.dispose()
    ring = Keyring([new])
    assert read(url, ring) == {
        ring.hash("telegram", str(number)): (str(number), f"Lan {number}" if number % 2 else None)
        for number in range(8)
    }


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A deployment in a folder of its own, its key and database with it."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    settings.cache_clear()
    made = engine(settings().database)
    Base.metadata.create_all(made)
    made.dispose()
    yield tmp_path
    settings.cache_clear()


def test_the_command_changes_the_key_in_three_steps(deployment: Path) -> None:
    fill(settings().database, Keyring.from_settings(settings()), 3)
    first = CliRunner().invoke(db, ["rotate-keys", "--new-key"])
    assert first.exit_code == 0 and "restart every gateway" in first.output
    keys = (deployment / privacy.FILE).read_text("ascii").split()
    assert len(keys) == 2
    assert stat.S_IMODE((deployment / privacy.FILE).stat().st_mode) == 0o600
    second = CliRunner().invoke(db, ["rotate-keys"])
    assert second.exit_code == 0 and "4 rows" in second.output
    assert len(read(settings().database, Keyring(keys[:1]))) == 3


def test_the_command_shows_a_new_key_where_keys_are_settings(
    deployment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENCRYPTION_KEYS", new_key())
    settings.cache_clear()
    shown = CliRunner().invoke(db, ["rotate-keys", "--new-key"]).output
    (key,) = re.findall(r"^[\w-]{43}=$", shown, re.M)
    assert Keyring([key])
    assert not (deployment / privacy.FILE).exists()


def test_messages_for_officials_are_encrypted_anew(url: str) -> None:
    old, new = new_key(), new_key()
    fill(url, Keyring([old]), 1)
    made = engine(url)
    kept = {"message": Keyring([old]).encrypt("đất đai"), "contact": Keyring([old]).encrypt("0912345678")}
    with made.begin() as connection:
        identity = connection.scalar(sa.select(AddressRow.conversation_id))
        connection.execute(
            sa.insert(Handover).values(
                conversation_id=identity, state="message", reason="", asked_at=now(), **kept
            )
        )
    list(rotation.rotate(made, Keyring([new, old])))
    with made.connect() as connection:
        (row,) = connection.execute(sa.select(Handover.message, Handover.contact))
    made.dispose()
    assert [Keyring([new]).decrypt(text) for text in row] == ["đất đai", "0912345678"]
