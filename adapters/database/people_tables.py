"""People and their keys."""

from sqlalchemy import JSON, Column, ForeignKey, Index, String, Table, Text, UniqueConstraint

from adapters.database.tables import Moment, Words, metadata

people = Table(
    "people",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("organization_id", String(36), nullable=False),
    Column("name", String(80), nullable=False),
    Column("name_key", String(300), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("email", Text),
    Column("github", Text),
    Column("github_key", Text, index=True),
    Column("slack", Text),
    Column("slack_key", Text, index=True),
    Column("linear", Text),
    Column("linear_key", Text, index=True),
    Column("jira", Text),
    Column("jira_key", Text, index=True),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("organization_id", "name_key"),
    UniqueConstraint("organization_id", "github_key"),
    UniqueConstraint("organization_id", "slack_key"),
    Index("uq_people_organization_id_linear_key", "organization_id", "linear_key", unique=True),
    Index("uq_people_organization_id_jira_key", "organization_id", "jira_key", unique=True),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("person_id", String(36), ForeignKey("people.id"), nullable=False, index=True),
    Column("label", Words, nullable=False),
    Column("prefix", String(20), nullable=False, server_default="ccb_"),
    Column("scopes", JSON(none_as_null=True)),
    Column("organization_id", String(36)),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("last_used_at", Moment),
    Column("revoked_at", Moment),
)
