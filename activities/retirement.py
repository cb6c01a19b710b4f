"""Steps of an integration's end on the deployment target and in the stores. Each reads back what it did."""

from collections.abc import Iterable

from temporalio import activity

from domain import ids
from domain.artifacts import ArtifactRef
from domain.deployments import DeploymentStage
from domain.errors import Corrupted, NotFound
from domain.operations import Environment
from domain.ports import Artifacts, Dependencies, Deployments, Deprecations, Integrations, Secrets, Target
from domain.registry import Version
from domain.retirement import Archive, InUse, Used
from domain.steps.retirement import Announce, LookForUse, One, PointRoute


class RetirementActivities:
    def __init__(
        self,
        target: Target,
        artifacts: Artifacts,
        secrets: Secrets,
        integrations: Integrations,
        dependencies: Dependencies,
        deployments: Deployments,
        deprecations: Deprecations,
    ) -> None:
        self._target = target
        self._artifacts = artifacts
        self._secrets = secrets
        self._integrations = integrations
        self._dependencies = dependencies
        self._deployments = deployments
        self._deprecations = deprecations

    @activity.defn(name="retirement.announce")
    async def announce(self, cmd: Announce) -> None:
        """Have the stable URL announce it, or no longer; the target reads it back."""
        await self._target.announce(cmd.name, cmd.notice)

    @activity.defn(name="retirement.in_use")
    async def in_use(self, cmd: LookForUse) -> InUse:
        """What there is of the integration outside, and who still needs or uses it."""
        found = await self._integrations.get(cmd.integration_id)
        mine = await self._mine(cmd.integration_id)
        routes = {}
        # A name that somebody else bears by now leads to deployments that are not ours.
        for route in [ids.route(found.name, environment) for environment in Environment] if found.name else []:
            live = await self._target.live(route)
            if live in mine:
                routes[route] = live
        there = [one for one in mine if (await self._target.status(one)).state != "absent"]
        used = [await self._used(one, cmd.within.total_seconds()) for one in there]
        announced = await self._deprecations.find(cmd.integration_id)
        return InUse(
            routes=routes,
            deployments=there,
            dependents=await self._dependencies.dependents(cmd.integration_id),
            used=[one for one in used if one is not None],
            sunset_at=announced.notice.sunset_at if announced else None,
        )

    async def _mine(self, integration_id: str) -> list[str]:
        """All deployments that may be there, in every environment: as the database and the registry note them."""
        noted = [one.id for one in await self._deployments.of(integration_id) if one.state != DeploymentStage.STOPPED]
        entry = await self._integrations.entry(integration_id)
        return noted if entry is None or entry.deployment_id in noted else [*noted, entry.deployment_id]

    async def _used(self, deployment_id: str, seconds: float) -> Used | None:
        try:
            traffic = await self._target.traffic(deployment_id, seconds=seconds)
        except NotFound:  # it went since we looked
            return None
        if traffic.seconds and not traffic.requests:  # over no time at all nothing is known
            return None
        return Used(
            deployment_id=deployment_id,
            requests=traffic.requests,
            seconds=traffic.seconds,
            last_request_at=traffic.last_request_at,
        )

    @activity.defn(name="retirement.point_route")
    async def point_route(self, cmd: PointRoute) -> None:
        """Point the stable URL elsewhere, or at nothing; one that points at something else by now is left alone."""
        if await self._target.live(cmd.route) == cmd.away_from:
            await self._target.switch(cmd.route, cmd.to)
            if await self._target.live(cmd.route) != cmd.to:
                raise Corrupted(f"The stable URL {cmd.route} does not point where it was pointed.")

    @activity.defn(name="retirement.revoke_keys")
    async def revoke_keys(self, cmd: One) -> None:
        """Forget the integration's secrets, and read back that none is stored."""
        await self._secrets.forget(cmd.integration_id)
        if left := await self._secrets.names(cmd.integration_id):
            raise Corrupted(f"The secrets {', '.join(left)} of {cmd.integration_id} are still stored.")

    @activity.defn(name="retirement.read_archive")
    async def read_archive(self, cmd: One) -> Archive:
        """Read all that stays: each version's files and reports by their hashes, and its bundles.

        Raises:
            NotFound: something of it is not stored any more.
            Corrupted: something of it is not what was stored.
        """
        versions = await self._integrations.versions(cmd.integration_id)
        artifacts = list(dict.fromkeys(ref for version in versions for ref in _artifacts(version)))
        for ref in artifacts:
            activity.heartbeat(ref.hash)
            await self._artifacts.get(ref)
        bundles = await self._artifacts.published(f"bundles/{cmd.integration_id}/")
        for key in bundles:
            activity.heartbeat(key)
            await self._artifacts.read(key)
        return Archive(versions=[one.version for one in versions], bundles=bundles, artifacts=artifacts)


def _artifacts(version: Version) -> Iterable[ArtifactRef]:
    parts = (
        version.files,
        version.plan,
        version.checks,
        version.tests,
        version.sbom,
        version.lock,
        version.measured,
        version.verdict,
        version.document,
    )
    return (part for part in parts if part is not None)
