"""Lists by owner, capability, label and text, in three orders, each by an index; what people say of an integration.

Who asked for an integration is its first owner, and the words of its title and name are what it is found by.
"""

import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_BATCH = 1000
_COLUMNS: dict[str, sa.types.TypeEngine[Any]] = {
    "description": sa.Text(),
    "labels": sa.JSON(),
    "owner": sa.String(120),
    "owner_name": sa.Text(),
    "sort_name": sa.String(50),
}
_ORDERS = {"created": "created_at", "updated": "updated_at", "name": "sort_name"}


def upgrade() -> None:
    for name, kind in _COLUMNS.items():
        empty = "[]" if name == "labels" else ""
        op.add_column("integrations", sa.Column(name, kind, nullable=False, server_default=empty))
    term = sa.String(80).with_variant(sa.String(80, collation="C"), "postgresql")
    op.create_table(
        "terms",
        sa.Column("integration_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("term", term, nullable=False),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(50), nullable=False, server_default=""),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integrations.id"], name=op.f("fk_terms_integration_id_integrations")
        ),
        sa.PrimaryKeyConstraint("integration_id", "kind", "term", name=op.f("pk_terms")),
    )
    _carry_over()
    _make_runs()
    op.create_index("ix_terms_found", "terms", ["organization_id", "kind", "term", "name", "integration_id"])
    for name, columns in _indexes().items():
        op.create_index(name, "integrations", columns)


def downgrade() -> None:
    for name in _indexes():
        op.drop_index(name, "integrations")
    op.drop_table("runs")
    op.drop_table("terms")
    for name in _COLUMNS:
        op.drop_column("integrations", name)


def _make_runs() -> None:
    """Of the runs before now only the newest of each integration is known."""
    op.create_table(
        "runs",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("integration_id", sa.String(36), nullable=False),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("workflow_id", sa.String(255), nullable=False),
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("operation", sa.String(20), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("requester", sa.JSON(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False, server_default=""),
        sa.Column("failure", sa.Text()),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integrations.id"], name=op.f("fk_runs_integration_id_integrations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
    )
    op.execute(
        "INSERT INTO runs (id, integration_id, organization_id, workflow_id, run_id, operation, state, requester,"
        " failure, started_at, ended_at) SELECT 'run_' || substr(id, 5), id, organization_id, workflow_id, run_id,"
        " operation, CASE WHEN under_way THEN 'running' WHEN failure IS NULL THEN 'succeeded' ELSE 'failed' END,"
        " requester, failure, CASE WHEN operation = 'create' THEN created_at ELSE updated_at END,"
        " CASE WHEN under_way THEN NULL ELSE updated_at END FROM integrations"
    )
    for name, column in {"page": "", "state": "state", "operation": "operation"}.items():
        op.create_index(f"ix_runs_{name}", "runs", [one for one in ("organization_id", column, "id") if one])
    op.create_index("ix_runs_integration", "runs", ["integration_id", "id"])


def _indexes() -> dict[str, list[str]]:
    return {
        f"ix_integrations_{by or 'page'}_{name}": [one for one in ("organization_id", by, column, "id") if one]
        for name, column in _ORDERS.items()
        for by in ("", "stage", "owner")
        if by or name != "created"
    }


def _table(name: str, *columns: str) -> sa.TableClause:
    """JSON columns are those that hold documents."""
    documents = {"requester", "document"}
    return sa.table(name, *(sa.column(one, sa.JSON if one in documents else None) for one in columns))


def _carry_over() -> None:
    connection = op.get_bind()
    columns = ("id", "organization_id", "name", "title", "requester", "owner", "owner_name", "sort_name")
    integrations = _table("integrations", *columns)
    terms = _table("terms", "integration_id", "organization_id", "kind", "term", "name")
    change = (
        sa.update(integrations)
        .where(integrations.c.id == sa.bindparam("of"))
        .values({name: sa.bindparam(name) for name in ("owner", "owner_name", "sort_name")})
    )
    last = ""
    while rows := _after(integrations, last):
        last = rows[-1]["id"]
        connection.execute(change, [_owned(row) for row in rows])
        found = [_term(row, "word", word) for row in rows for word in _words(row["title"], row["name"])]
        if found:
            connection.execute(sa.insert(terms), found)
    if registered := _registered(integrations):
        connection.execute(sa.insert(terms), registered)


def _after(integrations: sa.TableClause, last: str) -> list[Mapping[Any, Any]]:
    query = sa.select(integrations).where(integrations.c.id > last).order_by(integrations.c.id).limit(_BATCH)
    return [dict(row) for row in op.get_bind().execute(query).mappings()]


def _registered(integrations: sa.TableClause) -> list[dict[str, str]]:
    registry = _table("registry", "integration_id", "is_current", "document")
    query = (
        sa.select(integrations.c.id, integrations.c.organization_id, registry.c.document)
        .select_from(registry.join(integrations, integrations.c.id == registry.c.integration_id))
        .where(registry.c.is_current)
    )
    found = []
    for row in [dict(one) for one in op.get_bind().execute(query).mappings()]:
        name = row["document"]["name"]
        found.append(_term(row, "registered", "", name))
        capabilities = sorted({one["name"] for one in row["document"]["capabilities"]})
        found += [_term(row, "capability", capability, name) for capability in capabilities]
    return found


def _owned(row: Mapping[Any, Any]) -> dict[str, str]:
    asked = row["requester"]
    owner = asked.get("person_id") or f"{asked['channel']}:{asked['name'].casefold()}"[:120]
    return {"of": row["id"], "owner": owner, "owner_name": asked["name"], "sort_name": row["name"] or ""}


def _term(row: Mapping[Any, Any], kind: str, term: str, name: str = "") -> dict[str, str]:
    return {
        "integration_id": row["id"],
        "organization_id": row["organization_id"],
        "kind": kind,
        "term": term,
        "name": name,
    }


def _words(*texts: str | None) -> list[str]:
    found = {word[:40] for text in texts if text for word in re.findall(r"[^\W_]+", text.casefold())}
    return sorted(found)[:100]
