"""What a database says about itself: its counts, the files that belong to it, what is encrypted in it."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from troly.errors import SettingError
from troly.privacy import MASK, Keyring
from troly.tables import metadata
from troly.tables.channels import AddressRow, MediaRow, PlatformToken
from troly.tables.conversations import Conversation
from troly.tables.delivery import WAITING, Inbox
from troly.tables.handover import Handover
from troly.tables.reports import Report
from troly.tables.staff import StaffUser
from troly.tables.training import ModelActivation, ModelVersion

_ENCRYPTED = (
    AddressRow.external_id,
    AddressRow.display_name,
    PlatformToken.access_token,
    PlatformToken.refresh_token,
    StaffUser.totp_secret,
    Report.contact,
    Handover.message,
    Handover.contact,
)
_LOOKED_AT = 2000
"""Values of each column, the oldest and the newest half: keys are changed over time."""


def revision(connection: sa.Connection) -> str | None:
    """The schema's revision; None where the database has no tables of ours."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return found


def counts(connection: sa.Connection) -> dict[str, int]:
    """Rows of each table that is there."""
    there = set(sa.inspect(connection).get_table_names())
    return {
        name: int(connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0)
        for name, table in sorted(metadata.tables.items())
        if name in there
    }


def media(connection: sa.Connection) -> list[str]:
    """The names of the files in DATA_DIR/media that rows name."""
    if not _has(connection, "media"):
        return []
    return sorted({str(name) for name in connection.scalars(sa.select(MediaRow.sha256))})


def models(connection: sa.Connection) -> list[str]:
    """The files in MODEL_DIR that answer, and the ones to go back to; the present one first."""
    if not _has(connection, ModelActivation.__tablename__):
        return []
    query = (
        sa.select(ModelActivation.version, ModelActivation.previous)
        .order_by(ModelActivation.id.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    found = []
    for name in row or ():
        path = connection.scalar(sa.select(ModelVersion.path).where(ModelVersion.name == name))
        if path:
            found.append(str(path))
    return found


def encrypted(connection: sa.Connection) -> Iterator[str]:
    """What only the keyring can read, a part of it. For a database of the newest schema."""
    for column in _ENCRYPTED:
        table = sa.inspect(column.class_).local_table
        key = next(iter(table.primary_key.columns))
        values: dict[str, None] = {}
        for order in (key.asc(), key.desc()):
            query = sa.select(column).where(column.is_not(None)).order_by(order).limit(_LOOKED_AT // 2)
            values |= dict.fromkeys(value for value in connection.scalars(query) if value)
        yield from values
    secrets = sa.select(Inbox.text).where(Inbox.secret, Inbox.state == WAITING, Inbox.text != MASK)
    yield from (text for text in connection.scalars(secrets.limit(_LOOKED_AT)) if text)


def opened(connection: sa.Connection, keyring: Keyring | None) -> int:
    """How many encrypted values the keyring could read. Raises SettingError for one that it could not."""
    done = 0
    for value in encrypted(connection):
        if keyring is None:
            raise SettingError(
                "ENCRYPTION_KEYS: the backup holds encrypted data and there is no key; "
                "set ENCRYPTION_KEYS, or put the file encryption_keys into DATA_DIR"
            )
        keyring.decrypt(value)
        done += 1
    return done


def unfinished(connection: sa.Connection) -> tuple[int, int]:
    """Messages without an answer, and conversations: what an operator wants to read after a restore."""
    waiting = connection.scalar(sa.select(sa.func.count()).where(Inbox.state == WAITING)) or 0
    return int(waiting), int(connection.scalar(sa.select(sa.func.count()).select_from(Conversation)) or 0)


def _has(connection: sa.Connection, table: str) -> bool:
    return sa.inspect(connection).has_table(table)
