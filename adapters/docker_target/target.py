"""The target `docker`. docker-py is synchronous, so each step runs in a thread."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime

from pydantic import SecretStr

from adapters.docker_target import containers, figures
from adapters.docker_target.engine import Container, Engine, tar
from adapters.docker_target.front import Front
from adapters.docker_target.routes import Route
from adapters.docker_target.settings import DockerSettings
from adapters.process_target import bundle as bundles
from adapters.workloads import Environment, Redaction, environment
from domain.bundle import Bundle
from domain.errors import Forbidden, NotFound, VendorError, VendorUnavailable
from domain.ids import routed
from domain.ports import Verifier
from domain.vendors import DeploymentSpec, DeploymentState, DeploymentStatus, LogLine, Notice, Traffic

POLL_SECONDS = 0.25
FOLLOW_SECONDS = 1.0
OVERLAP_SECONDS = 2.0
"""How far back a look at a log reaches, for times are asked for in whole seconds."""
TAIL_LINES = 15
_STATES: dict[str, DeploymentState] = {
    "created": "starting",
    "restarting": "backing_off",
    "paused": "stopped",
    "removing": "stopped",
    "exited": "failed",
    "dead": "failed",
}


class DockerTarget:
    """`domain.ports.Target` on the Docker host of `settings`. Without a `verifier` it starts nothing.

    Raises VendorUnavailable, VendorOutcomeUnknown and VendorRejected with `vendor="docker"`.
    """

    def __init__(self, settings: DockerSettings, verifier: Verifier | None = None) -> None:
        self._settings = settings
        self._verifier = verifier
        self._engine = Engine(settings)
        self._front = Front(self._engine, settings)

    async def close(self) -> None:
        await asyncio.to_thread(self._engine.close)

    async def start(
        self,
        spec: DeploymentSpec,
        bundle: bytes,
        *,
        configuration: Mapping[str, str],
        secrets: Mapping[str, SecretStr],
        heartbeat: Callable[[str], None],
    ) -> DeploymentStatus:
        """Install, start, and wait until it serves, fails, or has nothing more to wait for.

        Raises InvalidInput, VerdictInvalid, Forbidden; then nothing is made. Raises VendorError for what cannot be
        installed; then nothing is left.
        """
        if self._verifier is None:
            raise Forbidden("This process is told no keys to check bundles with, so it starts nothing.")
        wanted = environment(spec, configuration, secrets)
        proven = await asyncio.to_thread(bundles.read, bundle, spec, self._verifier)
        await asyncio.to_thread(self._front.ensure)
        if not await asyncio.to_thread(self._is_there, spec, wanted):
            await self._install(spec, proven, heartbeat)
            await asyncio.to_thread(self._engine.create, spec.id, containers.serving(spec, self._settings, wanted))
        await asyncio.to_thread(self._engine.start, spec.id)
        until = time.monotonic() + containers.STARTUP_SECONDS
        while (status := await self.status(spec.id)).state == "starting" and time.monotonic() < until:
            heartbeat(f"starting {spec.name} {spec.version}")
            await asyncio.sleep(POLL_SECONDS)
        return status

    async def status(self, deployment_id: str) -> DeploymentStatus:
        return await asyncio.to_thread(self._status, deployment_id)

    async def switch(self, name: str, deployment_id: str | None) -> str:
        """Raises Conflict for another integration's deployment."""
        await asyncio.to_thread(self._front.change, name, lambda route: route.to(name, deployment_id, self._name))
        return f"{self._settings.base_url}/i/{name}"

    async def live(self, name: str) -> str | None:
        return (await asyncio.to_thread(self._front.route, name)).live

    async def split(self, name: str, candidate: str, *, percent: int) -> None:
        await asyncio.to_thread(
            self._front.change, name, lambda route: route.split(name, candidate, percent, self._name)
        )

    async def traffic(self, deployment_id: str, *, seconds: float) -> Traffic:
        """From the front's log, which reaches back as far as Docker keeps 150 MB of it."""

        def read() -> Traffic:
            health = self._container(deployment_id).config.labels.get(containers.HEALTH, "")
            lines = self._front.log(since=time.time() - seconds)
            return figures.traffic(lines, deployment_id, health=health, seconds=seconds)

        return await asyncio.to_thread(read)

    async def announce(self, name: str, notice: Notice | None) -> None:
        await asyncio.to_thread(self._front.change, name, lambda route: route.announce(name, notice))

    async def stop(self, deployment_id: str) -> None:
        """Requests under way are finished first. Its log goes with it."""
        await asyncio.to_thread(self._stop, deployment_id)

    async def restart(self, deployment_id: str) -> None:
        """`domain.ports.Restarts`: Docker restarts what ended, and leaves what hangs."""
        await asyncio.to_thread(self._engine.restart, deployment_id)

    async def logs(self, deployment_id: str, *, limit: int) -> list[LogLine]:
        """Raises NotFound if there is no such deployment."""
        return await asyncio.to_thread(self._lines, deployment_id, tail=limit)

    async def follow(self, deployment_id: str) -> AsyncIterator[LogLine]:
        """Ends with the deployment."""
        since = time.time()
        seen: set[tuple[datetime, str, str]] = set()
        await asyncio.to_thread(self._container, deployment_id)
        while True:
            try:
                found = await asyncio.to_thread(self._lines, deployment_id, since=since - OVERLAP_SECONDS)
            except NotFound:
                return
            for line in found:
                key = (line.at, line.stream, line.text)
                if key not in seen:
                    seen.add(key)
                    since = max(since, line.at.timestamp())
                    yield line
            seen = {key for key in seen if key[0].timestamp() >= since - 2 * OVERLAP_SECONDS}
            await asyncio.sleep(FOLLOW_SECONDS)

    async def _install(self, spec: DeploymentSpec, bundle: Bundle, heartbeat: Callable[[str], None]) -> None:
        """Raises VendorError with what the installer said."""
        name = containers.installer(spec.id)
        await asyncio.to_thread(self._prepare, spec, bundle)
        until = time.monotonic() + self._settings.install_timeout
        while (found := await asyncio.to_thread(self._engine.inspect, name)) and found.state.status == "running":
            heartbeat(f"installing {spec.name} {spec.version}")
            if time.monotonic() > until:
                raise VendorUnavailable(f"{spec.name} is still being installed.", vendor="docker")
            await asyncio.sleep(POLL_SECONDS)
        if found is None:
            raise VendorUnavailable(f"The installer of {spec.name} is gone.", vendor="docker")
        if found.state.exit_code:
            lines = await asyncio.to_thread(self._engine.logs, name, tail=TAIL_LINES)
            await asyncio.to_thread(self._stop, spec.id)
            said = "\n".join(text for _, _, text in lines) or found.state.error
            raise VendorError(f"{spec.name} {spec.version} cannot be installed: {said}"[:2000], vendor="docker")
        await asyncio.to_thread(self._engine.stop, name)

    def _prepare(self, spec: DeploymentSpec, bundle: Bundle) -> None:
        """Whatever an earlier try left goes, for nobody knows how far it came."""
        name = containers.installer(spec.id)
        for left in (spec.id, name):
            self._engine.stop(left)
        self._engine.remove_volume(containers.volume(spec.id))
        self._engine.ensure_volume(containers.volume(spec.id), containers.labels(spec))
        try:
            self._engine.create(name, containers.installing(spec, self._settings))
            self._engine.put(name, "/ccb", tar(containers.files(bundle), folders=containers.FOLDERS))
            self._engine.start(name)
        except VendorError as error:
            if not error.retryable:
                self._stop(spec.id)
            raise

    def _is_there(self, spec: DeploymentSpec, wanted: Environment) -> bool:
        """Whether a container of this version with this environment is, other than one that has given up."""
        found = self._engine.inspect(spec.id)
        if found is None or found.state.status in {"exited", "dead", "removing"}:
            return False
        variables = {f"{name}={value}" for name, value in (*wanted.configuration.items(), *wanted.secrets.items())}
        same = found.config.labels.get(containers.SPEC) == containers.labels(spec)[containers.SPEC]
        return same and variables <= set(found.config.env)

    def _status(self, deployment_id: str) -> DeploymentStatus:
        found = self._engine.inspect(deployment_id)
        if found is None:
            return DeploymentStatus(
                id=deployment_id, name="absent", version="", state="absent", healthy=False, live=False, url=""
            )
        route = self._front.leading_to(deployment_id)
        base = self._settings.base_url
        state, healthy = _state(found)
        why = "" if healthy else f"{found.state.status} with exit code {found.state.exit_code} {found.state.error}"
        tail = [] if healthy else [line.text for line in self._lines(deployment_id, tail=TAIL_LINES)]
        return DeploymentStatus(
            id=deployment_id,
            name=found.config.labels[containers.NAME],
            version=found.config.labels[containers.VERSION],
            state=state,
            healthy=healthy,
            live=route is not None,
            url=f"{base}/d/{deployment_id}" if route is None else f"{base}/i/{route}",
            restarts=found.restarts,
            since=found.state.started_at,
            detail="\n".join([why, *tail]).strip(),
        )

    def _stop(self, deployment_id: str) -> None:
        found = self._engine.inspect(deployment_id)
        self._front.forget(deployment_id)
        for name in (deployment_id, containers.installer(deployment_id)):
            self._engine.stop(name)
        self._engine.remove_volume(containers.volume(deployment_id))
        if found is not None:
            self._tidy(found.config.labels[containers.NAME])
        if self._engine.volume_exists(containers.volume(deployment_id)):
            raise VendorUnavailable(f"Docker has not removed the files of {deployment_id} yet.", vendor="docker")

    def _tidy(self, name: str) -> None:
        """The last deployment of an integration takes what its stable URLs announce along."""
        if not self._engine.names(f"{containers.NAME}={name}"):
            for route in self._front.routes():
                if routed(route.name) == name and route.live is None:
                    self._front.change(route.name, lambda found: Route(name=found.name))

    def _lines(self, deployment_id: str, *, tail: int | None = None, since: float | None = None) -> list[LogLine]:
        hide = Redaction(_values(self._container(deployment_id)))
        found = [
            LogLine(at=_time(at), stream="stderr" if stream == "stderr" else "stdout", text=hide(text))
            for stream, at, text in self._engine.logs(deployment_id, tail=tail, since=since)
        ]
        return found if tail is None else found[-tail:]

    def _container(self, deployment_id: str) -> Container:
        """Raises NotFound."""
        found = self._engine.inspect(deployment_id)
        if found is None:
            raise NotFound(f"There is no deployment {deployment_id}.")
        return found

    def _name(self, deployment_id: str) -> str:
        """The integration's. Raises NotFound."""
        return self._container(deployment_id).config.labels[containers.NAME]


def _state(found: Container) -> tuple[DeploymentState, bool]:
    state = found.state
    if state.status != "running":
        return _STATES.get(state.status, "failed"), False
    health = state.health.status if state.health else ""
    return ("starting", False) if health == "starting" else ("running", health == "healthy")


def _values(found: Container) -> list[str]:
    """Of its secrets."""
    names = set(found.config.labels.get(containers.SECRETS, "").split(","))
    return [value for name, _, value in (entry.partition("=") for entry in found.config.env) if name in names]


def _time(text: str) -> datetime:
    """RFC 3339 with nanoseconds, of which Python keeps six digits."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return datetime.now(UTC)
