"""Limits for an organisation and a day, what each turn is charged to, and the gates of vendors."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "limits",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("nano_usd", sa.BigInteger(), nullable=True),
        sa.Column("set_by", sa.JSON(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_limits")),
    )
    op.create_table(
        "gates",
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("closed_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_gates")),
    )
    with op.batch_alter_table("accounts") as accounts:
        accounts.add_column(sa.Column("reserved_nano_usd", sa.BigInteger(), nullable=False, server_default="0"))
    with op.batch_alter_table("turns") as turns:
        turns.add_column(sa.Column("scopes", sa.JSON(), nullable=True))
        turns.add_column(sa.Column("attempt", sa.Integer(), nullable=False, server_default="1"))
        turns.add_column(sa.Column("lost_tokens", sa.BigInteger(), nullable=False, server_default="0"))
        turns.add_column(sa.Column("lost_nano_usd", sa.BigInteger(), nullable=False, server_default="0"))
    # Until now a run's account was the only one. What it holds for turns without a document is reserved.
    op.execute(
        "UPDATE accounts SET reserved_nano_usd = COALESCE((SELECT SUM(turns.nano_usd) FROM turns"
        " WHERE 'run/' || turns.run = accounts.scope AND turns.document IS NULL), 0)"
    )


def downgrade() -> None:
    with op.batch_alter_table("turns") as turns:
        turns.drop_column("lost_nano_usd")
        turns.drop_column("lost_tokens")
        turns.drop_column("attempt")
        turns.drop_column("scopes")
    with op.batch_alter_table("accounts") as accounts:
        accounts.drop_column("reserved_nano_usd")
    op.drop_table("gates")
    op.drop_table("limits")
