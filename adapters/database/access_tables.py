"""Organisations, who belongs to them with which role, roles of their own, and open invitations."""

from sqlalchemy import JSON, Column, ForeignKey, Index, String, Table

from adapters.database.tables import Moment, Words, metadata

organizations = Table(
    "organizations",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", Words, nullable=False),
    Column("created_at", Moment, nullable=False),
)

# A person's home organisation is in `people`; whether they belong to it, and as what, is here like for all others.
memberships = Table(
    "memberships",
    metadata,
    Column("person_id", String(36), ForeignKey("people.id"), primary_key=True),
    Column("organization_id", String(36), primary_key=True),
    Column("role", String(40), nullable=False),
    Column("created_at", Moment, nullable=False),
    Index("ix_memberships_organization_id", "organization_id", "role"),
)

# Those built in are not here.
roles = Table(
    "roles",
    metadata,
    Column("organization_id", String(36), primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("permissions", JSON, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

# The code itself is not kept, only its SHA-256.
invitations = Table(
    "invitations",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("organization_id", String(36), nullable=False, index=True),
    Column("role", String(40), nullable=False),
    Column("email", Words),
    Column("invited_by", String(36), ForeignKey("people.id"), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("accepted_by", String(36), ForeignKey("people.id")),
)
