"""Starting a run on an integration that exists, once for each Idempotency-Key."""

from fastapi import Request, Response

from api.answers import answering
from api.integrations import RunStarted
from api.repeats import Repeated
from api.security import Caller, WayIn, actor
from api.services import Services, Wired
from domain import ids
from domain.errors import Conflict
from domain.operations import LaterWork
from domain.registry import Integration
from domain.runs import RunAccepted


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
        caller: Caller,
        channel: WayIn,
        services: Wired,
        once: Repeated,
    ) -> None:
        self._request = request
        self._response = response
        self._caller = caller
        self._channel = channel
        self._services = services
        self._once = once

    async def start(self, kind: type[LaterWork], found: Integration, **details: object) -> RunStarted:
        """`details` are the fields of the command that the request decides."""
        services = self._services
        cmd = kind.model_validate(
            {
                "integration_id": found.id,
                "organization_id": found.organization_id,
                "requester": actor(self._caller, self._channel),
                "repository": found.repository,
                "request_key": self._once.request_key,
                **details,
            }
        )
        accepted = await started(cmd, services)
        url = str(self._request.url_for("read_run", integration=found.id))
        self._response.headers["Location"] = url
        return RunStarted(**accepted.model_dump(), status_url=url)
