"""The tables of the sweep: how each integration is, its figures by the hour, and what went wrong."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    text,
)

from adapters.database.tables import Moment, Words, metadata

# `recent` holds the letters of the last outcomes that count, the newest last.
health = Table(
    "health",
    metadata,
    Column("integration_id", String(36), ForeignKey("integrations.id"), primary_key=True),
    Column("state", String(20), nullable=False, index=True),
    Column("since", Moment, nullable=False),
    Column("good_streak", Integer, nullable=False),
    Column("bad_streak", Integer, nullable=False),
    Column("recent", String(50), nullable=False),
    Column("checked_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False, index=True),
    Column("latency_ms", Float, nullable=False),
    Column("version", String(50), nullable=False),
    Column("detail", Words, nullable=False),
)

health_hours = Table(
    "health_hours",
    metadata,
    Column("integration_id", String(36), ForeignKey("integrations.id"), primary_key=True),
    Column("hour", Moment, primary_key=True, index=True),
    Column("checks", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("latency_sum_ms", Float, nullable=False),
    Column("latency_max_ms", Float, nullable=False),
    Column("requests", BigInteger, nullable=False),
    Column("errors", BigInteger, nullable=False),
)

OPEN = text("closed_at IS NULL")
UNSETTLED = text("NOT settled")

incidents = Table(
    "incidents",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("integration_id", String(36), ForeignKey("integrations.id"), nullable=False),
    Column("version", String(50), nullable=False),
    Column("deployment_id", String(36), nullable=False),
    Column("cause", Words, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("settled", Boolean, nullable=False),
    Column("steps", JSON, nullable=False),
    Index("uq_incidents_open", "integration_id", unique=True, sqlite_where=OPEN, postgresql_where=OPEN),
    Index("ix_incidents_unsettled", "opened_at", sqlite_where=UNSETTLED, postgresql_where=UNSETTLED),
    Index("ix_incidents_integration", "integration_id", "opened_at"),
)
