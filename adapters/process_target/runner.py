"""The runner: keeps the deployments of one machine as the folder says they should be.

Everything wanted is on disk before it is done and read from there at the start, so that whatever is killed comes back.
"""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from pydantic import SecretStr

from adapters.packages import Packages, parse
from adapters.process_target import bundle as bundles
from adapters.process_target.deployment import Deployment
from adapters.process_target.front import Direct, Front
from adapters.process_target.hosts import PrivateHosts
from adapters.process_target.locks import Locks
from adapters.process_target.logs import Log
from adapters.process_target.store import DeploymentFolder, Store
from adapters.sandbox import available
from adapters.sandbox.environments import Environments
from domain.bundle import Bundle
from domain.errors import Conflict, InvalidInput, NotFound
from domain.packages import Lock
from domain.ports import Verifier
from domain.vendors import DeploymentSpec, DeploymentStatus, LogLine

SHUTDOWN_DRAIN_SECONDS = 2.0
BASE_URL = "BASE_URL"


class Runner:
    """All deployments below `folder`, with `front` and `direct`, the ways to them.

    `base_url` is what URLs begin with. `verifier` holds its own keys. `private` is what integrations may reach beside
    the public internet, if their manifests name it.
    """

    def __init__(
        self, folder: Path, base_url: str, verifier: Verifier, private: PrivateHosts, packages: Packages
    ) -> None:
        self._store = Store(folder)
        self._base_url = base_url
        self._verifier = verifier
        self._private = private
        self._environments = Environments(folder / "environments", packages)
        self._deployments: dict[str, Deployment] = {}
        self._logs: dict[str, Log] = {}
        self.front = Front(self._store, self._deployments)
        self.direct = Direct(self._deployments)
        self._locks = Locks()
        self._lock_file = _exclusive(folder)
        # A unix socket's path may be no longer than 107 bytes; through a descriptor it is short wherever the folder is.
        self._sockets = os.open(self._store.sockets, os.O_RDONLY | os.O_DIRECTORY)

    async def open(self) -> None:
        """Bring everything up again that should be running."""
        for deployment_id in self._store.deployment_ids():
            folder = self._store.deployment(deployment_id)
            spec = folder.spec()
            if spec is None:
                await asyncio.to_thread(folder.clear)
            else:
                self._run(spec, folder.environment(), folder)
        self.front.open()

    async def close(self) -> None:
        """Stop all processes; what is wanted stays on disk."""
        for log in self._logs.values():
            log.close()
        await asyncio.gather(*(found.stop(drain=SHUTDOWN_DRAIN_SECONDS) for found in self._deployments.values()))
        os.close(self._sockets)
        self._lock_file.close()

    async def start(
        self,
        spec: DeploymentSpec,
        bundle: bytes,
        *,
        configuration: Mapping[str, str],
        secrets: Mapping[str, SecretStr],
    ) -> DeploymentStatus:
        """Install and start. Repeated: finds it running; with other settings: starts it anew with those.

        Raises InvalidInput, VerdictInvalid, SandboxUnavailable, and Corrupted or VendorError for wheels that cannot be
        had; nothing but the log is left then.
        """
        await asyncio.to_thread(available)
        environment = _environment(spec, configuration, secrets)
        async with self._locks.holding(spec.id):
            found = self._deployments.get(spec.id)
            if found is None or found.spec != spec or found.environment != environment or found.state == "failed":
                proven = await asyncio.to_thread(bundles.read, bundle, spec, self._verifier)
                await self._remove(spec.id)
                await self._install(spec, proven, environment)
        return await self.status(spec.id)

    async def restart(self, deployment_id: str) -> None:
        """End its process, which is started again. Raises NotFound."""
        async with self._locks.holding(deployment_id):
            await self.deployment(deployment_id).restart()

    async def stop(self, deployment_id: str) -> None:
        """Stop and remove with files and route; the log stays. Nothing there is fine."""
        async with self._locks.holding(deployment_id):
            self.front.forget(deployment_id)
            await self._remove(deployment_id)

    async def status(self, deployment_id: str) -> DeploymentStatus:
        """Raises NotFound."""
        found = self.deployment(deployment_id)
        route = self.front.leading_to(deployment_id)
        url = self._url(deployment_id) if route is None else self.stable_url(route)
        return await found.status(live=route is not None, url=url)

    async def statuses(self) -> list[DeploymentStatus]:
        return list(await asyncio.gather(*(self.status(deployment_id) for deployment_id in sorted(self._deployments))))

    def deployment(self, deployment_id: str) -> Deployment:
        """Raises NotFound."""
        if deployment_id not in self._deployments:
            raise NotFound(f"There is no deployment {deployment_id}.")
        return self._deployments[deployment_id]

    def stable_url(self, name: str) -> str:
        return f"{self._base_url}/i/{name}"

    async def logs(self, deployment_id: str, limit: int) -> list[LogLine]:
        """The last lines, oldest first; also of a deployment that was stopped. Raises NotFound."""
        return await asyncio.to_thread(self._log(deployment_id).tail, limit)

    async def follow(self, deployment_id: str, limit: int) -> AsyncIterator[LogLine]:
        """The last lines and those to come, until the deployment is stopped. Raises NotFound."""
        log = self._log(deployment_id)
        if deployment_id in self._deployments:
            async for line in log.follow(limit):
                yield line
        else:
            for line in log.tail(limit):
                yield line

    def _log(self, deployment_id: str) -> Log:
        folder = self._store.deployment(deployment_id).logs
        if deployment_id not in self._logs and not folder.is_dir():
            raise NotFound(f"There is no log of {deployment_id}.")
        return self._logs.setdefault(deployment_id, Log(folder))

    def _url(self, deployment_id: str) -> str:
        return f"{self._base_url}/d/{deployment_id}"

    async def _install(self, spec: DeploymentSpec, bundle: Bundle, environment: Mapping[str, str]) -> None:
        folder = self._store.deployment(spec.id)
        try:
            await asyncio.to_thread(bundles.write, bundle.files, folder.source)
            await self._environments.install(_locked(bundle), into=folder.venv)
            await asyncio.to_thread(folder.save, spec, environment)
        except BaseException:
            folder.clear()
            with suppress(OSError):  # a log of an earlier start keeps the folder
                folder.path.rmdir()
            raise
        self._run(spec, environment, folder)

    def _run(self, spec: DeploymentSpec, environment: Mapping[str, str], folder: DeploymentFolder) -> None:
        log = self._logs.setdefault(spec.id, Log(folder.logs))
        log.hide(environment[secret.name] for secret in spec.secrets if secret.name in environment)
        address = Path(f"/proc/self/fd/{self._sockets}", spec.id)
        deployment = self._deployments[spec.id] = Deployment(
            spec, environment, folder=folder, log=log, address=address, private=self._private
        )
        deployment.start()

    async def _remove(self, deployment_id: str) -> None:
        if found := self._deployments.pop(deployment_id, None):
            await found.stop()
        if log := self._logs.pop(deployment_id, None):
            log.close()
        await asyncio.to_thread(self._store.clear, deployment_id)


def _environment(
    spec: DeploymentSpec, configuration: Mapping[str, str], secrets: Mapping[str, SecretStr]
) -> dict[str, str]:
    """What the manifest declares, and `BASE_URL`, which every integration reads."""
    declared = {key.name for key in spec.configuration} | {BASE_URL}
    if unknown := sorted(configuration.keys() - declared):
        raise InvalidInput(f"The manifest declares no configuration {', '.join(unknown)}.", field="configuration")
    if unknown := sorted(secrets.keys() - {secret.name for secret in spec.secrets}):
        raise InvalidInput(f"The manifest declares no secret {', '.join(unknown)}.", field="secrets")
    if missing := [key.name for key in spec.secrets if key.required and key.name not in secrets]:
        raise InvalidInput(f"The manifest requires the secret {', '.join(missing)}; give its value.", field="secrets")
    defaults = {key.name: key.default for key in spec.configuration if key.default is not None}
    return {**defaults, **configuration, **{name: value.get_secret_value() for name, value in secrets.items()}}


def _locked(bundle: Bundle) -> Lock:
    """What the bundle says that it is installed with. Raises InvalidInput."""
    try:
        return parse(bundle.lock.decode())
    except UnicodeDecodeError as error:
        raise InvalidInput("The bundle's lock is not UTF-8 text.", field="bundle") from error


def _exclusive(folder: Path) -> IO[str]:
    """Hold the folder for this process alone; the kernel lets go of it when we end. Raises Conflict."""
    file = (folder / "lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as taken:
        file.close()
        raise Conflict(f"Another runner works in {folder}; stop it, or choose another data directory.") from taken
    return file
