"""The secrets of staff's one-time codes follow when keys are changed."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import insert, select

from troly.clock import now
from troly.database import engine
from troly.privacy import Keyring, new_key
from troly.rotation import rotate
from troly.tables import Base
from troly.tables.staff import StaffUser


def test_a_secret_is_readable_without_the_old_key_after_the_rotation(tmp_path: Path) -> None:
    old, fresh = new_key(), new_key()
    made = engine(f"sqlite:///{tmp_path / 'troly.db'}")
    Base.metadata.create_all(made)
    with made.begin() as connection:
        for name, secret in (("lan", Keyring([old]).encrypt("JBSWY3DP")), ("mai", None)):
            connection.execute(
                insert(StaffUser).values(
                    id=name, name=name, display_name=name, totp_secret=secret, created_at=now()
                )
            )
    assert list(rotate(made, Keyring([fresh, old])))[-1] == 1
    with made.connect() as connection:
        stored = connection.scalar(select(StaffUser.totp_secret).where(StaffUser.name == "lan"))
    assert stored and Keyring([fresh]).decrypt(stored) == "JBSWY3DP"
    made.dispose()
