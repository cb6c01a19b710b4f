"""What conversations say while they say it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "live",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("run", sa.String(290), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_live")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_live_run_position", "live", ["run", "position"])
    op.create_index("ix_live_at", "live", ["at"])


def downgrade() -> None:
    op.drop_table("live")
