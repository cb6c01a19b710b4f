"""A deployment: its process kept alive, its health, and the requests that pass through to it."""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx

from adapters.process_target.hosts import PrivateHosts
from adapters.process_target.instance import Instance
from adapters.process_target.logs import Log
from adapters.process_target.store import DeploymentFolder
from domain.errors import VendorUnavailable
from domain.vendors import DeploymentSpec, DeploymentState, DeploymentStatus

FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 30.0
STEADY_SECONDS = 60.0
HEALTH_SECONDS = 5.0
READY_POLL_SECONDS = 0.05
DRAIN_SECONDS = 30.0
TAIL_LINES = 15

_logger = logging.getLogger(__name__)


class Deployment:
    """One deployed version. `address` is where its unix socket is made."""

    def __init__(
        self,
        spec: DeploymentSpec,
        environment: Mapping[str, str],
        *,
        folder: DeploymentFolder,
        log: Log,
        address: Path,
        private: PrivateHosts,
    ) -> None:
        self.spec = spec
        self.environment = dict(environment)
        self.log = log
        self.state: DeploymentState = "stopped"
        self._folder = folder
        self._address = str(address)
        self._private = private
        self._restarts = 0
        self._since = datetime.now(UTC)
        self._reason = ""
        self._instance: Instance | None = None
        self._supervision: asyncio.Task[None] | None = None
        self._stopping = False
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()
        # A new connection for each request: an idle one may lead to a process that has just ended.
        transport = httpx.AsyncHTTPTransport(
            uds=self._address, limits=httpx.Limits(max_connections=None, max_keepalive_connections=0)
        )
        self.client = httpx.AsyncClient(
            transport=transport, base_url="http://integration", timeout=HEALTH_SECONDS, trust_env=False
        )

    def start(self) -> None:
        """Keep a process of this version running from now on; returns at once."""
        self._enter("starting")
        self._supervision = asyncio.create_task(self._supervise(), name=f"deployment {self.spec.id}")
        self._supervision.add_done_callback(self._supervised)

    async def stop(self, *, drain: float = DRAIN_SECONDS) -> None:
        """Let the requests under way end, for `drain` seconds at most, then the process."""
        try:
            async with asyncio.timeout(drain):
                await self._idle.wait()
        except TimeoutError:
            self.log.write("runner", f"{self._in_flight} requests were cut off")
        self._stopping = True
        if self._supervision:
            if self._instance:
                await self._instance.stop()
                await asyncio.wait([self._supervision], timeout=1)
            self._supervision.cancel()
            await asyncio.gather(self._supervision, return_exceptions=True)
        if self.state != "stopped":
            self._enter("stopped")
            self.log.write("runner", "stopped")
        await self.client.aclose()

    async def restart(self) -> None:
        """End the process, hung or not: it is started again, also one that was given up."""
        if self._supervision and self._supervision.done():
            self.start()
        elif self._instance:
            await self._instance.stop()

    @contextmanager
    def request(self) -> Iterator[httpx.AsyncClient]:
        """A client for one request, which `stop` waits for. Raises VendorUnavailable if it is not running."""
        if self.state != "running":
            raise VendorUnavailable(f"{self.spec.name} is not running now ({self.state}).", retry_after=1)
        self._in_flight += 1
        self._idle.clear()
        try:
            yield self.client
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._idle.set()

    async def healthy(self) -> bool:
        """Asks its own health check; the first good answer of a process makes it running."""
        instance = self._instance
        if self.state not in {"starting", "running"}:
            return False
        try:
            answer = await self.client.get(self.spec.health_endpoint)
        except httpx.TransportError:
            return False
        if answer.is_success and self.state == "starting" and self._instance is instance:
            self._enter("running")
            self.log.write("runner", f"{self.spec.name} {self.spec.version} is healthy")
        return answer.is_success and self.state == "running"

    async def status(self, *, live: bool, url: str) -> DeploymentStatus:
        healthy = await self.healthy()
        return DeploymentStatus(
            id=self.spec.id,
            name=self.spec.name,
            version=self.spec.version,
            state=self.state,
            healthy=healthy,
            live=live,
            url=url,
            restarts=self._restarts,
            since=self._since,
            detail="" if healthy else "\n".join([self._reason, *self.log.recent(TAIL_LINES)]).strip(),
        )

    def _enter(self, state: DeploymentState, reason: str = "") -> None:
        self.state = state
        self._reason = reason
        self._since = datetime.now(UTC)

    async def _supervise(self) -> None:
        backoff = FIRST_BACKOFF_SECONDS
        while True:
            steady = await self._run_once()
            if self._stopping:
                return
            backoff = FIRST_BACKOFF_SECONDS if steady else backoff
            self.log.write("runner", f"{self._reason}; starts again in {backoff:g} s")
            await asyncio.sleep(backoff)
            backoff = min(backoff * 2, LONGEST_BACKOFF_SECONDS)
            self._restarts += 1
            self._enter("starting", self._reason)

    def _supervised(self, supervision: "asyncio.Task[None]") -> None:
        """Nothing keeps it running any more: say so, and why."""
        error = None if supervision.cancelled() else supervision.exception()
        if error:
            self._enter("failed", f"cannot be started: {error}")
            self.log.write("runner", self._reason)
            _logger.error("deployment.failed", exc_info=error, extra={"deployment": self.spec.id})

    async def _run_once(self) -> bool:
        """Run a process to its end. Returns whether it had been healthy for `STEADY_SECONDS`."""
        try:
            self._instance = await Instance.start(
                self.spec, self._folder, self.environment, self._address, self.log, self._private
            )
        except OSError as error:  # the machine is short of something; it may have it later
            self._enter("backing_off", f"cannot be started: {error}")
            return False
        ready = asyncio.create_task(self._until_ready())
        try:
            code = await self._instance.wait()
        finally:
            ready.cancel()
            await self._instance.close()
            self._instance = None
        (healthy_at,) = await asyncio.gather(ready, return_exceptions=True)
        self._enter("backing_off", _ended(code))
        return isinstance(healthy_at, float) and asyncio.get_running_loop().time() - healthy_at >= STEADY_SECONDS

    async def _until_ready(self) -> float:
        pause = READY_POLL_SECONDS
        while not await self.healthy():
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 1.0)
        return asyncio.get_running_loop().time()


def _ended(code: int) -> str:
    # Inside the jail a process killed by signal N is reported as 128 + N, as by a shell.
    signal = -code if code < 0 else code - 128 if code > 128 else 0
    return f"killed by signal {signal}" if signal else f"ended with exit code {code}"
