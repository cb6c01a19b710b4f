"""Webhooks from Linear: verified, stored, acknowledged; what they mean is decided elsewhere."""

import time
from typing import Annotated

from fastapi import APIRouter, Header, Request

from adapters.linear.webhooks import parse, verify
from adapters.trackers.signing import rotated
from api.deliveries import NotJson, Received, configured, json_object
from api.problems import documented
from api.services import Wired
from domain.errors import InvalidInput, Unauthenticated

router = APIRouter(prefix="/webhooks", tags=["webhooks"])

_LONGEST = 100


@router.post("/linear", responses=documented(Unauthenticated, NotJson))
async def receive_linear_delivery(
    request: Request,
    services: Wired,
    event: Annotated[str, Header(alias="Linear-Event")] = "",
    delivery: Annotated[str, Header(alias="Linear-Delivery")] = "",
    signature: Annotated[str, Header(alias="Linear-Signature")] = "",
) -> Received:
    """Take a signed delivery. It is acknowledged once it is stored; sent twice, it is handled once.

    Linear takes any answer but 200 for a failure, and then sends again.
    """
    body = await request.body()
    secret = configured(services.webhooks.linear, "CCB_LINEAR_WEBHOOK_SECRET")
    verify(rotated(secret), body, signature, time.time())
    if not 0 < len(delivery) <= _LONGEST or not 0 < len(event) <= _LONGEST:
        raise InvalidInput("Linear-Event and Linear-Delivery say what this is; one is missing or too long.")
    json_object(body, "The body of the delivery")
    if parse(body) is None:
        return Received(delivery=delivery, ignored=True)
    new = await services.intake.take("linear", delivery, event, body)
    return Received(delivery=delivery, duplicate=not new)
