"""Which API an integration is for, so that later runs find what failed with it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("integrations", sa.Column("api_host", sa.String(300)))
    op.create_index("ix_integrations_api_host", "integrations", ["api_host"])


def downgrade() -> None:
    op.drop_index("ix_integrations_api_host", "integrations")
    op.drop_column("integrations", "api_host")
