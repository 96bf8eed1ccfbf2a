"""Everything that staff may change: what is shipped, and what they made themselves."""

from __future__ import annotations

from sqlalchemy import func, select

from console.answers.guides import Guides
from console.answers.kinds import Content, Item, Kind
from console.answers.notices import GatewayTexts
from console.answers.offices import Offices
from console.answers.texts import Texts
from console.errors import Missing
from console.parts import Console
from troly.answers.live import MADE
from troly.tables.answers import AnswerVersion

KINDS: dict[str, Kind] = {kind.path: kind for kind in (Texts(), GatewayTexts(), Guides(), Offices())}
OF_NAME = {kind.name: kind for kind in KINDS.values()}


async def all_of(console: Console, kind: Kind) -> dict[str, Item]:
    """Every thing of a kind; those that staff made come first, the newest of them at the top."""
    shipped = await kind.items(console)
    if not kind.grows:
        return shipped
    query = select(AnswerVersion.key, func.max(AnswerVersion.id)).where(AnswerVersion.kind == kind.name)
    async with console.store.read() as connection:
        last = (await connection.execute(query.group_by(AnswerVersion.key))).all()
        rows = await connection.execute(
            select(AnswerVersion.key, AnswerVersion.content)
            .where(AnswerVersion.id.in_([version for key, version in last if key not in shipped]))
            .order_by(AnswerVersion.id.desc())
        )
    made = {key: kind.blank(key, console, content) for key, content in rows if _is_made(content)}
    return made | shipped


async def find(console: Console, path: str, key: str) -> tuple[Kind, Item]:
    """One thing. Raises Missing."""
    kind = KINDS.get(path)
    if kind is None:
        raise Missing("answers.no_thing")
    shipped = await kind.items(console)
    if item := shipped.get(key):
        return kind, item
    query = (
        select(AnswerVersion.content)
        .where(AnswerVersion.kind == kind.name, AnswerVersion.key == key)
        .order_by(AnswerVersion.id.desc())
        .limit(1)
    )
    async with console.store.read() as connection:
        content = await connection.scalar(query)
    if not (kind.grows and _is_made(content)):
        raise Missing("answers.no_thing")
    return kind, kind.blank(key, console, content)


def growing(path: str) -> Kind:
    """The kind of which staff may add some. Raises Missing."""
    kind = KINDS.get(path)
    if kind is None or not kind.grows:
        raise Missing("answers.no_thing")
    return kind


def _is_made(content: Content | None) -> bool:
    return bool(content and content.get(MADE))
