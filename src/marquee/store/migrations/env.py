"""Alembic's entry: it runs on the connection that `marquee.store.engine.migrate` hands over."""

from alembic import context

from marquee.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
