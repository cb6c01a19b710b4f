"""The tables. Rows that others search by have columns; the rest of a value is its own JSON, checked on the way out.

Migrations make them (see `migrations/`); a test compares the two.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
    true,
)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)

# SQLite numbers rows by itself only where the type is INTEGER.
Position = BigInteger().with_variant(Integer, "sqlite")


class Moment(TypeDecorator[datetime]):
    """A moment in UTC. SQLite has no time zones: there it is stored without one and read back as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Text that people or programs wrote. PostgreSQL cannot store U+0000, so neither database does (U+FFFD instead)."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value.replace("\x00", "\ufffd") if value is not None else None


# An integration that is failed or retired keeps its name for display and frees it for others.
LIVING = text("name IS NOT NULL AND stage NOT IN ('failed', 'retired')")

integrations = Table(
    "integrations",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("organization_id", String(36), nullable=False),
    Column("name", String(50)),
    Column("title", Words, nullable=False),
    Column("stage", String(20), nullable=False),
    Column("workflow_id", String(255), nullable=False),
    Column("run_id", String(64), nullable=False),
    Column("operation", String(20), nullable=False, server_default="create"),
    Column("under_way", Boolean, nullable=False, server_default=true()),
    Column("requester", JSON, nullable=False),
    Column("repository", String(255), nullable=False),
    Column("api_host", String(300), index=True),
    Column("issue", JSON(none_as_null=True)),
    Column("issue_key", String(300), index=True),
    Column("ticket", JSON(none_as_null=True)),
    Column("version", String(50)),
    Column("url", Text),
    Column("failure", Words),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("last_sequence", Integer, nullable=False),
    Column("description", Words, nullable=False, server_default=""),
    Column("labels", JSON, nullable=False, server_default="[]"),
    Column("owner", String(120), nullable=False, server_default=""),
    Column("owner_name", Words, nullable=False, server_default=""),
    Column("sort_name", String(50), nullable=False, server_default=""),
    Index("uq_integrations_living_name", "name", unique=True, sqlite_where=LIVING, postgresql_where=LIVING),
    Index("ix_integrations_name", "name"),
    Index("ix_integrations_page", "organization_id", "created_at", "id"),
)


def _integration_id() -> Column[str]:
    return Column("integration_id", String(36), ForeignKey("integrations.id"), nullable=False)


UNSENT = text("sent_at IS NULL")

# `position` grows with `sequence` for one integration, because both are taken under the lock on its row.
events = Table(
    "events",
    metadata,
    Column("position", Position, primary_key=True, autoincrement=True),
    Column("id", String(36), nullable=False),
    _integration_id(),
    Column("sequence", Integer, nullable=False),
    Column("key", String(600), nullable=False),
    Column("type", String(50), nullable=False),
    Column("time", Moment, nullable=False),
    Column("data", JSON, nullable=False),
    Column("sent_at", Moment),
    UniqueConstraint("id"),
    UniqueConstraint("integration_id", "sequence"),
    UniqueConstraint("integration_id", "key"),
    Index("ix_events_unsent", "position", sqlite_where=UNSENT, postgresql_where=UNSENT),
)

versions = Table(
    "versions",
    metadata,
    Column("integration_id", String(36), ForeignKey("integrations.id"), primary_key=True),
    Column("version", String(50), primary_key=True),
    Column("content_hash", String(80), nullable=False),
    Column("pull_repository", String(255)),
    Column("pull_number", Integer),
    Column("created_at", Moment, nullable=False),
    Column("document", JSON, nullable=False),
    Index("ix_versions_pull", "pull_repository", "pull_number"),
)

reviews = Table(
    "reviews",
    metadata,
    Column("integration_id", String(36), ForeignKey("integrations.id"), primary_key=True),
    Column("id", String(200), primary_key=True),
    Column("version", String(50), nullable=False),
    Column("decision", String(20), nullable=False),
    Column("content_hash", String(80), nullable=False),
    Column("at", Moment, nullable=False),
    Column("document", JSON, nullable=False),
)

CURRENT = text("is_current")

# Entries of earlier versions stay, so that taking one back brings the one before it back.
registry = Table(
    "registry",
    metadata,
    Column("integration_id", String(36), ForeignKey("integrations.id"), primary_key=True),
    Column("version", String(50), primary_key=True),
    Column("name", String(50), nullable=False),
    Column("is_current", Boolean, nullable=False),
    Column("registered_at", Moment, nullable=False),
    Column("document", JSON, nullable=False),
    Index("uq_registry_current_name", "name", unique=True, sqlite_where=CURRENT, postgresql_where=CURRENT),
)

# What may be limited: `run/{run}`, `organization/{id}/{month}`, `day/{date}`. Money in billionths of a US dollar;
# `reserved_nano_usd` is the part of `nano_usd` that turns under way have reserved.
accounts = Table(
    "accounts",
    metadata,
    Column("scope", String(300), primary_key=True),
    Column("tokens", BigInteger, nullable=False),
    Column("nano_usd", BigInteger, nullable=False),
    Column("turns", Integer, nullable=False),
    Column("reserved_nano_usd", BigInteger, nullable=False, server_default="0"),
)

# A turn with `document` was bought; without, its worst case is reserved by `attempt`. `scopes` are the accounts that it
# is charged to (none: its run's alone); `lost_…` is what attempts cost that brought nothing.
turns = Table(
    "turns",
    metadata,
    Column("run", String(290), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("tokens", BigInteger, nullable=False),
    Column("nano_usd", BigInteger, nullable=False),
    Column("document", JSON(none_as_null=True)),
    Column("scopes", JSON(none_as_null=True)),
    Column("attempt", Integer, nullable=False, server_default="1"),
    Column("lost_tokens", BigInteger, nullable=False, server_default="0"),
    Column("lost_nano_usd", BigInteger, nullable=False, server_default="0"),
)

# What an operator has set; what is not here is as configured. Without an amount: no limit.
limits = Table(
    "limits",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("nano_usd", BigInteger),
    Column("set_by", JSON, nullable=False),
    Column("set_at", Moment, nullable=False),
)

# Until when a vendor asked everybody to wait.
gates = Table(
    "gates",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("closed_until", Moment, nullable=False),
)

# Numbers of rows that were pruned are never given again (`sqlite_autoincrement`): somebody may resume behind them.
live = Table(
    "live",
    metadata,
    Column("position", Position, primary_key=True, autoincrement=True),
    Column("run", String(290), nullable=False),
    Column("turn", Integer, nullable=False),
    Column("at", Moment, nullable=False, index=True),
    Column("document", JSON, nullable=False),
    Index("ix_live_run_position", "run", "position"),
    sqlite_autoincrement=True,
)

# Ciphertext only: see `secrets.py`.
secrets = Table(
    "secrets",
    metadata,
    Column("integration_id", String(36), ForeignKey("integrations.id"), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("ciphertext", Text, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

UNFINISHED = text("finished_at IS NULL")

# `body` as it came; without, it is an artifact, as it was before revision 21.
deliveries = Table(
    "deliveries",
    metadata,
    Column("source", String(20), primary_key=True),
    Column("id", String(200), primary_key=True),
    Column("stored_at", Moment, nullable=False),
    Column("document", JSON, nullable=False),
    Column("outcome", JSON(none_as_null=True)),
    Column("finished_at", Moment),
    Column("action", String(20), nullable=False, server_default="waiting"),
    Column("attempts", Integer, nullable=False, server_default="1"),
    Column("body", LargeBinary),
    Index("ix_deliveries_unfinished", "stored_at", sqlite_where=UNFINISHED, postgresql_where=UNFINISHED),
    Index("ix_deliveries_page", "stored_at", "source", "id"),
    Index("ix_deliveries_outcome", "action", "stored_at"),
)
