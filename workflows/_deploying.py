"""Deploying: publish, merge, start, wait until healthy, switch the stable URL, register. Each step has its undo.

Where something serves already, the new one is started beside it, takes over as the rollout says, and what served before
is stopped last of all, when nothing is undone any more.
"""

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.deployments import DeploymentActivities
from activities.integrations import IntegrationActivities
from activities.repository import RepositoryActivities
from domain import ids
from domain.deployments import Elsewhere
from domain.errors import ContentChanged
from domain.lifecycle import Operation, Stage
from domain.manifest import Manifest
from domain.operations import Environment, Rollout
from domain.registry import RegistryEntry
from domain.runs import Undone, Waiting
from domain.steps import (
    Deploy,
    DeploymentOf,
    ForgetSecrets,
    MergePullRequest,
    Missing,
    NeedSecrets,
    PublishBundle,
    Published,
    Register,
    RestoreRoute,
    RevertMerge,
    Unpublish,
    VersionOf,
)
from domain.vendors import DeploymentSpec, PullRequest
from workflows import policies
from workflows._building import Proven
from workflows._dependencies import check_dependencies
from workflows._failures import describe
from workflows._rolling import Rolling
from workflows._run import Run
from workflows._saga import Saga
from workflows._steps import at_once, record, step


class Deploying:
    """The way of one approved version to a stable URL.

    `entry` is what the registry says as long as this is not registered; `home` is the stage in which it ends.
    """

    def __init__(
        self,
        run: Run,
        saga: Saga,
        manifest: Manifest,
        proven: Proven,
        *,
        environment: Environment = Environment.PRODUCTION,
        entry: RegistryEntry | None = None,
        home: Stage = Stage.ACTIVE,
    ) -> None:
        self._run = run
        self._saga = saga
        self._manifest = manifest
        self._proven = proven
        self._environment = environment
        self._entry = entry
        self._home = home
        self._before: str | None = None
        self._me = self._deployment()

    async def merged(self, pull: PullRequest, *, branch: str, folder: str) -> bool:
        """Publish and merge what was approved; False if the pull request holds something else by now."""
        await self._run.enter(Stage.DEPLOYING, "looks for the secrets it needs")
        await check_dependencies(self._run, self._manifest, self._environment)
        await self._secrets()
        self._run.doing("publishes the bundle")
        self._saga.on_failure(
            "bundle",
            lambda: step(DeploymentActivities.unpublish_bundle, Unpublish(key=self._key), policies.UNDO_DEPLOY, "undo"),
        )
        self._published = await self._publish()
        try:
            await self._merge(pull, branch=branch, folder=folder)
        except ActivityError as error:
            if describe(error).code != ContentChanged.code:
                raise
            return False
        return True

    async def recorded(self) -> None:
        """Make ready what was merged by an earlier run. Its bundle is that run's, and stays whatever comes of this."""
        await self._run.enter(Stage.DEPLOYING, "looks for the secrets it needs")
        await check_dependencies(self._run, self._manifest, self._environment)
        await self._secrets()
        self._run.doing("publishes the bundle, if it is not there")
        self._published = await self._publish()

    async def go_live(self, rollout: Rollout | None = None) -> None:
        """Start what was merged, bring the stable URL to it, register it. Without a rollout, or without one to take
        over from, it is sent all requests at once.

        Raises, as a failure:
            DeploymentWorse: it was worse than what serves.
        """
        if self._run.book.operation is not Operation.CREATE:
            self._before = await self._live()
            self._me = self._deployment()
        await self._start()
        self._run.book.url = await self._switch(rollout)
        await self._register(self._run.book.url)

    async def stop_previous(self) -> None:
        """Stop what served before. Nothing is undone any more: if it cannot be stopped, that is said by name."""
        if self._before is None or self._before == self._me.id:
            return
        self._run.doing("serves; stops the deployment before it")
        before = self._me.model_copy(update={"id": self._before})
        try:
            await at_once(DeploymentActivities.stop, before, policies.UNDO_DEPLOY, "stop the deployment before")
        except ActivityError as error:
            left = Undone(step=f"deployment {before.id}, which served before", ok=False, error=describe(error).message)
            self._run.book.untold.append(left)
        self._run.doing("serves")

    def _deployment(self) -> DeploymentOf:
        """Mine: beside what serves, even if that is the same version."""
        integration, hashed = self._run.cmd.integration_id, self._proven.content_hash
        mine = ids.deployment(integration, hashed, self._environment, beside=self._before)
        return DeploymentOf(id=mine, name=self._manifest.name, environment=self._environment)

    async def _live(self) -> str | None:
        return await step(DeploymentActivities.live, self._me, policies.DEPLOY, "read the route")

    async def _secrets(self) -> None:
        """Wait until people have given every secret that the integration cannot do without."""
        required = [secret.name for secret in self._manifest.secrets if secret.required]
        if not required:
            return
        if self._run.book.operation is Operation.CREATE:  # later, they are those of what serves too
            mine = ForgetSecrets(integration_id=self._run.cmd.integration_id)
            self._saga.on_failure(
                "secrets", lambda: step(DeploymentActivities.forget_secrets, mine, policies.UNDO_DEPLOY, "undo")
            )
        cmd = NeedSecrets(integration_id=self._run.cmd.integration_id, names=required)
        since, known, pause = workflow.now(), self._run.secrets_changes, policies.LOOK_AGAIN
        while missing := (await self._missing(cmd)).names:
            words = f"the secrets {', '.join(missing)}: `ccb secrets set {self._manifest.name} {missing[0]}`"
            self._run.waits(Waiting(what=words, since=since))
            await self._run.told_of_secrets(known, pause)
            known, pause = self._run.secrets_changes, min(2 * pause, policies.LOOK_AT_LAST)
        self._run.waits(None)

    async def _missing(self, cmd: NeedSecrets) -> Missing:
        return await step(DeploymentActivities.missing_secrets, cmd, policies.DEPLOY, "look for secrets")

    @property
    def _key(self) -> str:
        return f"bundles/{self._run.cmd.integration_id}/{self._manifest.name}-{self._manifest.version}.tar"

    async def _publish(self) -> Published:
        proven = self._proven
        cmd = PublishBundle(
            key=self._key,
            workspace=proven.workspace,
            checks=proven.checks,
            tests=proven.tests,
            sbom=proven.sbom,
            lock=proven.lock,
            verdict=proven.verdict,
        )
        return await step(DeploymentActivities.publish_bundle, cmd, policies.DEPLOY, "publish the bundle")

    async def _merge(self, pull: PullRequest, *, branch: str, folder: str) -> None:
        self._run.doing(f"merges {pull.url}")
        title = f"{self._manifest.name} {self._manifest.version}"
        undo = RevertMerge(
            repo=pull.repo,
            folder=folder,
            branch=branch,
            message=f"Revert: {title} could not be deployed",
            key=self._run.key("revert"),
            number=pull.number,
        )
        self._saga.on_failure("merge", lambda: step(RepositoryActivities.revert, undo, policies.UNDO, "undo"))
        cmd = MergePullRequest(pull_request=pull, message=f"{self._run.book.deed} integration {title}")
        await step(RepositoryActivities.merge, cmd, policies.VENDOR_WRITE, f"merge #{pull.number}")
        self._run.book.pull_request = pull.model_copy(update={"state": "merged"})

    async def _start(self) -> None:
        self._run.doing("starts the version and waits until it is healthy")
        spec = DeploymentSpec(
            id=self._me.id,
            name=self._me.name,
            version=self._manifest.version,
            content_hash=self._proven.content_hash,
            bundle=self._published.bundle,
            entrypoint=self._manifest.entrypoint,
            requirements=self._manifest.requirements,
            hosts=self._manifest.hosts,
            configuration=self._manifest.configuration,
            secrets=self._manifest.secrets,
            health_endpoint=self._manifest.health.endpoint,
        )
        self._saga.on_failure(
            "deployment", lambda: step(DeploymentActivities.stop, self._me, policies.UNDO_DEPLOY, "undo")
        )
        cmd = Deploy(spec=spec, integration_id=self._run.cmd.integration_id, environment=self._environment)
        await step(DeploymentActivities.start, cmd, policies.DEPLOY, f"start {self._me.name}")
        await step(DeploymentActivities.await_healthy, self._me, policies.AWAIT_HEALTHY, "wait until it is healthy")

    async def _switch(self, rollout: Rollout | None) -> str:
        before = self._before
        if self._run.book.operation is Operation.CREATE:
            before = self._before = await self._live()
        self._run.doing("switches the stable URL")
        undo = RestoreRoute(
            name=self._me.name,
            away_from=self._me.id,
            back_to=None if before == self._me.id else before,
            environment=self._environment,
        )
        self._saga.on_failure(
            "route", lambda: step(DeploymentActivities.restore_route, undo, policies.UNDO_DEPLOY, "undo")
        )
        if rollout is None or before is None or before == self._me.id:
            return await self._to_me()
        rolling = Rolling(self._run, rollout, self._me.model_copy(update={"id": before}), self._me)
        await rolling.share_out()
        self._run.doing("switches the stable URL")
        url = await self._to_me()
        await rolling.hold(100)
        return url

    async def _to_me(self) -> str:
        return (await step(DeploymentActivities.switch, self._me, policies.DEPLOY, "switch the stable URL")).url

    async def _register(self, url: str) -> None:
        """Production is what the registry tells of."""
        if self._environment is not Environment.PRODUCTION:
            there = Elsewhere(environment=self._environment, version=self._manifest.version, url=url)
            await self._run.enter(self._home, f"serves in {self._environment}", detail=url, elsewhere=there)
            return
        self._saga.on_failure("registry entry", self._deregister)
        entry = RegistryEntry(
            integration_id=self._run.cmd.integration_id,
            name=self._manifest.name,
            version=self._manifest.version,
            description=self._manifest.description,
            author=self._manifest.author,
            dependencies=self._manifest.dependencies,
            capabilities=self._manifest.capabilities,
            hosts=self._manifest.hosts,
            health=self._manifest.health,
            url=url,
            deployment_id=self._me.id,
            content_hash=self._proven.content_hash,
        )
        forced = self._run.book.operation is Operation.ROLL_BACK
        await record(IntegrationActivities.register, Register(entry=entry, forced=forced))
        await self._run.enter(self._home, "serves", version=self._manifest.version, url=url)

    async def _deregister(self) -> None:
        """What was registered before is the current entry again."""
        if self._entry is not None:
            again = Register(entry=self._entry, forced=True)
            await record(IntegrationActivities.register, again, policies.UNDO_RECORD)
            if self._entry.version == self._manifest.version:
                return
        mine = VersionOf(integration_id=self._run.cmd.integration_id, version=self._manifest.version)
        await record(IntegrationActivities.deregister, mine, policies.UNDO_RECORD)
