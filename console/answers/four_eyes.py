"""Whoever wrote a draft does not approve it, unless nobody else could."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from console.errors import Refused
from console.permissions import GRANTS, Permission, Role
from console.visits import Staff
from troly.tables.staff import StaffGrant, StaffUser


async def others_who_approve(connection: AsyncConnection, staff: Staff) -> int:
    """How many other active accounts may approve."""
    roles = [role.value for role in Role if Permission.ANSWERS_APPROVE in GRANTS[role]]
    count = await connection.scalar(
        select(func.count(StaffUser.id.distinct()))
        .join(StaffGrant, StaffGrant.user_id == StaffUser.id)
        .where(StaffGrant.role.in_(roles), StaffUser.disabled_at.is_(None), StaffUser.id != staff.id)
    )
    return int(count or 0)


async def alone(connection: AsyncConnection, staff: Staff) -> None:
    """Raises Refused unless this is an administrator and nobody else may approve."""
    if Role.ADMIN not in staff.roles or await others_who_approve(connection, staff):
        raise Refused("answers.four_eyes")
