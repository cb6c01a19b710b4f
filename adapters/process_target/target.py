"""The target `process`: a client of the runner's control API."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Mapping
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from adapters.process_target.settings import ProcessTargetSettings
from adapters.process_target.translation import checked, read, translated
from domain.base import Data
from domain.errors import NotFound, VendorError
from domain.ids import DeploymentId
from domain.vendors import DeploymentSpec, DeploymentStatus, LogLine, Notice, Traffic

HEARTBEAT_SECONDS = 2.0
STOP_SECONDS = 90.0


class _Route(Data):
    name: str
    deployment_id: DeploymentId | None
    url: str
    candidate: DeploymentId | None = None
    percent: int = 0
    notice: Notice | None = None


class ProcessTarget:
    """`domain.ports.Target` on the runner at `settings.url`.

    Raises the runner's own refusals (InvalidInput, VerdictInvalid, Conflict, NotFound, SandboxUnavailable), and
    VendorUnavailable, VendorOutcomeUnknown and VendorRejected with `vendor="runner"`.
    """

    def __init__(self, settings: ProcessTargetSettings) -> None:
        self._install_timeout = settings.install_timeout
        self._client = httpx.AsyncClient(
            base_url=settings.url,
            headers={"Authorization": f"Bearer {settings.key.get_secret_value()}"},
            timeout=settings.timeout,
            trust_env=False,
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def start(
        self,
        spec: DeploymentSpec,
        bundle: bytes,
        *,
        configuration: Mapping[str, str],
        secrets: Mapping[str, SecretStr],
        heartbeat: Callable[[str], None],
    ) -> DeploymentStatus:
        body = {
            "spec": spec.model_dump(mode="json"),
            "bundle": base64.b64encode(bundle).decode(),
            "configuration": dict(configuration),
            "secrets": {name: value.get_secret_value() for name, value in secrets.items()},
        }
        url = f"/deployments/{spec.id}"
        installing = asyncio.create_task(self._call("PUT", url, body=body, timeout=self._install_timeout))
        try:
            heartbeat(f"installing {spec.name} {spec.version}")
            while not (await asyncio.wait([installing], timeout=HEARTBEAT_SECONDS))[0]:
                heartbeat(f"installing {spec.name} {spec.version}")
            return read(DeploymentStatus, (await installing).content)
        finally:
            installing.cancel()

    async def status(self, deployment_id: str) -> DeploymentStatus:
        try:
            return read(DeploymentStatus, (await self._call("GET", f"/deployments/{_segment(deployment_id)}")).content)
        except NotFound:
            return DeploymentStatus(
                id=deployment_id, name="absent", version="", state="absent", healthy=False, live=False, url=""
            )

    async def switch(self, name: str, deployment_id: str | None) -> str:
        await self._call("PUT", f"/routes/{_segment(name)}", body={"deployment_id": deployment_id})
        route = await self._route(name)
        if route.deployment_id != deployment_id:
            raise VendorError("The runner's route is not what it was set to.", vendor="runner", name=name)
        return route.url

    async def live(self, name: str) -> str | None:
        return (await self._route(name)).deployment_id

    async def split(self, name: str, candidate: str, *, percent: int) -> None:
        body = {"candidate": candidate, "percent": percent}
        await self._call("PUT", f"/routes/{_segment(name)}/split", body=body)
        route = await self._route(name)
        if (route.candidate, route.percent) != ((candidate, percent) if percent else (None, 0)):
            raise VendorError("The runner's split is not what it was set to.", vendor="runner", name=name)

    async def traffic(self, deployment_id: str, *, seconds: float) -> Traffic:
        url = f"/deployments/{_segment(deployment_id)}/traffic"
        return read(Traffic, (await self._call("GET", url, params={"seconds": seconds})).content)

    async def announce(self, name: str, notice: Notice | None) -> None:
        body = {"notice": None if notice is None else notice.model_dump(mode="json")}
        await self._call("PUT", f"/routes/{_segment(name)}/notice", body=body)
        if (await self._route(name)).notice != notice:
            raise VendorError("The runner's notice is not what it was set to.", vendor="runner", name=name)

    async def stop(self, deployment_id: str) -> None:
        await self._call("DELETE", f"/deployments/{_segment(deployment_id)}", timeout=STOP_SECONDS)

    async def restart(self, deployment_id: str) -> None:
        """`domain.ports.Restarts`."""
        await self._call("POST", f"/deployments/{_segment(deployment_id)}/restart", timeout=STOP_SECONDS)

    async def logs(self, deployment_id: str, *, limit: int) -> list[LogLine]:
        answer = await self._call("GET", f"/deployments/{_segment(deployment_id)}/logs", params={"limit": limit})
        return [read(LogLine, line) for line in answer.text.splitlines()]

    async def follow(self, deployment_id: str) -> AsyncIterator[LogLine]:
        # A quiet service is not a dead one: no timeout between two lines.
        timeout = httpx.Timeout(self._client.timeout.connect, read=None)
        url = f"/deployments/{_segment(deployment_id)}/logs"
        following = self._client.stream("GET", url, params={"follow": "1"}, timeout=timeout)
        async with translated(changes=False), following as answer:
            if not answer.is_success:
                await answer.aread()
            checked(answer)
            async for line in answer.aiter_lines():
                yield read(LogLine, line)

    async def _route(self, name: str) -> _Route:
        return read(_Route, (await self._call("GET", f"/routes/{_segment(name)}")).content)

    async def _call(
        self,
        method: str,
        url: str,
        *,
        body: Mapping[str, object] | None = None,
        params: Mapping[str, float] | None = None,
        timeout: float | None = None,
    ) -> httpx.Response:
        async with translated(changes=method != "GET"):
            answer = await self._client.request(
                method, url, json=body, params=params, timeout=timeout or self._client.timeout
            )
            checked(answer)
            return answer


def _segment(text: str) -> str:
    """One segment of a path, whatever is in it."""
    return quote(text, safe="")
