"""What tests of versions found."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "test_runs",
        sa.Column("integration_id", sa.String(36), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(20)),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("cases", sa.JSON()),
        sa.ForeignKeyConstraint(["integration_id"], ["integrations.id"], name=op.f("fk_test_runs_integration_id")),
        sa.PrimaryKeyConstraint("integration_id", "id", name=op.f("pk_test_runs")),
    )
    op.create_index("ix_test_runs_integration_id_started_at", "test_runs", ["integration_id", "started_at"])


def downgrade() -> None:
    op.drop_table("test_runs")
