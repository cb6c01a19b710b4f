"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _integrations()
    _versions()
    _reviews()
    _registry()
    _events()
    _audit()
    _accounts()
    _turns()
    _people()
    _api_keys()
    _deliveries()
    _idempotency_keys()


def downgrade() -> None:
    for table in (
        "idempotency_keys",
        "deliveries",
        "api_keys",
        "people",
        "turns",
        "accounts",
        "audit",
        "events",
        "registry",
        "reviews",
        "versions",
        "integrations",
    ):
        op.drop_table(table)


def _integrations() -> None:
    op.create_table(
        "integrations",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(50), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("stage", sa.String(20), nullable=False),
        sa.Column("workflow_id", sa.String(255), nullable=False),
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("requester", sa.JSON(), nullable=False),
        sa.Column("repository", sa.String(255), nullable=False),
        sa.Column("issue", sa.JSON(), nullable=True),
        sa.Column("issue_key", sa.String(300), nullable=True),
        sa.Column("version", sa.String(50), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("last_sequence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_integrations")),
    )
    op.create_index(op.f("ix_integrations_issue_key"), "integrations", ["issue_key"])
    op.create_index("ix_integrations_name", "integrations", ["name"])
    op.create_index("ix_integrations_page", "integrations", ["organization_id", "created_at", "id"])
    op.create_index(
        "uq_integrations_living_name",
        "integrations",
        ["name"],
        unique=True,
        sqlite_where=sa.text("name IS NOT NULL AND stage NOT IN ('failed', 'retired')"),
        postgresql_where=sa.text("name IS NOT NULL AND stage NOT IN ('failed', 'retired')"),
    )


def _versions() -> None:
    op.create_table(
        "versions",
        sa.Column("integration_id", sa.String(36), nullable=False),
        sa.Column("version", sa.String(50), nullable=False),
        sa.Column("content_hash", sa.String(80), nullable=False),
        sa.Column("pull_repository", sa.String(255), nullable=True),
        sa.Column("pull_number", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["integration_id"], ["integrations.id"], name=op.f("fk_versions_integration_id")),
        sa.PrimaryKeyConstraint("integration_id", "version", name=op.f("pk_versions")),
    )
    op.create_index("ix_versions_pull", "versions", ["pull_repository", "pull_number"])


def _reviews() -> None:
    op.create_table(
        "reviews",
        sa.Column("integration_id", sa.String(36), nullable=False),
        sa.Column("id", sa.String(200), nullable=False),
        sa.Column("version", sa.String(50), nullable=False),
        sa.Column("decision", sa.String(20), nullable=False),
        sa.Column("content_hash", sa.String(80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["integration_id"], ["integrations.id"], name=op.f("fk_reviews_integration_id")),
        sa.PrimaryKeyConstraint("integration_id", "id", name=op.f("pk_reviews")),
    )


def _registry() -> None:
    op.create_table(
        "registry",
        sa.Column("integration_id", sa.String(36), nullable=False),
        sa.Column("version", sa.String(50), nullable=False),
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["integration_id"], ["integrations.id"], name=op.f("fk_registry_integration_id")),
        sa.PrimaryKeyConstraint("integration_id", "version", name=op.f("pk_registry")),
    )
    op.create_index(
        "uq_registry_current_name",
        "registry",
        ["name"],
        unique=True,
        sqlite_where=sa.text("is_current"),
        postgresql_where=sa.text("is_current"),
    )


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("integration_id", sa.String(36), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(600), nullable=False),
        sa.Column("type", sa.String(50), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["integration_id"], ["integrations.id"], name=op.f("fk_events_integration_id")),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_events")),
        sa.UniqueConstraint("id", name=op.f("uq_events_id")),
        sa.UniqueConstraint("integration_id", "key", name=op.f("uq_events_integration_id_key")),
        sa.UniqueConstraint("integration_id", "sequence", name=op.f("uq_events_integration_id_sequence")),
    )
    op.create_index(
        "ix_events_unsent",
        "events",
        ["position"],
        sqlite_where=sa.text("sent_at IS NULL"),
        postgresql_where=sa.text("sent_at IS NULL"),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("integration_id", sa.String(36), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.JSON(), nullable=False),
        sa.Column("action", sa.String(80), nullable=False),
        sa.Column("result", sa.String(80), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_integration_id"), "audit", ["integration_id"])


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("scope", sa.String(300), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("nano_usd", sa.BigInteger(), nullable=False),
        sa.Column("turns", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_accounts")),
    )


def _turns() -> None:
    op.create_table(
        "turns",
        sa.Column("run", sa.String(290), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("nano_usd", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("run", "number", name=op.f("pk_turns")),
    )


def _people() -> None:
    op.create_table(
        "people",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("name_key", sa.String(300), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("github", sa.Text(), nullable=True),
        sa.Column("github_key", sa.Text(), nullable=True),
        sa.Column("slack", sa.Text(), nullable=True),
        sa.Column("slack_key", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("organization_id", "github_key", name=op.f("uq_people_organization_id_github_key")),
        sa.UniqueConstraint("organization_id", "name_key", name=op.f("uq_people_organization_id_name_key")),
        sa.UniqueConstraint("organization_id", "slack_key", name=op.f("uq_people_organization_id_slack_key")),
    )
    op.create_index(op.f("ix_people_github_key"), "people", ["github_key"])
    op.create_index(op.f("ix_people_slack_key"), "people", ["slack_key"])


def _api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("person_id", sa.String(36), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_api_keys_person_id")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_api_keys")),
    )
    op.create_index(op.f("ix_api_keys_person_id"), "api_keys", ["person_id"])


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("id", sa.String(200), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("outcome", sa.JSON(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("source", "id", name=op.f("pk_deliveries")),
    )
    op.create_index(
        "ix_deliveries_unfinished",
        "deliveries",
        ["stored_at"],
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )


def _idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("scope", sa.String(300), nullable=False),
        sa.Column("key", sa.String(300), nullable=False),
        sa.Column("body_hash", sa.String(80), nullable=False),
        sa.Column("integration_id", sa.String(36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", name=op.f("pk_idempotency_keys")),
    )
