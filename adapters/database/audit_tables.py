"""The audit: entries that are only ever added, and how far the chain of each organisation reaches."""

from sqlalchemy import JSON, BigInteger, Column, Index, String, Table

from adapters.database.tables import Moment, Words, metadata

audit = Table(
    "audit",
    metadata,
    Column("organization_id", String(36), primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("actor", JSON, nullable=False),
    Column("action", String(80), nullable=False),
    Column("subject", String(300), nullable=False),
    Column("result", String(80), nullable=False),
    Column("detail", Words, nullable=False),
    Column("client", String(64)),
    Column("hash", String(64), nullable=False),
    Index("ix_audit_subject", "subject", "organization_id", "sequence"),
)

audit_heads = Table(
    "audit_heads",
    metadata,
    Column("organization_id", String(36), primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)
