"""Who may do what: the one table of roles and permissions. Every route names a permission of it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Permission(StrEnum):
    """Something that a role may do."""

    CONVERSATIONS_READ = "conversations.read"
    """Personal data masked."""
    CONVERSATIONS_MARK = "conversations.mark"
    CONVERSATIONS_REVEAL = "conversations.reveal"
    CONVERSATIONS_EXPORT = "conversations.export"
    REVIEW_READ = "review.read"
    REVIEW_LABEL = "review.label"
    REVIEW_CONFIRM = "review.confirm"
    EXAMPLES_WRITE = "examples.write"
    TRAINING_READ = "training.read"
    TRAINING_RUN = "training.run"
    TRAINING_ACTIVATE = "training.activate"
    TRAINING_OVERRULE = "training.overrule"
    """Activate what the figures speak against."""
    ANSWERS_READ = "answers.read"
    ANSWERS_WRITE = "answers.write"
    ANSWERS_APPROVE = "answers.approve"
    HANDOVER_READ = "handover.read"
    HANDOVER_TAKE = "handover.take"
    FIGURES_READ = "figures.read"
    FIGURES_EXPORT = "figures.export"
    CONTROLS_READ = "controls.read"
    CONTROLS_WRITE = "controls.write"
    STAFF_MANAGE = "staff.manage"
    AUDIT_READ = "audit.read"


class Role(StrEnum):
    """What an account is for; one account may have several."""

    REVIEWER = "reviewer"
    EDITOR = "editor"
    OFFICER = "officer"
    ANALYST = "analyst"
    ADMIN = "admin"


ROLES = frozenset(role.value for role in Role)

_P = Permission

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.REVIEWER: frozenset(
        {_P.CONVERSATIONS_READ, _P.CONVERSATIONS_MARK, _P.REVIEW_READ, _P.REVIEW_LABEL, _P.REVIEW_CONFIRM}
        | {_P.TRAINING_READ, _P.ANSWERS_READ, _P.FIGURES_READ}
    ),
    Role.EDITOR: frozenset(
        {_P.CONVERSATIONS_READ, _P.CONVERSATIONS_MARK, _P.CONVERSATIONS_EXPORT, _P.FIGURES_READ}
        | {_P.REVIEW_READ, _P.REVIEW_LABEL, _P.REVIEW_CONFIRM, _P.EXAMPLES_WRITE}
        | {_P.TRAINING_READ, _P.TRAINING_RUN, _P.TRAINING_ACTIVATE}
        | {_P.ANSWERS_READ, _P.ANSWERS_WRITE, _P.ANSWERS_APPROVE}
    ),
    Role.OFFICER: frozenset(
        {_P.CONVERSATIONS_READ, _P.CONVERSATIONS_MARK, _P.CONVERSATIONS_REVEAL}
        | {_P.HANDOVER_READ, _P.HANDOVER_TAKE, _P.ANSWERS_READ, _P.FIGURES_READ}
    ),
    Role.ANALYST: frozenset({_P.FIGURES_READ, _P.FIGURES_EXPORT}),
    Role.ADMIN: frozenset(Permission),
}


def permissions_of(roles: Iterable[str]) -> frozenset[Permission]:
    """What the roles may do together; a role that is not known may do nothing."""
    known = [GRANTS[Role(role)] for role in roles if role in ROLES]
    return frozenset().union(*known)
