"""Times of items that no calendar has: none stands, and none comes in again."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("LOCK TABLE items IN ACCESS EXCLUSIVE MODE")  # at once: a service may still be writing
    op.execute(
        "UPDATE items SET updated_at = now(), "
        "created_at = least(greatest(created_at, '0002-01-01Z'), '9998-12-31Z') "
        "WHERE created_at < '0002-01-01Z' OR created_at >= '9999-01-01Z'"
    )
    op.create_check_constraint(
        op.f("items_created_at_check"),
        "items",
        "created_at >= '0002-01-01Z' AND created_at < '9999-01-01Z'",
    )
