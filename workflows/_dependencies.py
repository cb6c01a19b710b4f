"""Before anything is deployed: whether what a version needs of other integrations is there, and they can do with it.

What is not there yet is waited for, so that what is deployed or updated together comes in order.
"""

from datetime import datetime, timedelta

from temporalio import workflow

from activities.dependencies import DependencyActivities
from domain.lifecycle import Operation
from domain.manifest import Manifest
from domain.operations import Environment
from domain.runs import Waiting
from domain.steps.retirement import CheckDependencies, Unmet
from workflows import policies
from workflows._run import Run
from workflows._steps import record


async def check_dependencies(run: Run, manifest: Manifest, environment: Environment) -> None:
    """Wait until what it needs is registered, in its range. A way back is not held up by it; what is new and needs none
    is free. In staging others are not asked whether they can do with it: it does not serve them.

    Raises, as a failure:
        DependencyUnmet: what is needed did not come within `policies.NEEDS_WINDOW`; and at once, where time alone
            changes nothing: others need another version of it, or they would need each other in a circle.
    """
    operation = run.book.operation
    if operation is Operation.ROLL_BACK or (operation is Operation.CREATE and not manifest.dependencies):
        return
    if not workflow.patched("check-dependencies"):
        return
    since = workflow.now()
    until = since + policies.NEEDS_WINDOW
    while unmet := await _unmet(run, manifest, environment, patient=workflow.now() < until):
        run.waits(Waiting(what="; ".join(unmet.needs), since=since, until=until))
        pause = policies.between_looks_for_needs(workflow.now() - since)
        await workflow.sleep(min(pause, _left(until)), summary="look again for what it needs")
    run.waits(None)


async def _unmet(run: Run, manifest: Manifest, environment: Environment, *, patient: bool) -> Unmet | None:
    cmd = CheckDependencies(
        integration_id=run.cmd.integration_id,
        name=manifest.name,
        version=manifest.version,
        dependencies=manifest.dependencies,
        serves=environment is Environment.PRODUCTION,
        patient=patient,
    )
    return await record(DependencyActivities.check_dependencies, cmd)


def _left(until: datetime) -> timedelta:
    return max(until - workflow.now(), policies.NO_TIME)
