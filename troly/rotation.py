"""Encrypts the database anew with the newest key, so that older keys can be thrown away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Engine, Row, Select, select, update

from troly.privacy import Keyring
from troly.tables.channels import AddressRow, PlatformToken
from troly.tables.conversations import Conversation
from troly.tables.handover import Handover
from troly.tables.reports import Report
from troly.tables.staff import StaffUser

_PAGE = 500


def rotate(engine: Engine, keyring: Keyring) -> Iterator[int]:
    """Renew every row, page by page; gives the number done so far after each. Safe to repeat.

    Gateways may run meanwhile, provided that they know the newest key. A row that they change at the
    same moment is left as they made it. Raises SettingError when a key is missing.
    """
    done, last = 0, ""
    while rows := _addresses(engine, last):
        with engine.begin() as connection:
            for row in rows:
                connection.execute(_renewed_address(row, keyring))
        done, last = done + len(rows), rows[-1].conversation_id
        yield done
    with engine.begin() as connection:
        for row in connection.execute(select(PlatformToken.__table__)).all():
            connection.execute(_renewed_token(row, keyring))
            done += 1
        for staff in connection.execute(_with_codes()).all():
            connection.execute(
                update(StaffUser)
                .where(StaffUser.id == staff.id, StaffUser.totp_secret == staff.totp_secret)
                .values(totp_secret=keyring.renew(staff.totp_secret or ""))
            )
            done += 1
        for report in connection.execute(_contacts()).all():
            renewed = update(Report).where(Report.id == report.id, Report.contact == report.contact)
            connection.execute(renewed.values(contact=keyring.renew(report.contact or "")))
            done += 1
        for left in connection.execute(_left_messages()).all():
            kept = {"message": left.message, "contact": left.contact}
            connection.execute(
                update(Handover)
                .where(Handover.id == left.id, Handover.message == left.message)
                .values({name: text and keyring.renew(text) for name, text in kept.items()})
            )
            done += 1
    yield done


def _contacts() -> Select[str, str | None]:
    return select(Report.id, Report.contact).where(Report.contact.is_not(None))


def _left_messages() -> Any:
    return select(Handover.id, Handover.message, Handover.contact).where(Handover.message.is_not(None))


def _with_codes() -> Select[str, str | None]:
    return select(StaffUser.id, StaffUser.totp_secret).where(StaffUser.totp_secret.is_not(None))


def _addresses(engine: Engine, after: str) -> list[Row[Any]]:
    with engine.connect() as connection:
        return list(
            connection.execute(
                select(
                    AddressRow.conversation_id,
                    AddressRow.external_id,
                    AddressRow.display_name,
                    Conversation.channel,
                )
                .join(Conversation, Conversation.id == AddressRow.conversation_id)
                .where(AddressRow.conversation_id > after)
                .order_by(AddressRow.conversation_id)
                .limit(_PAGE)
            )
        )


def _renewed_address(row: Row[Any], keyring: Keyring) -> Any:
    external_id = keyring.decrypt(row.external_id)
    return (
        update(AddressRow)
        .where(AddressRow.conversation_id == row.conversation_id, AddressRow.external_id == row.external_id)
        .values(
            lookup=keyring.hash(row.channel, external_id),
            external_id=keyring.encrypt(external_id),
            display_name=keyring.renew(row.display_name) if row.display_name else None,
        )
    )


def _renewed_token(row: Row[Any], keyring: Keyring) -> Any:
    return (
        update(PlatformToken)
        .where(
            PlatformToken.channel == row.channel,
            PlatformToken.access_token == row.access_token,
            PlatformToken.refresh_token == row.refresh_token,
        )
        .values(
            access_token=keyring.renew(row.access_token) if row.access_token else None,
            refresh_token=keyring.renew(row.refresh_token) if row.refresh_token else None,
        )
    )
