"""Runs revisions on the connection that is handed in, in its transaction: all of them or none.

Alembic loads this file by its path; ``bavn.centre.store.schema`` is who calls Alembic.
"""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=context.config.attributes.get("metadata"),
    render_as_batch=True,
    compare_type=True,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
