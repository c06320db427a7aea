"""An index on who was erased lately: nothing that was shown to them is written afterwards."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_index(
        "changes_erased_idx", "changes", ["key"], postgresql_where=sa.text("kind = 'user_erased'")
    )
