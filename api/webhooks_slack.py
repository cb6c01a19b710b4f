"""What Slack sends, all of it to one address: verified, stored, acknowledged; what it leads to is decided elsewhere."""

import logging
import time
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import JSONResponse

from adapters.slack.acknowledging import Acknowledging
from adapters.slack.desk import Desk
from adapters.slack.settings import listed
from adapters.slack.signatures import verify
from adapters.slack.webhooks import Challenge, Event, Malformed, Unused, parse
from adapters.trackers.signing import rotated
from api.deliveries import configured
from api.problems import documented
from api.services import Services, Wired
from domain.errors import Unauthenticated

router = APIRouter(prefix="/webhooks", tags=["webhooks"])

_log = logging.getLogger("ccb.api.slack")
_REVOKING = {"app_uninstalled", "tokens_revoked"}


@router.post("/slack", response_model=None, responses=documented(Unauthenticated, Malformed))
async def receive_slack_delivery(
    request: Request,
    services: Wired,
    timestamp: Annotated[str, Header(alias="X-Slack-Request-Timestamp")] = "",
    signature: Annotated[str, Header(alias="X-Slack-Signature")] = "",
    retry: Annotated[str, Header(alias="X-Slack-Retry-Num", max_length=20)] = "",
) -> Response:
    """Take a signed event, slash command, click or form. Slack waits three seconds, so little is waited for here.

    The answer is what Slack shows: nothing, words for whoever typed, or what is wrong with a form.
    """
    body = await request.body()
    secrets = rotated(configured(services.webhooks.slack, "CCB_SLACK_SIGNING_SECRET"))
    verify(secrets, body, timestamp, signature, time.time())
    sent = parse(body)
    if isinstance(sent, Challenge):
        return JSONResponse({"challenge": sent.word})
    if isinstance(sent, Unused):
        _log.info("nothing follows from what Slack sent", extra={"why": sent.why})
        return Response()
    if isinstance(sent, Event) and sent.event in _REVOKING:
        _log.error("Slack took our access back: install the app again", extra={"event": sent.event, "team": sent.team})
    acknowledged = await _acknowledging(services).acknowledge(sent)
    if acknowledged.kept:
        new = await services.intake.take("slack", sent.id, sent.event, body)
        if not new:
            _log.info("sent again by Slack", extra={"delivery": sent.id, "retry": retry})
    return Response() if acknowledged.answer is None else JSONResponse(acknowledged.answer)


def _acknowledging(services: Services) -> Acknowledging:
    webhooks = services.webhooks
    desk = Desk(services.people, services.integrations)
    return Acknowledging(desk, teams=listed(webhooks.slack_teams), match_email=webhooks.slack_match_email)
