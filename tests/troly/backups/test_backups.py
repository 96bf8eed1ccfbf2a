"""A backup brought back is what was there, on both databases, also while others write."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from tests.conftest import _administer
from troly import migrate
from troly.backups import archive, postgres
from troly.backups.making import make, mark
from troly.backups.restoring import needed_keys, restore
from troly.clock import now
from troly.database import engine
from troly.errors import SettingError, TrolyError, UsageError
from troly.privacy import Keyring, new_key
from troly.settings import Settings
from troly.tables import metadata
from troly.tables.channels import AddressRow, MediaRow
from troly.tables.conversations import Conversation
from troly.tables.delivery import Inbox, Outbox
from troly.tables.training import ModelActivation, ModelVersion
from troly.tables.turns import Turn

KEY = new_key()
PHOTO = "ab" * 32


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """Makes settings of a machine: its own folder and an empty database."""
    made: list[str] = []

    def machine(name: str, key: str = KEY) -> Settings:
        url = ""
        if request.param == "postgresql":
            server = request.getfixturevalue("postgres_url").rpartition("/")[0]
            made.append(f"{server}/backup_{uuid4().hex[:8]}")
            _administer(server, f"CREATE DATABASE {made[-1].rpartition('/')[2]} TEMPLATE template0")
            url = made[-1]
        return Settings(
            _env_file=None,
            data_dir=tmp_path / name,
            model_dir=tmp_path / name / "models",
            database_url=url,
            encryption_keys=key,
        )

    yield machine
    for url in made:
        server, _, name = url.rpartition("/")
        _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def connected(config: Settings) -> Iterator[sa.Connection]:
    made = engine(config.database)
    try:
        with made.begin() as connection:
            yield connection
    finally:
        made.dispose()


def rows(config: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    with connected(config) as connection:
        return {
            name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=repr)
            for name, table in metadata.tables.items()
        }


def talk(connection: sa.Connection, name: str, messages: int = 3) -> None:
    moment = now()
    connection.execute(
        sa.insert(Conversation).values(
            id=name, channel="telegram", language="vi", created_at=moment, active_at=moment,
            last_message=messages, last_event=0,
        )
    )  # fmt: skip
    for number in range(1, messages + 1):
        connection.execute(
            sa.insert(Inbox).values(
                id=f"{name}-{number}", channel="telegram", message_id=f"{name}:{number}",
                conversation_id=name, number=number, text="làm khai sinh ở đâu", received_at=moment,
                state="waiting", due_at=moment, attempts=0,
            )
        )  # fmt: skip


def fill(config: Settings, key: str = KEY) -> None:
    """Something of each kind: talk, an encrypted address, a photo, a model in use, a searched turn."""
    migrate.upgrade(config.database)
    ring, moment = Keyring([key]), now()
    with connected(config) as connection:
        talk(connection, "c1")
        connection.execute(
            sa.insert(AddressRow).values(
                conversation_id="c1", lookup=ring.hash("telegram", "77"), external_id=ring.encrypt("77"),
                display_name=ring.encrypt("Nguyễn Thị Lan"),
            )
        )  # fmt: skip
        connection.execute(
            sa.insert(Outbox).values(
                conversation_id="c1", number=1, kind="reply", content={"text": "Kính chào Anh/Chị."},
                created_at=moment, attempts=0, parts_sent=0, repeated=0,
            )
        )  # fmt: skip
        for name in (PHOTO, "cd" * 32):  # the second one's file is gone
            connection.execute(
                sa.insert(MediaRow).values(
                    sha256=name, conversation_id="c1", mime="image/jpeg", size=4, created_at=moment
                )
            )
        connection.execute(
            sa.insert(Turn).values(
                conversation_id="c1", number=1, message_id="c1-1", at=moment, channel="telegram",
                status="answered", ms=3, words="lam khai sinh o dau", handed_over=False, pressed=False,
            )
        )  # fmt: skip
        connection.execute(
            sa.insert(ModelVersion).values(
                name="v2", path="versions/v2.tar.gz", made_at=moment, author="t", note="", files="",
                data="", verdict="", broken_stories=0, bytes=5, counts={},
            )
        )  # fmt: skip
        connection.execute(
            sa.insert(ModelActivation).values(version="v2", kind="activate", by="t", reason="", at=moment)
        )
    (config.data_dir / "media").mkdir(parents=True)
    (config.data_dir / "media" / PHOTO).write_bytes(b"\xff\xd8..")
    (config.model_dir / "versions").mkdir(parents=True)
    (config.model_dir / "versions" / "v2.tar.gz").write_bytes(b"model")
    (config.model_dir / "versions" / "v2.json").write_text("{}")
    (config.model_dir / "old.tar.gz").write_bytes(b"nobody uses it")


def test_what_is_restored_on_a_fresh_machine_is_what_was_there(place: Any, tmp_path: Path) -> None:
    old, new, file = place("old"), place("new"), tmp_path / "b.tar.gz"
    fill(old)
    made = make(old, file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert (made.counts["inbox"], made.media_missing, made.keys) == (3, 1, (mark(KEY),))
    assert [name for name in made.files if "models" in name] == [
        "models/versions/v2.tar.gz",
        "models/versions/v2.json",
    ]
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")], "left lying about"
    done = restore(new, file)
    assert rows(new) == rows(old) and len(rows(new)["inbox"]) == 3
    assert (done.opened, done.waiting, done.conversations) == (2, 3, 1)
    assert (new.data_dir / "media" / PHOTO).read_bytes() == b"\xff\xd8.."
    assert (new.model_dir / "versions" / "v2.tar.gz").read_bytes() == b"model"
    assert not (new.model_dir / "old.tar.gz").exists()
    assert not list(new.data_dir.glob(".troly*"))
    with connected(new) as connection:  # the search, the protection of the audit, and counting on, are there
        if connection.dialect.name == "sqlite":
            found = "SELECT count(*) FROM turn_search WHERE turn_search MATCH 'khai'"
        else:
            found = "SELECT count(*) FROM turn WHERE turn_search @@ plainto_tsquery('simple', 'khai')"
        assert connection.exec_driver_sql(found).scalar() == 1
        talk(connection, "c2")
        connection.execute(
            sa.insert(Outbox).values(
                conversation_id="c2", number=1, kind="reply", content={}, created_at=now(), attempts=0,
                parts_sent=0, repeated=0,
            )
        )  # fmt: skip


def test_a_backup_taken_while_others_write_is_of_one_moment(place: Any, tmp_path: Path) -> None:
    old = place("old")
    fill(old)
    stop, written = threading.Event(), []

    def write() -> None:
        while not stop.is_set():
            with connected(old) as connection:
                talk(connection, uuid4().hex[:20], messages=4)
            written.append(1)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for number in range(3):
            while len(written) < 5 * (number + 1):
                stop.wait(0.02)
            make(old, tmp_path / f"{number}.tar.gz")
    finally:
        stop.set()
        thread.join(30)
    talks = []
    for number in range(3):
        new = place(f"new{number}")
        restore(new, tmp_path / f"{number}.tar.gz")
        with connected(new) as connection:
            count = sa.func.count(Inbox.id)
            query = sa.select(Conversation.id, count).outerjoin(Inbox).group_by(Conversation.id)
            found = dict(tuple(row) for row in connection.execute(query))
        assert found.pop("c1") == 3
        assert set(found.values()) == {4}, "half a transaction"
        talks.append(len(found))
    assert talks[0] >= 5 and talks == sorted(talks) and talks[-1] <= len(written)


def _flip(file: Path, at: float) -> None:
    content = bytearray(file.read_bytes())
    content[int(len(content) * at)] ^= 0x55
    file.write_bytes(content)


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-2000])


def _changed(file: Path) -> None:
    """A whole archive, in which one file has other bytes than its checksum says."""
    with tarfile.open(file) as tar:
        members = [(member, tar.extractfile(member).read()) for member in tar]  # type: ignore[union-attr]
    with tarfile.open(file, "w:gz") as tar:
        for member, text in members:
            if member.name.startswith("media/"):
                text = b"\x00" * len(text)
            tar.addfile(member, io.BytesIO(text))


@pytest.mark.parametrize(
    "harm",
    [
        lambda f: _flip(f, 0.5),
        lambda f: _flip(f, 0.95),
        _cut,
        _changed,
        lambda f: f.write_bytes(b"no backup"),
    ],
    ids=["a flipped bit", "a flipped bit at the end", "cut off", "another photo", "no backup at all"],
)
def test_a_damaged_file_is_refused_and_nothing_is_changed(place: Any, tmp_path: Path, harm: Any) -> None:
    old, new, file = place("old"), place("new"), tmp_path / "b.tar.gz"
    fill(old)
    make(old, file)
    fill(new)
    before = rows(new)
    harm(file)
    with pytest.raises(UsageError, match="damaged or no backup"):
        restore(new, file, force=True)
    assert rows(new) == before
    with pytest.raises(UsageError, match="damaged or no backup"):
        archive.unpack(file, None)


def test_data_that_are_there_are_replaced_only_when_that_is_said(place: Any, tmp_path: Path) -> None:
    old, new, file = place("old"), place("new"), tmp_path / "b.tar.gz"
    fill(old)
    make(old, file)
    fill(new)
    with connected(new) as connection:
        talk(connection, "other")
    before = rows(new)
    with pytest.raises(UsageError, match="--force"):
        restore(new, file)
    assert rows(new) == before
    restore(new, file, force=True)
    assert rows(new) == rows(old)
    restore(new, file, force=True)  # and once more: nothing of before is in the way
    assert rows(new) == rows(old)


def test_without_the_key_nothing_is_changed_and_the_setting_is_named(place: Any, tmp_path: Path) -> None:
    old, file = place("old"), tmp_path / "b.tar.gz"
    fill(old)
    made = make(old, file)
    for key, words in ((new_key(), "the key with which"), ("", "there is no key")):
        new = place(f"new{len(key)}", key=key)
        with pytest.raises(SettingError, match="ENCRYPTION_KEYS") as error:
            restore(new, file)
        assert words in str(error.value)
        assert needed_keys(new, made) == [mark(KEY)]
        fresh = engine(new.database)
        assert sa.inspect(fresh).get_table_names() == [], "nothing may stay"
        fresh.dispose()
        assert not (new.data_dir / "encryption_keys").exists(), "no key is made that opens nothing"


def test_keys_travel_only_when_asked_for(place: Any, tmp_path: Path) -> None:
    old, file, without = place("old", key=""), tmp_path / "k.tar.gz", tmp_path / "n.tar.gz"
    old.data_dir.mkdir()
    (old.data_dir / "encryption_keys").write_text(KEY + "\n")
    fill(old)
    make(old, file, with_keys=True)
    assert not [name for name in make(old, without).files if name.startswith("keys/")]
    assert KEY not in gzip.decompress(without.read_bytes()).decode("latin-1")
    new = place("new", key="")
    restore(new, file)
    assert (new.data_dir / "encryption_keys").read_text() == KEY + "\n"


def test_an_older_backup_is_brought_up_to_date(place: Any, tmp_path: Path) -> None:
    old, new, file = place("old"), place("new"), tmp_path / "b.tar.gz"
    migrate.upgrade(old.database, "0008_console")
    with connected(old) as connection:
        connection.exec_driver_sql(
            "INSERT INTO conversation (id, channel, last_message, last_event, created_at, active_at) "
            "VALUES ('c1', 'web', 0, 0, '2026-11-20 08:00:00', '2026-11-20 08:00:00')"
        )
    assert make(old, file).revision == "0008_console"
    restore(new, file)
    assert migrate.current(new.database) == migrate.newest()
    assert [row[0] for row in rows(new)["conversation"]] == ["c1"]


def test_a_backup_of_a_later_version_or_of_the_other_database_is_refused(place: Any, tmp_path: Path) -> None:
    old, new, file = place("old"), place("new"), tmp_path / "b.tar.gz"
    fill(old)
    with connected(old) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999_later'")
    make(old, file)
    with pytest.raises(UsageError, match=r"9999_later.*does not know"):
        restore(new, file)
    other = "sqlite:///" + str(tmp_path / "o.db") if new.database_url else "postgresql://nobody@127.0.0.1:9/x"
    with pytest.raises(UsageError, match="do not move from one to the other"):
        restore(new.model_copy(update={"database_url": other}), file)


def test_a_restore_under_a_running_program_is_refused(place: Any, tmp_path: Path) -> None:
    old, file = place("old"), tmp_path / "b.tar.gz"
    fill(old)
    make(old, file)
    before = rows(old)
    running = engine(old.database)
    with running.connect() as connection:
        connection.execute(sa.select(Inbox.id)).all()
        with pytest.raises(UsageError, match="stop troly"):
            restore(old, file, force=True)
    running.dispose()
    assert rows(old) == before


def test_what_cannot_be_backed_up_is_said(place: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nothing to back up"):
        make(place("empty"), tmp_path / "b.tar.gz")
    assert not list(tmp_path.glob("*.gz")) and not list(tmp_path.glob(".*"))
    old = place("old")
    fill(old)
    (tmp_path / "there").write_text("")
    with pytest.raises(UsageError, match="there already"):
        make(old, tmp_path / "there")
    with pytest.raises(UsageError, match="no folder"):
        make(old, tmp_path / "nowhere" / "b.tar.gz")


def test_erased_words_are_not_in_the_backup_of_sqlite(tmp_path: Path) -> None:
    config = Settings(_env_file=None, data_dir=tmp_path / "d", model_dir=tmp_path / "m", encryption_keys=KEY)
    fill(config)
    with connected(config) as connection:
        talk(connection, "secret-one")
        connection.execute(
            sa.update(Inbox).where(Inbox.conversation_id == "secret-one").values(text="TELLTALE")
        )
    with connected(config) as connection:
        connection.execute(sa.delete(Conversation).where(Conversation.id == "secret-one"))
    make(config, tmp_path / "b.tar.gz")
    assert b"TELLTALE" not in gzip.decompress((tmp_path / "b.tar.gz").read_bytes())


def test_a_missing_pg_dump_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="postgresql-client"):
        postgres.take("postgresql://x@127.0.0.1:9/x", tmp_path / "d", lambda connection: None)


@pytest.mark.postgres
def test_a_failing_pg_restore_brings_back_what_was_there(postgres_url: str, tmp_path: Path) -> None:
    migrate.upgrade(postgres_url)
    (tmp_path / "bad").write_bytes(b"PGDMP no dump")
    made = engine(postgres_url)
    before = sa.inspect(made).get_table_names()
    made.dispose()
    with (
        pytest.raises(TrolyError, match="pg_restore failed"),
        postgres.replaced(postgres_url, tmp_path / "bad"),
    ):
        pass
    made = engine(postgres_url)
    assert sorted(sa.inspect(made).get_table_names()) == sorted(before)
    assert "troly_before_restore" not in sa.inspect(made).get_schema_names()
    made.dispose()


def test_the_password_is_on_no_command_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[Any] = []

    class Done:
        returncode, stderr = 0, ""

    monkeypatch.setattr(
        postgres.subprocess, "run", lambda command, **named: seen.append((command, named)) or Done
    )
    postgres._run(["pg_dump"], "postgresql://troly:gi%40u@db.example:5433/troly?sslmode=require")
    command, named = seen[0]
    assert command == ["pg_dump"]
    expected = {"PGHOST": "db.example", "PGPORT": "5433", "PGPASSWORD": "gi@u", "PGSSLMODE": "require"}
    assert expected.items() <= named["env"].items()
    assert "PGPASSWORD" not in os.environ


def test_the_commands_say_what_they_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from troly.backups import commands

    old = Settings(_env_file=None, data_dir=tmp_path / "a", model_dir=tmp_path / "am", encryption_keys=KEY)
    new = Settings(_env_file=None, data_dir=tmp_path / "b", model_dir=tmp_path / "bm", encryption_keys=KEY)
    fill(old)
    file, run = str(tmp_path / "x.tar.gz"), CliRunner().invoke
    monkeypatch.setattr(commands, "settings", lambda: old)
    made = run(commands.backup, [file])
    assert made.exit_code == 0, made.output
    assert "read again and found whole" in made.output and mark(KEY) in made.output and KEY not in made.output
    checked = run(commands.restore, [file, "--check"])
    assert "is whole" in checked.output and "All its keys are here." in checked.output
    assert "ENCRYPTION_KEYS" in json.dumps(archive.look(Path(file)).settings)
    monkeypatch.setattr(commands, "settings", lambda: new)
    done = run(commands.restore, [file])
    assert done.exit_code == 0, done.output
    assert "1 conversations, 3 messages wait" in done.output
