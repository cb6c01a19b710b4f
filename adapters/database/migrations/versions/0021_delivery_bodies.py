"""The raw body of a delivery is in its row, so that the two are stored, and forgotten, as one."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("body", sa.LargeBinary))


def downgrade() -> None:
    op.drop_column("deliveries", "body")
