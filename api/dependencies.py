"""Who needs whom, and in which order to deploy."""

from fastapi import APIRouter

from api.found import Found
from api.problems import documented
from api.security import Caller, needs
from api.services import Wired
from domain import dependencies
from domain.access import Permission
from domain.dependencies import Order, Relations
from domain.errors import NotFound

router = APIRouter(prefix="/api/v1", tags=["dependencies"])


@router.get(
    "/integrations/{integration}/dependencies",
    dependencies=[needs(Permission.INTEGRATIONS_READ)],
    responses=documented(NotFound),
)
async def read_dependencies(found: Found, services: Wired) -> Relations:
    """What an integration needs of others, who needs it, and in which order they are deployed and updated."""
    living = await services.dependencies.living(found.organization_id)
    return dependencies.relations(found.name or found.id, living)


@router.get("/dependencies", dependencies=[needs(Permission.INTEGRATIONS_READ)], responses=documented())
async def read_order(caller: Caller, services: Wired) -> Order:
    """In which order to deploy all that is registered."""
    return Order(order=dependencies.order(await services.dependencies.living(caller.organization_id)))
