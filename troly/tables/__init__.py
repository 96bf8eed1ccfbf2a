"""Every table of the one database. Processes share the schema, not each other's code."""

# Each module registers its tables in the metadata when it is imported; a table module that is
# missing here would be missing in every migration.
from troly.tables import catalogue, conversations, delivery, tracker
from troly.tables.base import Base, metadata

__all__ = ["Base", "catalogue", "conversations", "delivery", "metadata", "tracker"]
