"""Tables of dependencies between integrations, and of what is to end."""

from sqlalchemy import JSON, Column, ForeignKey, String, Table

from adapters.database.tables import Moment, metadata

# Those of the entry that is current in the registry, written and removed with it.
dependencies = Table(
    "dependencies",
    metadata,
    Column("integration_id", String(36), ForeignKey("integrations.id"), primary_key=True),
    Column("depends_on", String(50), primary_key=True, index=True),
    Column("version_range", String(80), nullable=False),
)

deprecations = Table(
    "deprecations",
    metadata,
    Column("integration_id", String(36), ForeignKey("integrations.id"), primary_key=True),
    Column("deprecated_at", Moment, nullable=False),
    Column("document", JSON, nullable=False),
)
