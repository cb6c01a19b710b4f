"""What an integration's newest run does, now that there are others than creating it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("integrations", sa.Column("operation", sa.String(20), nullable=False, server_default="create"))


def downgrade() -> None:
    op.drop_column("integrations", "operation")
