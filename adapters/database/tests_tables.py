"""The table of test runs."""

from sqlalchemy import JSON, Column, ForeignKey, Index, String, Table

from adapters.database.tables import Moment, metadata

# `document` is the summary; `cases`, each test by name, is kept for the newest runs of an integration only.
test_runs = Table(
    "test_runs",
    metadata,
    Column("integration_id", String(36), ForeignKey("integrations.id"), primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("started_at", Moment, nullable=False),
    Column("outcome", String(20)),
    Column("document", JSON, nullable=False),
    Column("cases", JSON(none_as_null=True)),
    Index("ix_test_runs_integration_id_started_at", "integration_id", "started_at"),
)
