"""Starting a run on an integration that exists, once for each Idempotency-Key."""

from fastapi import Request, Response

from api.answers import answering
from api.integrations import IdempotencyKey, RunStarted
from api.security import Operator, WayIn, actor
from api.services import Services, Wired
from domain import ids
from domain.artifacts import content_hash
from domain.base import Data
from domain.errors import Conflict
from domain.operations import LaterWork
from domain.people import Person
from domain.registry import Integration
from domain.runs import RunAccepted


async def request_key(
    what: str, found: Integration, body: Data, *, caller: Person, key: str | None, services: Services
) -> str:
    """What is the same for each repetition of the request; empty if it was sent without a key.

    Raises Conflict if the key was sent with another body.
    """
    if key is None:
        return ""
    hashed = content_hash(body.model_dump_json().encode())
    return await services.deliveries.idempotent(f"{what}/{found.id}/{caller.id}", key, hashed, ids.new("req"))


async def started(cmd: LaterWork, services: Services) -> RunAccepted:
    """The run of `cmd`, or the one that the same key started before."""
    try:
        async with answering(services.settings.patience, integration_id=cmd.integration_id):
            return await services.runs.start(cmd)
    except Conflict as error:
        run_id = error.details.get("run_id")
        if not cmd.request_key or not isinstance(run_id, str):
            raise
        workflow_id = ids.lifecycle_workflow(cmd.integration_id)
        return RunAccepted(integration_id=cmd.integration_id, workflow_id=workflow_id, run_id=run_id)


class Starting:
    """Starts the run that an operator's request asks for."""

    def __init__(
        self,
        request: Request,
        response: Response,
        caller: Operator,
        channel: WayIn,
        services: Wired,
        idempotency_key: IdempotencyKey = None,
    ) -> None:
        self._request = request
        self._response = response
        self._caller = caller
        self._channel = channel
        self._services = services
        self._key = idempotency_key

    async def start(
        self, kind: type[LaterWork], found: Integration, body: Data, *, what: str, **details: object
    ) -> RunStarted:
        """`details` are the fields of the command that the request decides; `what` is asked, as the key's scope."""
        services = self._services
        cmd = kind.model_validate(
            {
                "integration_id": found.id,
                "organization_id": found.organization_id,
                "requester": actor(self._caller, self._channel),
                "repository": found.repository,
                "request_key": await request_key(
                    what, found, body, caller=self._caller, key=self._key, services=services
                ),
                **details,
            }
        )
        accepted = await started(cmd, services)
        url = str(self._request.url_for("read_run", integration=found.id))
        self._response.headers["Location"] = url
        return RunStarted(**accepted.model_dump(), status_url=url)
