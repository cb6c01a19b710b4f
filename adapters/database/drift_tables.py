"""The table of the drift watch: what the newest look at each outside API's document found."""

from sqlalchemy import JSON, Column, ForeignKey, String, Table

from adapters.database.tables import Moment, Words, metadata

# `acted_on` is the hash of the document for which an update was opened; `unreachable_since` is None while it is read.
drift = Table(
    "drift",
    metadata,
    Column("integration_id", String(36), ForeignKey("integrations.id"), primary_key=True),
    Column("version", String(50), nullable=False),
    Column("checked_at", Moment, nullable=False),
    Column("document_hash", String(80)),
    Column("differences", JSON, nullable=False),
    Column("acted_on", String(80)),
    Column("update_run", String(64)),
    Column("unreachable_since", Moment),
    Column("told_at", Moment),
    Column("error", Words, nullable=False),
)
