"""Webhooks from Jira: verified, stored, acknowledged; what they mean is decided elsewhere."""

from typing import Annotated

from fastapi import APIRouter, Header, Request, status

from adapters.jira.webhooks import parse, verify
from adapters.trackers.signing import rotated
from api.deliveries import NotJson, Received, configured, json_object
from api.problems import documented
from api.services import Wired
from domain.errors import InvalidInput, Unauthenticated

router = APIRouter(prefix="/webhooks", tags=["webhooks"])

_LONGEST = 200


@router.post("/jira", status_code=status.HTTP_202_ACCEPTED, responses=documented(Unauthenticated, NotJson))
async def receive_jira_delivery(
    request: Request,
    services: Wired,
    delivery: Annotated[str, Header(alias="X-Atlassian-Webhook-Identifier")] = "",
    signature: Annotated[str, Header(alias="X-Hub-Signature")] = "",
) -> Received:
    """Take a signed delivery. It is acknowledged once it is stored; sent again, it is handled once."""
    body = await request.body()
    secret = configured(services.webhooks.jira, "CCB_JIRA_WEBHOOK_SECRET")
    verify(rotated(secret), body, signature)
    if not 0 < len(delivery) <= _LONGEST:
        raise InvalidInput("X-Atlassian-Webhook-Identifier says which delivery this is; it is missing or too long.")
    given = json_object(body, "The body of the delivery")
    if parse(body) is None:
        return Received(delivery=delivery, ignored=True)
    new = await services.intake.take("jira", delivery, str(given.get("webhookEvent")), body)
    return Received(delivery=delivery, duplicate=not new)
