"""RetireIntegration: the end of an integration. Its name is free again; what it was stays in the archive.

Promises: it is refused, and nothing is touched, while others depend on it, its stable URL is used or its announced end
is yet to come, unless it is forced with a reason. Until its deployments are stopped it can be undone, last first: its
stable URLs point back, its entry is in the registry again. From then on there is no way back: each thing is taken away
with patience, and what could not be is listed by name. What stays (versions, reports, bundles) is read before and
after.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from temporalio import workflow
from temporalio.workflow import ActivityConfig

from activities.dependencies import DependencyActivities
from activities.deployments import DeploymentActivities
from activities.integrations import IntegrationActivities
from activities.repository import RepositoryActivities
from activities.retirement import RetirementActivities
from domain.base import Data
from domain.errors import StillNeeded
from domain.lifecycle import Operation, Stage
from domain.operations import RETIRE_WORKFLOW, RetireIntegration
from domain.registry import RegistryEntry
from domain.retirement import Archive, InUse
from domain.runs import RunOutcome, Undone
from domain.steps import DeploymentOf, Register
from domain.steps.retirement import Announce, LookForUse, One, PointRoute, RemoveFolder, Withdraw
from workflows import policies
from workflows._ending import attempt, tell_owners_and_dependents
from workflows._failures import refusing
from workflows._lifecycle import Lifecycle
from workflows._run import Run
from workflows._saga import to_the_end
from workflows._steps import at_once, record, step


@workflow.defn(name=RETIRE_WORKFLOW)
class RetireIntegrationWorkflow(Lifecycle):
    @workflow.init
    def __init__(self, cmd: RetireIntegration) -> None:
        self._cmd = cmd
        self._mine = One(integration_id=cmd.integration_id)
        super().__init__(Run(cmd, operation=Operation.RETIRE, title=cmd.reason))

    @workflow.run
    async def run(self, cmd: RetireIntegration) -> RunOutcome:
        return await self.tell(self._retire())

    async def _retire(self) -> None:
        use = await self._look()
        forced = "forced: " if self._cmd.forced else ""
        found = await self.begin(Stage.ACTIVE, Stage.DEPRECATED, Stage.FAILED, detail=forced + self._cmd.reason)
        # What failed gave up its name, and somebody else's integration may bear it.
        named = found.integration.name if found.integration.stage is not Stage.FAILED else None
        async with self._saga:
            self._run.doing("reads the archive, which stays")
            archive = await self._read_archive()
            await self._deregister(found.entry)
            await self._unroute(use)
            self._saga.settle()
        await to_the_end(asyncio.create_task(self._take_away(use, named, archive)))

    async def _look(self) -> InUse:
        """See what there is and who needs it. Refused with StillNeeded before anything is written."""
        cmd = LookForUse(integration_id=self._cmd.integration_id, within=self._cmd.quiet)
        use = await step(RetirementActivities.in_use, cmd, policies.LOOK, "look whether it is still needed")
        if (reasons := use.in_the_way(workflow.now())) and not self._cmd.forced:
            with refusing():
                raise StillNeeded(
                    f"It cannot be retired: {'; '.join(reasons)}. Force it if that does not matter.",
                    dependents=[one.name for one in use.dependents],
                    requests=sum(one.requests for one in use.used),
                )
        return use

    async def _read_archive(self) -> Archive:
        return await step(RetirementActivities.read_archive, self._mine, policies.DEPLOY, "read the archive")

    async def _deregister(self, entry: RegistryEntry | None) -> None:
        """First of all, so that nobody begins to depend on it."""
        self._run.doing("takes it out of the registry")
        if entry is not None:
            again = Register(entry=entry, forced=True)
            self._saga.on_failure(
                "registry entry", lambda: record(IntegrationActivities.register, again, policies.UNDO_RECORD)
            )
        cmd = Withdraw(integration_id=self._cmd.integration_id, forced=self._cmd.forced, actor=self._cmd.requester)
        await record(DependencyActivities.withdraw, cmd)

    async def _unroute(self, use: InUse) -> None:
        self._run.doing("points its stable URLs at nothing")
        for route, live in use.routes.items():
            back = PointRoute(route=route, away_from=None, to=live)
            self._saga.on_failure(
                f"route {route}", partial(step, RetirementActivities.point_route, back, policies.UNDO_DEPLOY, "undo")
            )
            away = PointRoute(route=route, away_from=live, to=None)
            await step(RetirementActivities.point_route, away, policies.DEPLOY, f"point {route} at nothing")

    async def _take_away(self, use: InUse, named: str | None, archive: Archive) -> None:
        """There is no way back from here."""
        book = self._run.book
        self._run.doing("takes away what it had; there is no way back from here")
        for one in use.deployments:
            stop = DeploymentOf(id=one, name=book.name or "")
            await self._take(f"deployment {one}", DeploymentActivities.stop, stop, policies.UNDO_DEPLOY)
        if named is not None:
            quiet = Announce(name=named, notice=None)
            await self._take("notice", RetirementActivities.announce, quiet, policies.UNDO_DEPLOY)
        await self._take("secrets", RetirementActivities.revoke_keys, self._mine, policies.UNDO_DEPLOY)
        if named is not None:
            await self._remove_folder(f"integrations/{named}")
        await attempt(book, "archive", lambda: self._compare(archive))
        self._note_what_is_left()
        book.url = None
        doing = f"is retired; kept: {archive.words}"
        await self._run.enter(Stage.RETIRED, doing, actor=self._cmd.requester, detail=self._cmd.reason, patient=True)
        await tell_owners_and_dependents(self._run, use.dependents)

    async def _take(self, name: str, take: Callable[..., Awaitable[object]], cmd: Data, policy: ActivityConfig) -> None:
        """`name` is what people read where it could not be taken away."""
        await attempt(self._run.book, name, lambda: at_once(take, cmd, policy, f"take away: {name}"))

    async def _remove_folder(self, folder: str) -> None:
        cmd = RemoveFolder(
            repo=self._cmd.repository,
            folder=folder,
            message=f"Retire integration {folder.rpartition('/')[2]}\n\n{self._cmd.reason}",
            key=self._run.key("remove"),
        )
        await self._take(f"folder {folder}", RepositoryActivities.remove_folder, cmd, policies.UNDO)

    async def _compare(self, before: Archive) -> None:
        """Read the archive again: it is the same after all is gone."""
        after = await at_once(
            RetirementActivities.read_archive, self._mine, policies.UNDO_DEPLOY, "read the archive again"
        )
        if after != before:
            self._run.book.untold.append(
                Undone(step="archive", ok=False, error=f"There were {before.words}; there are {after.words}.")
            )

    def _note_what_is_left(self) -> None:
        left = [f"Could not be taken away: {one.step} ({one.error})" for one in self._run.book.untold]
        self._run.book.notes += left
        self._run.book.title = "\n".join([self._run.book.title, *left])
