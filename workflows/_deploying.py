"""Deploying: publish, merge, start, wait until healthy, switch the stable URL, register. Each step has its undo."""

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.deployments import DeploymentActivities
from activities.integrations import IntegrationActivities
from activities.repository import RepositoryActivities
from domain import ids, manifest
from domain.errors import ContentChanged
from domain.lifecycle import Stage
from domain.plan import Plan
from domain.registry import RegistryEntry
from domain.runs import Waiting
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
from workflows._failures import describe
from workflows._run import Run
from workflows._saga import Saga
from workflows._steps import record, step


class Deploying:
    """The way of one approved version to its stable URL."""

    def __init__(self, run: Run, saga: Saga, plan: Plan, proven: Proven, pull: PullRequest) -> None:
        self._run = run
        self._saga = saga
        self._proven = proven
        self._pull = pull
        self._manifest = manifest.from_plan(plan, version=run.book.version, author=run.cmd.requester.name)
        self._me = DeploymentOf(
            id=ids.deployment(run.cmd.integration_id, proven.content_hash), name=self._manifest.name
        )

    async def merged(self, *, branch: str, folder: str) -> bool:
        """Publish and merge what was approved; False if the pull request holds something else by now."""
        await self._run.enter(Stage.DEPLOYING, "looks for the secrets it needs")
        await self._secrets()
        self._run.doing("publishes the bundle")
        self._published = await self._publish()
        try:
            await self._merge(branch=branch, folder=folder)
        except ActivityError as error:
            if describe(error).code != ContentChanged.code:
                raise
            return False
        return True

    async def go_live(self) -> None:
        """Start what was merged, switch the stable URL to it, register it."""
        await self._start()
        self._run.book.url = await self._switch()
        await self._register(self._run.book.url)

    async def _secrets(self) -> None:
        """Wait until people have given every secret that the integration cannot do without."""
        required = [secret.name for secret in self._manifest.secrets if secret.required]
        if not required:
            return
        mine = ForgetSecrets(integration_id=self._run.cmd.integration_id)
        self._saga.on_failure(
            "secrets", lambda: step(DeploymentActivities.forget_secrets, mine, policies.UNDO_DEPLOY, "undo")
        )
        cmd = NeedSecrets(integration_id=self._run.cmd.integration_id, names=required)
        since, known = workflow.now(), self._run.secrets_changes
        while missing := (await self._missing(cmd)).names:
            words = f"the secrets {', '.join(missing)}: `ccb secrets set {self._manifest.name} {missing[0]}`"
            self._run.waits(Waiting(what=words, since=since))
            await self._run.told_of_secrets(known, policies.LOOK_AGAIN)
            known = self._run.secrets_changes
        self._run.waits(None)

    async def _missing(self, cmd: NeedSecrets) -> Missing:
        return await step(DeploymentActivities.missing_secrets, cmd, policies.DEPLOY, "look for secrets")

    async def _publish(self) -> Published:
        key = f"bundles/{self._run.cmd.integration_id}/{self._manifest.name}-{self._manifest.version}.tar"
        self._saga.on_failure(
            "bundle",
            lambda: step(DeploymentActivities.unpublish_bundle, Unpublish(key=key), policies.UNDO_DEPLOY, "undo"),
        )
        proven = self._proven
        cmd = PublishBundle(
            key=key,
            workspace=proven.workspace,
            checks=proven.checks,
            tests=proven.tests,
            sbom=proven.sbom,
            lock=proven.lock,
            verdict=proven.verdict,
        )
        return await step(DeploymentActivities.publish_bundle, cmd, policies.DEPLOY, "publish the bundle")

    async def _merge(self, *, branch: str, folder: str) -> None:
        pull = self._pull
        self._run.doing(f"merges {pull.url}")
        title = f"{self._manifest.name} {self._manifest.version}"
        undo = RevertMerge(
            repo=pull.repo,
            folder=folder,
            branch=branch,
            message=f"Revert: {title} could not be deployed",
            key=self._run.key("revert"),
        )
        self._saga.on_failure("merge", lambda: step(RepositoryActivities.revert, undo, policies.UNDO, "undo"))
        cmd = MergePullRequest(pull_request=pull, message=f"Add integration {title}")
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
        cmd = Deploy(spec=spec, integration_id=self._run.cmd.integration_id)
        await step(DeploymentActivities.start, cmd, policies.DEPLOY, f"start {self._me.name}")
        await step(DeploymentActivities.await_healthy, self._me, policies.AWAIT_HEALTHY, "wait until it is healthy")

    async def _switch(self) -> str:
        self._run.doing("switches the stable URL")
        before = await step(DeploymentActivities.live, self._me, policies.DEPLOY, "read the route")
        undo = RestoreRoute(
            name=self._me.name, away_from=self._me.id, back_to=None if before == self._me.id else before
        )
        self._saga.on_failure(
            "route", lambda: step(DeploymentActivities.restore_route, undo, policies.UNDO_DEPLOY, "undo")
        )
        return (await step(DeploymentActivities.switch, self._me, policies.DEPLOY, "switch the stable URL")).url

    async def _register(self, url: str) -> None:
        mine = VersionOf(integration_id=self._run.cmd.integration_id, version=self._manifest.version)
        self._saga.on_failure(
            "registry entry", lambda: record(IntegrationActivities.deregister, mine, policies.UNDO_RECORD)
        )
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
        await record(IntegrationActivities.register, Register(entry=entry))
        await self._run.enter(Stage.ACTIVE, "serves", version=self._manifest.version, url=url)
