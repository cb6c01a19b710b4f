"""What lists are found and ordered by.

Each order of the list has an index, alone, by stage and by owner. What an integration can have several of is in
`terms`: the words of its title and name, its labels, and, while it is registered, its capabilities and that it is.
"""

from sqlalchemy import JSON, Column, ForeignKey, Index, String, Table

from adapters.database.tables import Moment, Words, integrations, metadata

WORD, LABEL, CAPABILITY, REGISTERED = "word", "label", "capability", "registered"

# Compared byte by byte, so that a prefix is a range in both databases.
Term = String(80).with_variant(String(80, collation="C"), "postgresql")

# `name` is that of the registry's entry, which entries are ordered by.
terms = Table(
    "terms",
    metadata,
    Column("integration_id", String(36), ForeignKey("integrations.id"), primary_key=True),
    Column("kind", String(10), primary_key=True),
    Column("term", Term, primary_key=True),
    Column("organization_id", String(36), nullable=False),
    Column("name", String(50), nullable=False, server_default=""),
    Index("ix_terms_found", "organization_id", "kind", "term", "name", "integration_id"),
)

# Ids sort by time, so they are the order. One run of an integration is `running` at a time.
runs = Table(
    "runs",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("integration_id", String(36), ForeignKey("integrations.id"), nullable=False),
    Column("organization_id", String(36), nullable=False),
    Column("workflow_id", String(255), nullable=False),
    Column("run_id", String(64), nullable=False),
    Column("operation", String(20), nullable=False),
    Column("state", String(20), nullable=False),
    Column("requester", JSON, nullable=False),
    Column("detail", Words, nullable=False, server_default=""),
    Column("failure", Words),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Index("ix_runs_page", "organization_id", "id"),
    Index("ix_runs_state", "organization_id", "state", "id"),
    Index("ix_runs_operation", "organization_id", "operation", "id"),
    Index("ix_runs_integration", "integration_id", "id"),
)

# `ix_integrations_page` is the order by creation alone.
_ORDERS = {"created": "created_at", "updated": "updated_at", "name": "sort_name"}
for _name, _column in _ORDERS.items():
    for _by in (None, "stage", "owner"):
        if _by or _name != "created":
            _columns = [one for one in ("organization_id", _by, _column, "id") if one]
            Index(f"ix_integrations_{_by or 'page'}_{_name}", *(integrations.c[one] for one in _columns))
