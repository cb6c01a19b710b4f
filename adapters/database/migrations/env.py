"""Run by alembic for each command: on the connection, and in the transaction, that it is given."""

from alembic import context

from adapters.database.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter columns: alembic copies the table
    compare_type=True,
)
context.run_migrations()
