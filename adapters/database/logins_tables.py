"""Accounts, second factors, what was mailed, and sessions. Tokens and codes are kept as their SHA-256."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from adapters.database.tables import Moment, Words, metadata


def _person(name: str = "person_id", *, primary_key: bool = False) -> Column[str]:
    return Column(name, String(36), ForeignKey("people.id"), primary_key=primary_key, nullable=False)


logins = Table(
    "logins",
    metadata,
    _person(primary_key=True),
    Column("email", Words, nullable=False),
    Column("email_key", String(300), nullable=False, unique=True),
    Column("password", Text),
    Column("created_at", Moment, nullable=False),
    Column("last_login", Moment),
)

# The first account of all has the one row that there can be.
first_logins = Table(
    "first_logins",
    metadata,
    Column("only", Integer, primary_key=True, autoincrement=False),
    _person(),
)

login_places = Table(
    "login_places",
    metadata,
    _person(primary_key=True),
    Column("place", String(64), primary_key=True),
    Column("last_login", Moment, nullable=False),
)

second_factors = Table(
    "second_factors",
    metadata,
    _person(primary_key=True),
    Column("ciphertext", Text, nullable=False),
    Column("confirmed", Boolean, nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("confirmed_at", Moment),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    _person(primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("used_at", Moment),
)

mailed_tokens = Table(
    "mailed_tokens",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("purpose", String(20), nullable=False),
    Column("document", JSON, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
    Index("ix_mailed_tokens_expires_at", "expires_at"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(36), primary_key=True),
    _person(),
    Column("method", String(20), nullable=False),
    Column("second_factor", Boolean, nullable=False),
    Column("ip", String(64), nullable=False),
    Column("user_agent", Words, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("last_seen_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Index("ix_sessions_person_id", "person_id"),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("session_id", String(36), ForeignKey("sessions.id"), nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
    Index("ix_refresh_tokens_session_id", "session_id"),
)
