"""Deliveries are looked through by outcome and time, and how often each was handled is counted; installations."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("action", sa.String(20), nullable=False, server_default="waiting"))
    op.add_column("deliveries", sa.Column("attempts", sa.Integer, nullable=False, server_default="1"))
    if op.get_bind().dialect.name == "postgresql":
        op.execute("UPDATE deliveries SET action = outcome ->> 'action' WHERE finished_at IS NOT NULL")
    else:
        op.execute("UPDATE deliveries SET action = json_extract(outcome, '$.action') WHERE finished_at IS NOT NULL")
    op.create_index("ix_deliveries_page", "deliveries", ["stored_at", "source", "id"])
    op.create_index("ix_deliveries_outcome", "deliveries", ["action", "stored_at"])
    op.create_table(
        "installations",
        sa.Column("id", _NUMBER, autoincrement=False),
        sa.Column("account", sa.String(200), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_installations"),
    )
    op.create_table(
        "installed_repositories",
        sa.Column("repository", sa.String(255)),
        sa.Column("installation_id", _NUMBER, autoincrement=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("repository", "installation_id", name="pk_installed_repositories"),
    )
    op.create_index("ix_installed_repositories_installation_id", "installed_repositories", ["installation_id"])


def downgrade() -> None:
    op.drop_table("installed_repositories")
    op.drop_table("installations")
    op.drop_index("ix_deliveries_outcome", "deliveries")
    op.drop_index("ix_deliveries_page", "deliveries")
    op.drop_column("deliveries", "attempts")
    op.drop_column("deliveries", "action")
