"""What people do beside rating, and the lists they were shown."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("model_version", sa.Integer(), nullable=True),
        sa.Column("variant", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["item_id"], ["items.item_id"], name=op.f("events_item_id_fkey"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], name=op.f("events_user_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("events_pkey")),
    )
    op.create_index(op.f("events_user_id_at_idx"), "events", ["user_id", "at"], unique=False)
    op.create_index(op.f("events_item_id_idx"), "events", ["item_id"], unique=False)
    op.create_index(op.f("events_received_at_idx"), "events", ["received_at"], unique=False)
    op.create_table(
        "impressions",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("model_version", sa.Integer(), nullable=True),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("item_ids", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("propensities", sa.ARRAY(sa.REAL()), nullable=True),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index(op.f("impressions_user_id_at_idx"), "impressions", ["user_id", "at"], unique=False)
    op.create_index(op.f("impressions_request_id_idx"), "impressions", ["request_id"], unique=False)
