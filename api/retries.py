"""Starting a run that failed again, from where it failed."""

from fastapi import APIRouter, Request, Response

from api.answers import NoWorker, answering
from api.found import Found
from api.integrations import RunStarted
from api.problems import documented
from api.repeats import Repeated
from api.runs import NewBudget
from api.security import Caller, WayIn, actor, needs
from api.services import Services, Wired
from domain.access import Acting, Permission
from domain.base import Data
from domain.checkpoints import Kept
from domain.conversation import Budget
from domain.errors import Conflict, Forbidden, InvalidInput, NameTaken, NotFound
from domain.registry import Integration

router = APIRouter(prefix="/api/v1/integrations/{integration}", tags=["runs"])


class RetryRun(Data):
    """`budget`: what it may spend in all, with what the run that failed had spent. Left out, it stays as it was."""

    budget: NewBudget = NewBudget()


@router.post(
    "/retry",
    dependencies=[needs(Permission.RUNS_STEER)],
    status_code=202,
    responses=documented(NotFound, Conflict, NameTaken, Forbidden, InvalidInput, NoWorker),
)
async def retry_run(
    caller: Caller,
    found: Found,
    channel: WayIn,
    services: Wired,
    request: Request,
    response: Response,
    once: Repeated,
    body: RetryRun | None = None,
) -> RunStarted:
    """Start the run that failed again, from the stage in which it failed.

    What is still valid is not done again: the plan, code that was proven, approvals of the same content. Turns with
    Claude that were bought are not bought again. What was undone outside is made anew.
    """
    kept = await _kept(found, services)
    budget = _budget((body or RetryRun()).budget, kept.work.budget, caller)
    async with answering(services.settings.patience, integration_id=found.id):
        accepted = await services.runs.retry(
            kept, by=actor(caller, channel), budget=budget, request_key=once.request_key
        )
    url = str(request.url_for("read_run", integration=accepted.integration_id))
    response.headers["Location"] = url
    return RunStarted(**accepted.model_dump(), status_url=url)


async def _kept(found: Integration, services: Services) -> Kept:
    """What the newest run left. Raises Conflict unless that run failed."""
    name = found.name or found.id
    if found.failure is None:
        raise Conflict(
            f"There is nothing to retry: the newest run of {name} did not fail. `ccb status {name}` says where it is.",
            stage=found.stage,
        )
    kept = await services.checkpoints.find(found.id)
    if kept is None or kept.checkpoint.run_id != found.run_id:
        raise Conflict(f"The run of {name} that failed left nothing to go on from: ask for it anew.", stage=found.stage)
    return kept


def _budget(wanted: NewBudget, before: Budget, caller: Acting) -> Budget:
    """A budget can only be raised, and that by an operator, as for a run under way."""
    budget = before.model_copy(update=wanted.model_dump(exclude_none=True))
    if budget == before:
        return before
    if not caller.may(Permission.RUNS_FUND):
        raise Forbidden("To raise the budget needs an operator; without one, retry with the budget that it has.")
    if budget.usd < before.usd or budget.tokens < before.tokens or budget.turns < before.turns:
        raise InvalidInput(
            f"A budget can only be raised: {before.usd} US dollars, {before.tokens} tokens, {before.turns} turns.",
            field="budget",
        )
    return budget
