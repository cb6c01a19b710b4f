"""Who acts, where and with which rights: one read by an index, whether by key or by person."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, String, and_, bindparam, func, literal, select
from sqlalchemy.sql.selectable import FromClause

from adapters.database.access_tables import memberships, roles
from adapters.database.looking import Look
from adapters.database.people_tables import api_keys, people
from domain.access import NONE, RIGHTS, Acting, Rights, RoleDefinition
from domain.errors import Forbidden
from domain.people import Person

PERSON = [column for column in people.c if column.name in Person.model_fields and column.name != "organization_id"]
"""All of a person but where they act, and as what."""
_FIELDS = [column.name for column in PERSON]
_ROLE = (memberships.c.role, memberships.c.organization_id, roles.c.permissions)

Query = Select[tuple[object, ...]]
Where = ColumnElement[bool]
Row = RowMapping | Mapping[str, Any]


def _joined(start: FromClause, organization: ColumnElement[str]) -> FromClause:
    belongs = and_(memberships.c.person_id == people.c.id, memberships.c.organization_id == organization)
    own = and_(roles.c.organization_id == memberships.c.organization_id, roles.c.name == memberships.c.role)
    return start.outerjoin(memberships, belongs).outerjoin(roles, own)


# Asked with every request, so they are made once: making one costs more than sending it. Without an `organization` it
# is where the key is bound to, else home.
_ASKED = bindparam("organization", type_=String)
_OF_KEY = (
    api_keys.c.id.label("key_id"),
    api_keys.c.scopes,
    api_keys.c.organization_id.label("bound_to"),
    api_keys.c.expires_at,
    api_keys.c.last_used_at,
)
_PEOPLE_OF_KEYS = people.join(api_keys, api_keys.c.person_id == people.c.id)
BY_KEY = Look(
    select(*PERSON, *_ROLE, *_OF_KEY)
    .select_from(_joined(_PEOPLE_OF_KEYS, func.coalesce(_ASKED, api_keys.c.organization_id, people.c.organization_id)))
    .where(api_keys.c.sha256 == bindparam("sha256", type_=String), api_keys.c.revoked_at.is_(None))
)
BY_ID = Look(
    select(*PERSON, *_ROLE)
    .select_from(_joined(people, func.coalesce(_ASKED, people.c.organization_id)))
    .where(people.c.id == bindparam("person", type_=String))
)


def by_person(where: Where, organization_id: str | None = None) -> Query:
    """In their home organisation, or in the one named."""
    chosen = literal(organization_id, String) if organization_id is not None else people.c.organization_id
    return select(*PERSON, *_ROLE).select_from(_joined(people, chosen)).where(where)


def person(row: Row) -> Person:
    """Of a row whose membership is there."""
    where = {"organization_id": row["organization_id"], "role": row["role"]}
    return Person.model_validate({name: row[name] for name in _FIELDS} | where)


def acting(row: Row, *, asked: str | None, session_id: str | None = None) -> Acting:
    """Raises Forbidden where they are no member: the same whether there is such an organisation or not."""
    bound_to = row.get("bound_to")
    if row["role"] is None or (bound_to is not None and bound_to != row["organization_id"]):
        where = asked or "your home organisation"
        raise Forbidden(
            f"{row['name']} does not act in {where} with this. Choose another by the header CCB-Organization: "
            "GET /api/v1/organizations lists yours.",
            organization_id=asked,
        )
    rights, scopes = _rights(row), row.get("scopes")
    return Acting(
        **{name: row[name] for name in _FIELDS},
        organization_id=row["organization_id"],
        role=row["role"],
        rights=rights.within(scopes),
        key_id=row.get("key_id"),
        session_id=session_id,
        narrow=scopes is not None or row.get("expires_at") is not None,
        bound_to=bound_to,
    )


def _rights(row: Row) -> Rights:
    """None for a role that is no more."""
    built_in = RIGHTS.get(row["role"])
    if built_in is not None:
        return built_in
    if row["permissions"] is None:
        return NONE
    own = RoleDefinition.model_validate({"name": row["role"], "permissions": row["permissions"]})
    return Rights.of(own.permissions)
