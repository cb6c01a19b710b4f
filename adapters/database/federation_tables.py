"""Identities at providers, passkeys, what is good once, requests of devices. Secrets are kept as their SHA-256."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from adapters.database.tables import Moment, Words, metadata


def _person(*, nullable: bool = False) -> Column[str]:
    return Column("person_id", String(36), ForeignKey("people.id"), nullable=nullable)


identities = Table(
    "identities",
    metadata,
    Column("id", String(36), primary_key=True),
    _person(),
    Column("provider", String(40), nullable=False),
    Column("issuer", String(300), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("email", Words),
    Column("created_at", Moment, nullable=False),
    Column("last_used_at", Moment),
    UniqueConstraint("issuer", "subject"),
    Index("ix_identities_person_id", "person_id"),
)

# A credential's id may have 1,023 bytes (WebAuthn level 3, 4): longer than what databases index.
passkeys = Table(
    "passkeys",
    metadata,
    Column("id", String(36), primary_key=True),
    _person(),
    Column("name", Words, nullable=False),
    Column("credential_sha256", String(64), nullable=False, unique=True),
    Column("credential_id", Text, nullable=False),
    Column("public_key", Text, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("backed_up", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("last_used_at", Moment),
    Index("ix_passkeys_person_id", "person_id"),
)

one_time = Table(
    "one_time",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("payload", JSON, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Index("ix_one_time_expires_at", "expires_at"),
)

device_grants = Table(
    "device_grants",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("user_code", String(20), nullable=False, unique=True),
    Column("client", Words, nullable=False),
    Column("ip", String(64), nullable=False),
    Column("state", String(20), nullable=False),
    _person(nullable=True),
    Column("interval", Integer, nullable=False),
    Column("polled_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Index("ix_device_grants_expires_at", "expires_at"),
)
