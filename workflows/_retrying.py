"""What a failed run leaves for a retry, and how a retry takes it up."""

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.checkpoints import CheckpointActivities
from domain.checkpoints import Checkpoint, CheckpointOf, Kept
from domain.runs import Undone
from workflows import policies
from workflows._failures import describe
from workflows._reviewing import Reviewing
from workflows._run import Run
from workflows._steps import record


async def take_up(run: Run, reviewing: Reviewing) -> Checkpoint | None:
    """What the run that this one retries had reached, which it goes on from; None for a first start.

    Refused with NotFound where nothing is kept of it.
    """
    retry = run.cmd.retry
    if retry is None:
        return None
    of = CheckpointOf(integration_id=run.cmd.integration_id, run_id=retry.run_id)
    kept: Checkpoint = await record(CheckpointActivities.load, of)
    run.account, run.next_turn, run.conversations = kept.account, kept.next_turn, kept.conversations
    run.reached.restore(kept)
    reviewing.carry(kept.reviews)
    book = run.book
    book.spent, book.name, book.plan = kept.spent, kept.name, kept.plan
    book.version = kept.version or book.version
    if kept.proven is not None:
        book.content_hash, book.tests, book.findings = (
            kept.proven.content_hash,
            kept.proven.counts,
            kept.proven.findings,
        )
    return kept


async def leave(run: Run, reviewing: Reviewing) -> None:
    """Leave what a retry can go on from. Failing here changes nothing that was done; it is reported by name."""
    run.reached.reviews = reviewing.valid
    work = run.cmd.model_copy(update={"retry": None, "budget": run.book.budget})
    kept = Kept.model_validate({"work": work.model_dump(), "checkpoint": _checkpoint(run)})
    try:
        await record(CheckpointActivities.save, kept, policies.UNDO_RECORD)
    except ActivityError as error:
        run.book.untold.append(Undone(step="checkpoint for a retry", ok=False, error=describe(error).message))


def _checkpoint(run: Run) -> Checkpoint:
    reached, book = run.reached, run.book
    return Checkpoint(
        integration_id=run.cmd.integration_id,
        run_id=workflow.info().run_id,
        operation=book.operation,
        stage=book.stage,
        at=workflow.now(),
        account=run.account,
        next_turn=run.next_turn,
        conversations=run.conversations,
        spent=book.spent,
        budget=book.budget,
        name=book.name,
        version=book.version,
        document=reached.examined.document if reached.examined else None,
        base_url=reached.examined.base_url if reached.examined else "",
        analysis=reached.analysis,
        plan=reached.plan,
        writing=reached.writing,
        proven=reached.proven,
        reviews=reached.reviews,
        serving=reached.serving,
    )
