"""Pages of integrations and of registry entries, by what they are found by.

No page costs more with more integrations. A filter that few match is what its page begins from: those few are looked
at. Otherwise each of many rows matches, so that walking along the order's index soon has a page full.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    String,
    Tuple,
    and_,
    bindparam,
    exists,
    func,
    literal,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.database import rows
from adapters.database.engine import Database
from adapters.database.health_tables import health as watched
from adapters.database.looking import Look
from adapters.database.surface_tables import CAPABILITY, LABEL, REGISTERED, WORD, terms
from adapters.database.tables import integrations, registry
from domain.base import Data
from domain.dependencies import admits
from domain.errors import InvalidInput
from domain.health import HealthState
from domain.listing import RegistryPage, Sort, Wanted, words
from domain.plan import CapabilityName
from domain.registry import Integration, Page

MAX_PAGE = 200
FEW = 1000
"""So many rows are looked at and sorted at the most; more of 100,000 are met often enough along an index."""
_LOOKED_AT = 1000
"""Registry entries that one page looks at, at the most, where the version range is what they are looked at for."""
_LAST = "\U0010ffff"

_KEYS = {"created": "created_at", "updated": "updated_at", "name": "sort_name"}
Query = Select[tuple[object, ...]]
Holds = Callable[[FromClause], ColumnElement[bool]]


class _Set:
    """Those that match one filter: as ids, to begin from, and as a question about a row."""

    def __init__(self, ids: Select[tuple[str]], holds: Holds) -> None:
        self.ids = ids
        self.holds = holds

    async def few(self, connection: AsyncConnection, most: int) -> int | None:
        """How many there are; None if they are more than `most`."""
        bounded = self.ids.limit(most + 1).subquery()
        count = (await connection.execute(select(func.count()).select_from(bounded))).scalar_one()
        return count if count <= most else None


async def page(
    connection: AsyncConnection, organization_id: str, wanted: Wanted, *, cursor: str | None, limit: int, most: int
) -> Page:
    """`most`: see `FEW`. Raises InvalidInput for a cursor that was not given out for this order."""
    limit = max(1, min(limit, MAX_PAGE))
    sets = _sets(organization_id, wanted)
    # Alone, a stage or an owner has an index in this very order.
    narrowest = await _narrowest(connection, sets, most) if len(sets) > 1 or _by_terms(wanted) else None
    among: FromClause = integrations
    if narrowest is not None:
        # Looked at by themselves, so that no planner walks along an order's index to find them.
        few = select(integrations).where(integrations.c.id.in_(narrowest.ids))
        among = few.cte("few").prefix_with("MATERIALIZED")
    query = select(among).where(among.c.organization_id == organization_id)
    query = query.where(*(one.holds(among) for one in sets if one is not narrowest))
    place = None
    if cursor is not None:
        value, last = _opened(cursor, wanted.sort)
        place = tuple_(literal(value, among.c[_KEYS[wanted.sort.key]].type), literal(last))
    query = _ordered(query, among, wanted.sort, place).limit(limit + 1)
    return _page((await connection.execute(query)).mappings().all(), wanted.sort, limit)


async def whole(db: Database, organization_id: str, sort: Sort, *, cursor: str | None, limit: int) -> Page:
    """A page of all that there are. Raises InvalidInput for a cursor that was not given out for this order."""
    limit = max(1, min(limit, MAX_PAGE))
    place = {} if cursor is None else dict(zip(("value", "last"), _opened(cursor, sort), strict=True))
    look = _whole(sort, behind=cursor is not None)
    return _page(await db.look(look, organization=organization_id, most=limit + 1, **place), sort, limit)


@cache
def _whole(sort: Sort, *, behind: bool) -> Look:
    key_type = integrations.c[_KEYS[sort.key]].type
    place = tuple_(bindparam("value", type_=key_type), bindparam("last", type_=String)) if behind else None
    query = select(integrations).where(integrations.c.organization_id == bindparam("organization", type_=String))
    return Look(_ordered(query, integrations, sort, place).limit(bindparam("most", type_=Integer)))


def _ordered(query: Query, among: FromClause, sort: Sort, place: Tuple | None) -> Query:
    """What is behind the place. As a row value it is a range of the order's index, however deep the page."""
    key, mine = among.c[_KEYS[sort.key]], among.c.id
    if place is not None:
        here = tuple_(key, mine)
        query = query.where(here < place if sort.descending else here > place)
    return query.order_by(key.desc(), mine.desc()) if sort.descending else query.order_by(key, mine)


def _page(found: Sequence[rows.Row], sort: Sort, limit: int) -> Page:
    items = rows.integrations(found[:limit])
    return Page(items=items, next_cursor=_cursor(items[-1], sort) if len(found) > limit else None)


def _by_terms(wanted: Wanted) -> bool:
    return bool(wanted.capability or wanted.label or wanted.health or wanted.text)


async def _narrowest(connection: AsyncConnection, sets: Sequence[_Set], most: int) -> _Set | None:
    counted = [(count, one) for one in sets if (count := await one.few(connection, most)) is not None]
    return min(counted, key=lambda pair: pair[0])[1] if counted else None


def _sets(organization_id: str, wanted: Wanted) -> list[_Set]:
    found = [
        _of_column(organization_id, column, value)
        for column, value in (("stage", wanted.stage), ("owner", wanted.owner))
        if value is not None
    ]
    found += [
        _of_term(organization_id, kind, value)
        for kind, value in ((CAPABILITY, wanted.capability), (LABEL, wanted.label))
        if value is not None
    ]
    if wanted.health is not None:
        found.append(_of_health(wanted.health))
    return found + [_of_term(organization_id, WORD, word, prefix=True) for word in words(wanted.text)]


def _of_column(organization_id: str, column: str, value: str) -> _Set:
    so = (integrations.c.organization_id == organization_id, integrations.c[column] == value)
    return _Set(select(integrations.c.id).where(*so), lambda among: among.c[column] == value)


def _of_health(state: HealthState) -> _Set:
    so = watched.c.state == state
    ids = select(watched.c.integration_id).where(so)
    return _Set(ids, lambda among: exists().where(watched.c.integration_id == among.c.id, so))


def _of_term(organization_id: str, kind: str, value: str, *, prefix: bool = False) -> _Set:
    so = and_(terms.c.kind == kind, terms.c.term == value)
    if prefix:
        so = and_(terms.c.kind == kind, terms.c.term >= value, terms.c.term < value + _LAST)
    ids = select(terms.c.integration_id).where(terms.c.organization_id == organization_id, so)
    return _Set(ids, lambda among: exists().where(terms.c.integration_id == among.c.id, so))


async def discover(
    connection: AsyncConnection,
    organization_id: str,
    *,
    capability: CapabilityName | None,
    version_range: str | None,
    health: HealthState | None,
    cursor: str | None,
    limit: int,
) -> RegistryPage:
    """Entries by name. Those whose version is out of range are passed over, `_LOOKED_AT` at the most for one page."""
    limit = max(1, min(limit, MAX_PAGE))
    so = and_(terms.c.kind == (CAPABILITY if capability else REGISTERED), terms.c.term == (capability or ""))
    query = (
        select(registry, terms.c.name.label("place"))
        .join(terms, terms.c.integration_id == registry.c.integration_id)
        .where(terms.c.organization_id == organization_id, so, registry.c.is_current)
    )
    if health is not None:
        of_health = exists().where(watched.c.integration_id == terms.c.integration_id, watched.c.state == health)
        query = query.where(of_health)
    if cursor is not None:
        query = query.where(terms.c.name > _place(cursor))
    many = limit + 1 if version_range is None else _LOOKED_AT
    found = (await connection.execute(query.order_by(terms.c.name).limit(many))).mappings().all()
    fitting = [row for row in found if version_range is None or admits(version_range, row["version"])]
    items = [rows.registry_entry(row) for row in fitting[:limit]]
    if len(fitting) > limit:
        last: str = items[-1].name
    elif version_range is not None and len(found) == many:
        last = str(found[-1]["place"])
    else:
        return RegistryPage(items=items)
    return RegistryPage(items=items, next_cursor=_encoded("name", last))


class _Place(Data):
    """Behind what a page begins."""

    sort: str
    value: str
    id: str = ""


def _cursor(last: Integration, sort: Sort) -> str:
    moments = {"created": last.created_at, "updated": last.updated_at}
    moment = moments.get(sort.key)
    return _encoded(sort, (last.name or "") if moment is None else moment.isoformat(), last.id)


def _encoded(sort: str, value: str, last: str = "") -> str:
    return base64.urlsafe_b64encode(json.dumps([sort, value, last]).encode()).decode()


def _read(cursor: str) -> _Place:
    try:
        sort, value, last = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        return _Place(sort=sort, value=value, id=last)
    except (binascii.Error, ValueError, TypeError) as error:
        raise _not_a_cursor() from error


def _opened(cursor: str, sort: Sort) -> tuple[datetime | str, str]:
    place = _read(cursor)
    if place.sort != sort:
        raise _not_a_cursor()
    if sort.key == "name":
        return place.value, place.id
    try:
        moment = datetime.fromisoformat(place.value)
    except ValueError as error:
        raise _not_a_cursor() from error
    if moment.tzinfo is None:
        raise _not_a_cursor()
    return moment, place.id


def _place(cursor: str) -> str:
    place = _read(cursor)
    if place.sort != "name" or place.id:
        raise _not_a_cursor()
    return place.value


def _not_a_cursor() -> InvalidInput:
    return InvalidInput(
        "This cursor is not one that was given out for this order; begin again without one.", field="cursor"
    )
