"""What Alembic runs for each command. troly.migrate hands it the open connection."""

from alembic import context

from troly.migrate import SETTINGS

context.configure(connection=context.config.attributes["connection"], **SETTINGS)
with context.begin_transaction():
    context.run_migrations()
