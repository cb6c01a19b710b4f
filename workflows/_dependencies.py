"""Before anything is deployed: whether what a version needs of other integrations is there, and they can do with it."""

from temporalio import workflow

from activities.dependencies import DependencyActivities
from domain.lifecycle import Operation
from domain.manifest import Manifest
from domain.operations import Environment
from domain.steps.retirement import CheckDependencies
from workflows._run import Run
from workflows._steps import record


async def check_dependencies(run: Run, manifest: Manifest, environment: Environment) -> None:
    """Refused with DependencyUnmet, by name. A way back is not held up by it; what is new and needs none is free.

    In staging others are not asked whether they can do with it: it does not serve them.
    """
    operation = run.book.operation
    if operation is Operation.ROLL_BACK or (operation is Operation.CREATE and not manifest.dependencies):
        return
    if not workflow.patched("check-dependencies"):
        return
    cmd = CheckDependencies(
        integration_id=run.cmd.integration_id,
        name=manifest.name,
        version=manifest.version,
        dependencies=manifest.dependencies,
        serves=environment is Environment.PRODUCTION,
    )
    await record(DependencyActivities.check_dependencies, cmd)
