"""The registry: what others find, by what it can do, in which versions, and how it is."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from api.found import Found
from api.problems import documented
from api.security import may
from api.services import Wired
from domain import listing
from domain.access import Acting, Permission
from domain.errors import InvalidInput, NotFound
from domain.health import HealthState
from domain.plan import CapabilityName
from domain.registry import RegistryEntry

router = APIRouter(prefix="/api/v1/registry", tags=["registry"])

Visitor = Annotated[Acting, Depends(may(Permission.REGISTRY_READ))]


@router.get("", responses=documented())
async def discover(
    caller: Visitor,
    services: Wired,
    capability: Annotated[
        CapabilityName | None, Query(description="Only those that offer this.", examples=["issues.list"])
    ] = None,
    version: Annotated[
        str | None,
        Query(description="Only versions in this range, as in PEP 440.", max_length=80, examples=[">=1,<2"]),
    ] = None,
    health: Annotated[HealthState | None, Query(description="Only those in this state.")] = None,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.", max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> listing.RegistryPage:
    """What serves, by name. With a range of versions a page may hold less than asked for: go on while there is more."""
    return await services.integrations.discover(
        caller.organization_id,
        capability=capability,
        version_range=_range(version),
        health=health,
        cursor=cursor,
        limit=limit,
    )


@router.get("/{integration}", dependencies=[Depends(may(Permission.REGISTRY_READ))], responses=documented(NotFound))
async def read_registry_entry(found: Found, services: Wired) -> RegistryEntry:
    """What others find in the catalogue: capabilities, dependencies, health check, URL."""
    entry = await services.integrations.entry(found.id)
    if entry is None:
        raise NotFound(f"{found.name or found.id} is not registered; it is {found.stage}. Only active ones are.")
    return entry


def _range(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return str(SpecifierSet(text))
    except InvalidSpecifier as error:
        raise InvalidInput(
            "This is not a range of versions; write it as in PEP 440, such as >=1,<2.", field="version"
        ) from error
