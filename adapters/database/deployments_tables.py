"""What runs where."""

from sqlalchemy import Column, ForeignKey, Index, String, Table, Text, text

from adapters.database.tables import Moment, metadata

SERVING = text("state = 'serving'")

deployments = Table(
    "deployments",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("integration_id", String(36), ForeignKey("integrations.id"), nullable=False),
    Column("version", String(50), nullable=False),
    Column("environment", String(20), nullable=False),
    Column("target", String(40), nullable=False),
    Column("state", String(20), nullable=False),
    Column("url", Text),
    Column("since", Moment, nullable=False),
    Index("ix_deployments_integration_id", "integration_id"),
    Index(
        "uq_deployments_serving",
        "integration_id",
        "environment",
        unique=True,
        sqlite_where=SERVING,
        postgresql_where=SERVING,
    ),
)
