"""The deliveries that came: what came of each, and having one handled again that came to nothing."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, status

from api.moments import Rfc3339
from api.problems import documented
from api.security import Caller, needs
from api.services import Wired
from domain.access import Permission
from domain.base import Data
from domain.deliveries import DeliveryPage, Looked, Outcome, StoredDelivery
from domain.errors import NotFound
from domain.runs import DeliverySource

router = APIRouter(prefix="/api/v1/deliveries", tags=["webhooks"])

DeliveryId = Annotated[str, Path(min_length=1, max_length=200, description="As the vendor named it.")]


class Replayed(Data):
    """The delivery as it is now. `replayed` is false where it did something already, or is being handled."""

    delivery: StoredDelivery
    replayed: bool


@router.get("", dependencies=[needs(Permission.WEBHOOKS_READ, house=True)], responses=documented())
async def list_deliveries(
    _caller: Caller,
    services: Wired,
    source: Annotated[DeliverySource | None, Query(description="From whom.")] = None,
    outcome: Annotated[Outcome | None, Query(description="What came of it.")] = None,
    since: Annotated[Rfc3339 | None, Query(description="Received then or later.")] = None,
    until: Annotated[Rfc3339 | None, Query(description="Received before.")] = None,
    cursor: Annotated[str | None, Query(max_length=500, description="`next_cursor` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> DeliveryPage:
    """Deliveries of webhooks that meant something, newest first."""
    looked = Looked(source=source, outcome=outcome, since=since, until=until, cursor=cursor, limit=limit)
    return await services.deliveries.page(looked)


@router.get(
    "/{source}/{delivery}",
    dependencies=[needs(Permission.WEBHOOKS_READ, house=True)],
    responses=documented(NotFound),
)
async def read_delivery(
    source: DeliverySource, delivery: DeliveryId, _caller: Caller, services: Wired
) -> StoredDelivery:
    """One delivery, and what came of it."""
    return await services.deliveries.read(source, delivery)


@router.post(
    "/{source}/{delivery}/replay",
    status_code=status.HTTP_202_ACCEPTED,
    dependencies=[needs(Permission.WEBHOOKS_REPLAY, house=True)],
    responses=documented(NotFound),
)
async def replay_delivery(source: DeliverySource, delivery: DeliveryId, _caller: Caller, services: Wired) -> Replayed:
    """Have a delivery handled again that failed, was refused or ignored. One that did something does nothing twice."""
    replayed = await services.intake.replay(source, delivery)
    return Replayed(delivery=await services.deliveries.read(source, delivery), replayed=replayed)
