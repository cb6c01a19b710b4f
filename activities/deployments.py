"""Steps on the deployment target: install and start, wait until healthy, share out, switch, judge, and their undos.

Each notes what it did in the database too, so that what runs where is known without asking a target.
"""

import asyncio

from temporalio import activity

from activities.bundles import packed
from domain import bundle, rollout
from domain.artifacts import content_hash
from domain.deployments import Deployment
from domain.errors import Corrupted, DeploymentUnhealthy
from domain.ports import Artifacts, Deployments, Secrets, Target, Verifier
from domain.rollout import Judgement
from domain.steps import (
    Deploy,
    DeploymentOf,
    ForgetSecrets,
    JudgeRollout,
    Missing,
    NeedSecrets,
    PublishBundle,
    Published,
    RestoreRoute,
    Split,
    Switched,
    Unpublish,
)
from domain.vendors import DeploymentStatus

HEALTH_EVERY = 0.25
"""Seconds between two looks at a version that is coming up."""
SICK_AFTER = 3
"""Bad answers of a health check, a second apart, after which a version that serves counts as unhealthy."""


class DeploymentActivities:
    """`kind` is what the target is called in the list of deployments."""

    def __init__(
        self,
        target: Target,
        artifacts: Artifacts,
        secrets: Secrets,
        verifier: Verifier,
        deployments: Deployments,
        *,
        kind: str = "process",
    ) -> None:
        self._target = target
        self._artifacts = artifacts
        self._secrets = secrets
        self._verifier = verifier
        self._deployments = deployments
        self._kind = kind

    @activity.defn(name="deploy.missing_secrets")
    async def missing_secrets(self, cmd: NeedSecrets) -> Missing:
        """Which of the required secrets nobody has given yet. Values never leave this process."""
        given = await self._secrets.names(cmd.integration_id)
        return Missing(names=[name for name in cmd.names if name not in given])

    @activity.defn(name="deploy.forget_secrets")
    async def forget_secrets(self, cmd: ForgetSecrets) -> None:
        await self._secrets.forget(cmd.integration_id)

    @activity.defn(name="deploy.publish_bundle")
    async def publish_bundle(self, cmd: PublishBundle) -> Published:
        """Publish the bundle and read it back. Raises VerdictInvalid for one that nothing proves."""
        data = await packed(self._artifacts, cmd)
        bundle.verify(data, self._verifier)
        url = await self._artifacts.publish(cmd.key, data, bundle.MEDIA_TYPE)
        if content_hash(await self._artifacts.read(cmd.key)) != content_hash(data):
            raise Corrupted(f"The bundle {cmd.key} is not what was published.", key=cmd.key)
        return Published(key=cmd.key, url=url, bundle=await self._artifacts.put(data, bundle.MEDIA_TYPE))

    @activity.defn(name="deploy.unpublish_bundle")
    async def unpublish_bundle(self, cmd: Unpublish) -> None:
        await self._artifacts.remove(cmd.key)

    @activity.defn(name="deploy.start")
    async def start(self, cmd: Deploy) -> DeploymentStatus:
        """Start what is proven, and nothing else: the target looks again, with keys of its own.

        Raises:
            VerdictInvalid: there is no good verdict, or it is of another version.
        """
        data = await self._artifacts.get(cmd.spec.bundle)
        _, proven = bundle.verify(data, self._verifier)
        proven.require(cmd.spec)
        configuration = {key.name: key.default for key in cmd.spec.configuration if key.default is not None}
        given = await self._secrets.reveal(cmd.integration_id)
        declared = {secret.name for secret in cmd.spec.secrets}
        await self._deployments.started(
            Deployment(
                id=cmd.spec.id,
                integration_id=cmd.integration_id,
                version=cmd.spec.version,
                environment=cmd.environment,
                target=self._kind,
            )
        )
        return await self._target.start(
            cmd.spec,
            data,
            configuration=configuration,
            secrets={name: value for name, value in given.items() if name in declared},
            heartbeat=activity.heartbeat,
        )

    @activity.defn(name="deploy.await_healthy")
    async def await_healthy(self, cmd: DeploymentOf) -> DeploymentStatus:
        """Look until the deployment's own health check answers; the step's timeout is the limit.

        Raises:
            DeploymentUnhealthy: it is gone, or will not be started again; with the tail of its log.
        """
        while True:
            status = await self._target.status(cmd.id)
            if status.healthy:
                return status
            if status.state in {"absent", "failed", "stopped"} or status.restarts >= 3:
                raise DeploymentUnhealthy(
                    f"{cmd.name} does not come up ({status.state}): {status.detail or 'its log is empty'}",
                    deployment_id=cmd.id,
                )
            activity.heartbeat(status.state)
            await asyncio.sleep(HEALTH_EVERY)

    @activity.defn(name="deploy.live")
    async def live(self, cmd: DeploymentOf) -> str | None:
        """The deployment that the stable URL points at now: what an undo returns it to."""
        return await self._target.live(cmd.route)

    @activity.defn(name="deploy.split")
    async def split(self, cmd: Split) -> None:
        """Send the candidate its share of the requests; the target reads it back."""
        await self._target.split(cmd.candidate.route, cmd.candidate.id, percent=cmd.percent)

    @activity.defn(name="deploy.judge")
    async def judge(self, cmd: JudgeRollout) -> Judgement:
        """Look once: whether the new one is worse than the old."""
        healthy = await self._healthy(cmd.new.id)
        old, new = await asyncio.gather(
            self._target.traffic(cmd.old.id, seconds=cmd.old_seconds),
            self._target.traffic(cmd.new.id, seconds=cmd.new_seconds),
        )
        old_healthy = healthy or (await self._target.status(cmd.old.id)).healthy
        return rollout.judge(cmd.rollout, old=old, new=new, healthy=healthy, old_healthy=old_healthy)

    async def _healthy(self, deployment_id: str) -> bool:
        """Asks again before it says no: one health check that is lost is no reason to go back."""
        for _ in range(SICK_AFTER - 1):
            if (await self._target.status(deployment_id)).healthy:
                return True
            await asyncio.sleep(1)
        return (await self._target.status(deployment_id)).healthy

    @activity.defn(name="deploy.switch")
    async def switch(self, cmd: DeploymentOf) -> Switched:
        url = await self._target.switch(cmd.route, cmd.id)
        if await self._target.live(cmd.route) != cmd.id:
            raise Corrupted(f"The stable URL of {cmd.name} does not point at the new deployment.")
        await self._deployments.serves(cmd.id, url)
        return Switched(url=url)

    @activity.defn(name="deploy.restore_route")
    async def restore_route(self, cmd: RestoreRoute) -> None:
        """All requests to what was there before, if some go to the new one; a route that is elsewhere is left alone."""
        if await self._target.live(cmd.route) == cmd.away_from:
            await self._target.switch(cmd.route, cmd.back_to)
        elif cmd.back_to is not None:
            await self._target.split(cmd.route, cmd.away_from, percent=0)
        await self._deployments.returned(cmd.away_from, cmd.back_to)

    @activity.defn(name="deploy.stop")
    async def stop(self, cmd: DeploymentOf) -> None:
        """Stop the deployment and read back that it is gone."""
        await self._target.stop(cmd.id)
        if (await self._target.status(cmd.id)).state != "absent":
            raise Corrupted(f"Deployment {cmd.id} of {cmd.name} is still there after it was stopped.")
        await self._deployments.stopped(cmd.id)
