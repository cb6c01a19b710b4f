"""Whether a run is under way: an integration that serves may have one, so its stage does not say."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("integrations", sa.Column("under_way", sa.Boolean, nullable=False, server_default=sa.true()))
    op.execute("UPDATE integrations SET under_way = false WHERE stage IN ('active', 'failed', 'deprecated', 'retired')")


def downgrade() -> None:
    op.drop_column("integrations", "under_way")
