"""Clicks in Slack: verified, stored, acknowledged; what they mean is decided elsewhere."""

import time
from hashlib import sha256
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Header, Request

from adapters.slack.webhooks import verify
from api.deliveries import NotJson, Received, configured, json_object
from api.problems import documented
from api.services import Wired
from domain.errors import Unauthenticated

router = APIRouter(prefix="/webhooks/slack", tags=["webhooks"])


@router.post("/interactions", responses=documented(Unauthenticated, NotJson))
async def receive_slack_interaction(
    request: Request,
    services: Wired,
    timestamp: Annotated[str, Header(alias="X-Slack-Request-Timestamp")] = "",
    signature: Annotated[str, Header(alias="X-Slack-Signature")] = "",
) -> Received:
    """Take a signed interaction. Slack waits three seconds for the answer, so nothing else is waited for here."""
    body = await request.body()
    secret = configured(services.webhooks.slack, "CCB_SLACK_SIGNING_SECRET")
    verify([secret], body, timestamp, signature, time.time())
    kind = _payload(body).get("type")
    # Slack names no delivery; the body holds the moment of the click, so the same body is the same click.
    delivery = sha256(body).hexdigest()
    new = await services.intake.take("slack", delivery, str(kind), body)
    return Received(delivery=delivery, duplicate=not new)


def _payload(body: bytes) -> dict[str, object]:
    try:
        form = dict(parse_qsl(body.decode(), max_num_fields=20))
    except ValueError as error:
        raise NotJson("The body is not the form that Slack sends.") from error
    return dict(json_object(form.get("payload", ""), "The form's field payload"))
