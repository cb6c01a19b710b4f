"""How integrations are, their figures by the hour, incidents; and whether the APIs they use have changed."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

OPEN = sa.text("closed_at IS NULL")
UNSETTLED = sa.text("NOT settled")


def upgrade() -> None:
    _health()
    _incidents()
    _drift()


def _health() -> None:
    op.create_table(
        "health",
        sa.Column("integration_id", sa.String(36), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("good_streak", sa.Integer, nullable=False),
        sa.Column("bad_streak", sa.Integer, nullable=False),
        sa.Column("recent", sa.String(50), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("latency_ms", sa.Float, nullable=False),
        sa.Column("version", sa.String(50), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("integration_id", name=op.f("pk_health")),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integrations.id"], name=op.f("fk_health_integration_id_integrations")
        ),
    )
    op.create_index(op.f("ix_health_state"), "health", ["state"])
    op.create_index(op.f("ix_health_due_at"), "health", ["due_at"])
    op.create_table(
        "health_hours",
        sa.Column("integration_id", sa.String(36), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checks", sa.Integer, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("latency_sum_ms", sa.Float, nullable=False),
        sa.Column("latency_max_ms", sa.Float, nullable=False),
        sa.Column("requests", sa.BigInteger, nullable=False),
        sa.Column("errors", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("integration_id", "hour", name=op.f("pk_health_hours")),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integrations.id"], name=op.f("fk_health_hours_integration_id_integrations")
        ),
    )
    op.create_index(op.f("ix_health_hours_hour"), "health_hours", ["hour"])


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("integration_id", sa.String(36), nullable=False),
        sa.Column("version", sa.String(50), nullable=False),
        sa.Column("deployment_id", sa.String(36), nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("settled", sa.Boolean, nullable=False),
        sa.Column("steps", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integrations.id"], name=op.f("fk_incidents_integration_id_integrations")
        ),
    )
    op.create_index(
        "uq_incidents_open", "incidents", ["integration_id"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN
    )
    op.create_index(
        "ix_incidents_unsettled", "incidents", ["opened_at"], sqlite_where=UNSETTLED, postgresql_where=UNSETTLED
    )
    op.create_index("ix_incidents_integration", "incidents", ["integration_id", "opened_at"])


def _drift() -> None:
    op.create_table(
        "drift",
        sa.Column("integration_id", sa.String(36), nullable=False),
        sa.Column("version", sa.String(50), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document_hash", sa.String(80)),
        sa.Column("differences", sa.JSON, nullable=False),
        sa.Column("acted_on", sa.String(80)),
        sa.Column("update_run", sa.String(64)),
        sa.Column("unreachable_since", sa.DateTime(timezone=True)),
        sa.Column("told_at", sa.DateTime(timezone=True)),
        sa.Column("error", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("integration_id", name=op.f("pk_drift")),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integrations.id"], name=op.f("fk_drift_integration_id_integrations")
        ),
    )


def downgrade() -> None:
    for table in ("drift", "incidents", "health_hours", "health"):
        op.drop_table(table)
