"""Requests that were sent with an Idempotency-Key."""

from sqlalchemy import Column, Index, String, Table, Text

from adapters.database.tables import Moment, metadata

repeats = Table(
    "repeats",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("request_id", String(36), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("holder", String(36), nullable=False),
    Column("held_until", Moment, nullable=False),
    Column("answer", Text),
    Column("created_at", Moment, nullable=False),
    Index("ix_repeats_created_at", "created_at"),
)
