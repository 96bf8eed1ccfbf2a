"""Every table of the one database. Processes share the schema, not each other's code."""

# Each module registers its tables in the metadata when it is imported; a table module that is
# missing here would be missing in every migration.
from troly.tables import (
    audit,
    catalogue,
    channels,
    checklists,
    conversations,
    counts,
    delivery,
    handover,
    leases,
    marks,
    notices,
    offices,
    reports,
    staff,
    tracker,
    turns,
    verification,
)
from troly.tables.base import Base, metadata

__all__ = [
    "Base",
    "audit",
    "catalogue",
    "channels",
    "checklists",
    "conversations",
    "counts",
    "delivery",
    "handover",
    "leases",
    "marks",
    "metadata",
    "notices",
    "offices",
    "reports",
    "staff",
    "tracker",
    "turns",
    "verification",
]
