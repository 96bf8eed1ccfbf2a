"""What stands in the menu, in its order; whoever may not use a page does not see it."""

from __future__ import annotations

from dataclasses import dataclass

from console.permissions import Permission


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the menu; its text is navigation.<name>."""

    name: str
    path: str
    needs: Permission


ENTRIES = (
    Entry("conversations", "/conversations", Permission.CONVERSATIONS_READ),
    Entry("review", "/review", Permission.REVIEW_READ),
    Entry("handover", "/handover", Permission.HANDOVER_READ),
    Entry("undelivered", "/undelivered", Permission.CONVERSATIONS_READ),
    Entry("figures", "/figures", Permission.FIGURES_READ),
    Entry("answers", "/answers", Permission.ANSWERS_READ),
    Entry("training", "/training", Permission.TRAINING_READ),
    Entry("controls", "/controls", Permission.CONTROLS_READ),
    Entry("staff", "/staff", Permission.STAFF_MANAGE),
    Entry("audit", "/audit", Permission.AUDIT_READ),
)
