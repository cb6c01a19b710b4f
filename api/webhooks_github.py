"""Webhooks from GitHub: verified, stored, acknowledged; what they mean is decided elsewhere."""

from typing import Annotated

from fastapi import APIRouter, Header, Request, status

from adapters.github.webhooks import parse, verify
from adapters.trackers.signing import rotated
from api.deliveries import NotJson, Received, configured
from api.problems import documented
from api.services import Wired
from domain.errors import InvalidInput, Unauthenticated

router = APIRouter(prefix="/webhooks", tags=["webhooks"])

_LONGEST = 100
"""Characters of a header; GitHub's ids have 36."""


@router.post("/github", status_code=status.HTTP_202_ACCEPTED, responses=documented(Unauthenticated, NotJson))
async def receive_github_delivery(
    request: Request,
    services: Wired,
    event: Annotated[str, Header(alias="X-GitHub-Event")] = "",
    delivery: Annotated[str, Header(alias="X-GitHub-Delivery")] = "",
    signature: Annotated[str | None, Header(alias="X-Hub-Signature-256")] = None,
) -> Received:
    """Take a signed delivery. It is acknowledged once it is stored; sent twice, it is handled once."""
    body = await request.body()
    verify(rotated(configured(services.webhooks.github, "CCB_GITHUB_WEBHOOK_SECRET")), body, signature)
    if not 0 < len(event) <= _LONGEST or not 0 < len(delivery) <= _LONGEST:
        raise InvalidInput("X-GitHub-Event and X-GitHub-Delivery say what this is; one is missing or too long.")
    try:
        if parse(event, body) is None:
            return Received(delivery=delivery, ignored=True)
    except InvalidInput as error:
        raise NotJson(error.message) if error.details.get("field") == "body" else error from error
    new = await services.intake.take("github", delivery, event, body)
    return Received(delivery=delivery, duplicate=not new)
