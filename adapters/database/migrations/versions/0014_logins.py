"""Accounts, second factors, what was mailed, and sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _of_people()
    op.create_table(
        "mailed_tokens",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("purpose", sa.String(20), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_mailed_tokens")),
    )
    op.create_index("ix_mailed_tokens_expires_at", "mailed_tokens", ["expires_at"])
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("person_id", sa.String(36), nullable=False),
        sa.Column("method", sa.String(20), nullable=False),
        sa.Column("second_factor", sa.Boolean(), nullable=False),
        sa.Column("ip", sa.String(64), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        _person("sessions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
    )
    op.create_index("ix_sessions_person_id", "sessions", ["person_id"])
    op.create_table(
        "refresh_tokens",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("session_id", sa.String(36), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_refresh_tokens_session_id_sessions")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_refresh_tokens")),
    )
    op.create_index("ix_refresh_tokens_session_id", "refresh_tokens", ["session_id"])


def _of_people() -> None:
    op.create_table(
        "logins",
        sa.Column("person_id", sa.String(36), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", sa.String(300), nullable=False),
        sa.Column("password", sa.Text()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_login", sa.DateTime(timezone=True)),
        _person("logins"),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_logins")),
        sa.UniqueConstraint("email_key", name=op.f("uq_logins_email_key")),
    )
    op.create_table(
        "first_logins",
        sa.Column("only", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.String(36), nullable=False),
        _person("first_logins"),
        sa.PrimaryKeyConstraint("only", name=op.f("pk_first_logins")),
    )
    op.create_table(
        "login_places",
        sa.Column("person_id", sa.String(36), nullable=False),
        sa.Column("place", sa.String(64), nullable=False),
        sa.Column("last_login", sa.DateTime(timezone=True), nullable=False),
        _person("login_places"),
        sa.PrimaryKeyConstraint("person_id", "place", name=op.f("pk_login_places")),
    )
    op.create_table(
        "second_factors",
        sa.Column("person_id", sa.String(36), nullable=False),
        sa.Column("ciphertext", sa.Text(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        _person("second_factors"),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_second_factors")),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("person_id", sa.String(36), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        _person("recovery_codes"),
        sa.PrimaryKeyConstraint("person_id", "sha256", name=op.f("pk_recovery_codes")),
    )


def _person(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f(f"fk_{table}_person_id_people"))


def downgrade() -> None:
    for table in (
        *("refresh_tokens", "sessions", "mailed_tokens"),
        *("recovery_codes", "second_factors", "login_places", "first_logins", "logins"),
    ):
        op.drop_table(table)
