"""Steps in the database about who needs whom, and about what is to end."""

from temporalio import activity

from domain.dependencies import Dependent, Node, check
from domain.errors import Corrupted
from domain.ports import Dependencies, Deprecations, Integrations
from domain.retirement import Deprecation
from domain.steps.retirement import CheckDependencies, One, Unmet, Withdraw


class DependencyActivities:
    def __init__(self, integrations: Integrations, dependencies: Dependencies, deprecations: Deprecations) -> None:
        self._integrations = integrations
        self._dependencies = dependencies
        self._deprecations = deprecations

    @activity.defn(name="integration.check_dependencies")
    async def check_dependencies(self, cmd: CheckDependencies) -> Unmet | None:
        """Look before anything is deployed; registering looks again. None if nothing stands against it.

        Raises:
            DependencyUnmet: with all that stands against this version.
        """
        found = await self._integrations.get(cmd.integration_id)
        candidate = Node(name=cmd.name, version=cmd.version, dependencies=cmd.dependencies)
        living = await self._dependencies.living(found.organization_id)
        missing = check(candidate, living, serves=cmd.serves, patient=cmd.patient)
        return Unmet(needs=[need.words for need in missing]) if missing else None

    @activity.defn(name="integration.dependents")
    async def dependents(self, cmd: One) -> list[Dependent]:
        return await self._dependencies.dependents(cmd.integration_id)

    @activity.defn(name="integration.withdraw")
    async def withdraw(self, cmd: Withdraw) -> None:
        """Take it out of the registry, and read back that it is.

        Raises:
            StillNeeded: somebody who needs it was registered meanwhile.
        """
        await self._dependencies.withdraw(cmd.integration_id, forced=cmd.forced, actor=cmd.actor)
        if await self._integrations.entry(cmd.integration_id) is not None:
            raise Corrupted(f"The registry still holds {cmd.integration_id} after it was taken out.")

    @activity.defn(name="integration.deprecation")
    async def deprecation(self, cmd: One) -> Deprecation | None:
        return await self._deprecations.find(cmd.integration_id)

    @activity.defn(name="integration.record_deprecation")
    async def record_deprecation(self, cmd: Deprecation) -> None:
        await self._deprecations.record(cmd)

    @activity.defn(name="integration.forget_deprecation")
    async def forget_deprecation(self, cmd: One) -> None:
        await self._deprecations.forget(cmd.integration_id)
