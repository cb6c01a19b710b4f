"""The target `kubernetes`. The client is synchronous, so each step runs in a thread."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from adapters.kubernetes_target import logs, names, rollouts, workload
from adapters.kubernetes_target.cluster import Cluster
from adapters.kubernetes_target.settings import KubernetesSettings
from adapters.kubernetes_target.stable import StableUrls
from adapters.process_target import bundle as bundles
from adapters.workloads import environment
from domain.errors import Forbidden, NotFound
from domain.ports import Verifier
from domain.vendors import DeploymentSpec, DeploymentStatus, LogLine, Notice, Traffic

HEARTBEAT_SECONDS = 2.0
FOLLOW_SECONDS = 1.0
TAIL_LINES = 15
OVERLAP = timedelta(seconds=2)
"""How far back a look at a log reaches, for times are asked for in whole seconds."""


class KubernetesTarget:
    """`domain.ports.Target` on the cluster of `settings`. Without a `verifier` it starts nothing.

    Raises VendorUnavailable, VendorOutcomeUnknown, VendorRateLimited and VendorRejected with `vendor="kubernetes"`.
    """

    def __init__(self, settings: KubernetesSettings, verifier: Verifier | None = None) -> None:
        self._settings = settings
        self._verifier = verifier
        self._cluster = Cluster(settings)
        self._stable = StableUrls(self._cluster, settings)

    async def close(self) -> None:
        await asyncio.to_thread(self._cluster.close)

    async def start(
        self,
        spec: DeploymentSpec,
        bundle: bytes,
        *,
        configuration: Mapping[str, str],
        secrets: Mapping[str, SecretStr],
        heartbeat: Callable[[str], None],
    ) -> DeploymentStatus:
        """Apply its objects, and watch the rollout until it serves, fails, or has nothing more to wait for.

        Raises InvalidInput, VerdictInvalid, Forbidden; then nothing is applied.
        """
        if self._verifier is None:
            raise Forbidden("This process is told no keys to check bundles with, so it starts nothing.")
        found = environment(spec, configuration, secrets)
        proven = await asyncio.to_thread(bundles.read, bundle, spec, self._verifier)
        heartbeat(f"applying {spec.name} {spec.version}")
        await asyncio.to_thread(workload.apply, self._cluster, self._settings, spec, proven, found)
        until = time.monotonic() + self._settings.rollout_timeout
        while time.monotonic() < until:
            heartbeat(f"rolling out {spec.name} {spec.version}")
            look = await asyncio.to_thread(rollouts.look, self._cluster, spec.id)
            if look is None or look.settled:
                break
            await asyncio.to_thread(rollouts.wait, self._cluster, spec.id, look, seconds=int(HEARTBEAT_SECONDS))
        return await self.status(spec.id)

    async def status(self, deployment_id: str) -> DeploymentStatus:
        return await asyncio.to_thread(self._status, deployment_id)

    def _status(self, deployment_id: str) -> DeploymentStatus:
        look = rollouts.look(self._cluster, deployment_id)
        if look is None:
            return DeploymentStatus(
                id=deployment_id, name="absent", version="", state="absent", healthy=False, live=False, url=""
            )
        route = self._stable.leading_to(deployment_id)
        base = self._settings.base_url
        url = f"{base}/d/{deployment_id}" if route is None else f"{base}/i/{route}"
        found = look.status(live=route is not None, url=url)
        if found.healthy:
            return found
        tail = logs.tail(self._cluster, deployment_id, TAIL_LINES)
        return found.model_copy(update={"detail": "\n".join([found.detail, *(line.text for line in tail)]).strip()})

    async def switch(self, name: str, deployment_id: str | None) -> str:
        """Returns once every gateway has taken the route. Raises Conflict for another integration's deployment."""
        await asyncio.to_thread(self._stable.change, name, lambda route: route.to(name, deployment_id, self._name))
        return f"{self._settings.base_url}/i/{name}"

    async def live(self, name: str) -> str | None:
        return (await asyncio.to_thread(self._stable.route, name)).live

    async def split(self, name: str, candidate: str, *, percent: int) -> None:
        await asyncio.to_thread(
            self._stable.change, name, lambda route: route.split(name, candidate, percent, self._name)
        )

    async def traffic(self, deployment_id: str, *, seconds: float) -> Traffic:
        """Nothing is known: the Gateway API has no figures. It says so with `seconds=0`, whatever was asked."""
        await asyncio.to_thread(self._name, deployment_id)
        return Traffic(seconds=0, requests=0, errors=0)

    async def announce(self, name: str, notice: Notice | None) -> None:
        await asyncio.to_thread(self._stable.change, name, lambda route: route.announce(name, notice))

    async def stop(self, deployment_id: str) -> None:
        """Returns once it is gone with all of its pods. Its log goes with them."""
        await asyncio.to_thread(self._stable.forget, deployment_id)
        await asyncio.to_thread(workload.delete, self._cluster, deployment_id)
        await asyncio.to_thread(self._stable.tidy)

    async def logs(self, deployment_id: str, *, limit: int) -> list[LogLine]:
        """Of the pods that are there. Raises NotFound if there is no such deployment."""

        def read() -> list[LogLine]:
            self._name(deployment_id)
            return logs.tail(self._cluster, deployment_id, limit)

        return await asyncio.to_thread(read)

    async def follow(self, deployment_id: str) -> AsyncIterator[LogLine]:
        """Ends with the deployment. Pods are asked once a second, which outlives each of them."""
        since = datetime.now(UTC)
        seen: set[tuple[str, datetime, str]] = set()
        await asyncio.to_thread(self._name, deployment_id)
        while True:
            for entry in await asyncio.to_thread(logs.since, self._cluster, deployment_id, since - OVERLAP):
                if entry.key not in seen:
                    seen.add(entry.key)
                    since = max(since, entry.line.at)
                    yield entry.line
            seen = {key for key in seen if key[1] >= since - OVERLAP - OVERLAP}
            if await asyncio.to_thread(self._cluster.get, "Deployment", names.of(deployment_id)) is None:
                return
            await asyncio.sleep(FOLLOW_SECONDS)

    def _name(self, deployment_id: str) -> str:
        """The integration's. Raises NotFound."""
        found = rollouts.deployment(self._cluster, deployment_id)
        if found is None:
            raise NotFound(f"There is no deployment {deployment_id}.")
        return found.metadata.labels[names.NAME]
