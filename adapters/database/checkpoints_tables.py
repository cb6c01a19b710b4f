"""The table of what failed runs leave behind."""

from sqlalchemy import JSON, Column, ForeignKey, String, Table

from adapters.database.tables import Moment, metadata

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("integration_id", String(36), ForeignKey("integrations.id"), primary_key=True),
    Column("run_id", String(100), nullable=False),
    Column("at", Moment, nullable=False),
    Column("document", JSON, nullable=False),
)
