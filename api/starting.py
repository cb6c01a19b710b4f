"""Starting a run on an integration that exists, once for each Idempotency-Key."""

from api.answers import answering
from api.services import Services
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
