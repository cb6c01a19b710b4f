"""One process of a deployment, in its jail, with its ways in and out."""

import asyncio
import json
import socket
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from adapters.process_target import launcher
from adapters.process_target.hosts import Hosts, PrivateHosts
from adapters.process_target.logs import Log
from adapters.process_target.proxy import EgressProxy
from adapters.process_target.store import DeploymentFolder
from adapters.sandbox import Jail, Limits, spawn
from adapters.sandbox.usage import held
from domain.vendors import DeploymentSpec

LIMITS = Limits(memory=1 << 30, cpu=None, processes=64, open_files=512, file_size=64 << 20, tmp_size=64 << 20)
LAUNCH_SECONDS = 30.0
STOP_SECONDS = launcher.GRACE_SECONDS + 3.0
MEMORY_WATCH_SECONDS = 0.5
BACKLOG = 512
_SOURCE = "/app"
_VENV = "/venv"
_LAUNCHER = "/launcher.py"


class Instance:
    """A started process. It answers on the unix socket `address`."""

    def __init__(self, process: Process, control: socket.socket, proxy: EgressProxy, log: Log) -> None:
        self._process = process
        self._control = control
        self._proxy = proxy
        self._log = log
        assert process.stdout is not None and process.stderr is not None  # noqa: S101, PT018 - asked for below
        self._readers = [
            asyncio.create_task(log.read_from(process.stdout, "stdout")),
            asyncio.create_task(log.read_from(process.stderr, "stderr")),
        ]
        self._memory_watch = asyncio.create_task(self._watch_memory())

    @classmethod
    async def start(
        cls,
        spec: DeploymentSpec,
        folder: DeploymentFolder,
        environment: Mapping[str, str],
        address: str,
        log: Log,
        private: PrivateHosts,
    ) -> "Instance":
        """Start the version in a new jail; `private` is what it may reach beside the public internet.

        Raises SandboxUnavailable.
        """
        jail = Jail(
            read_only={folder.source: _SOURCE, folder.venv: _VENV, _readable_launcher(folder): _LAUNCHER},
            environment={"PATH": f"{_VENV}/bin:/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8"},  # noqa: S108
            directory=_SOURCE,
            limits=LIMITS,
            loopback=True,
        )
        # The environment travels by the control channel: a process's own could be read in its outer shell's as well.
        order = {"entrypoint": spec.entrypoint, "source": _SOURCE, "environment": dict(environment)}
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs, _listener(address) as listener:
            command = [f"{_VENV}/bin/python", "-I", "-B", "-u", _LAUNCHER]
            process = await spawn(jail, command, stdin=theirs.fileno(), stdout=PIPE, stderr=PIPE)
            proxy = EgressProxy(Hosts(spec.hosts, private), lambda sentence: log.write("runner", sentence))
            instance = cls(process, ours, proxy, log)
            theirs.close()
            try:
                way_out = await _exchanged(ours, json.dumps(order).encode() + b"\n", listener)
                if way_out:
                    await proxy.serve(way_out)
            except BaseException:
                await instance.close()
                raise
        return instance

    async def wait(self) -> int:
        """Wait for its end, and for the last of what it wrote; returns the exit code."""
        code = await self._process.wait()
        # The jail ends with its shell, so nothing else holds the pipes open.
        await asyncio.gather(*self._readers)
        return code

    async def stop(self) -> None:
        """Let it finish what it is doing, `STOP_SECONDS` at most, then kill all that is in the jail."""
        with suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._kill()

    async def close(self) -> None:
        """Kill what still runs, and let go of everything."""
        self._kill()
        self._memory_watch.cancel()
        await self._process.wait()
        await self._proxy.close()
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, self._memory_watch, return_exceptions=True)
        self._control.close()

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()

    async def _watch_memory(self) -> None:
        """End the jail if its processes together hold more than the limit, which the kernel sets for each alone."""
        now = 0
        while now <= LIMITS.memory:
            await asyncio.sleep(MEMORY_WATCH_SECONDS)
            now = held(self._process.pid)
        self._log.write("runner", f"killed: its processes held {now >> 20} MiB of memory")
        self._kill()


def _readable_launcher(folder: DeploymentFolder) -> Path:
    """A copy of the launcher that the jail's user may read, however this package was installed."""
    path = folder.path / "launcher.py"
    path.write_bytes(Path(launcher.__file__).read_bytes())
    path.chmod(0o644)
    return path


def _listener(address: str) -> socket.socket:
    Path(address).unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(BACKLOG)
    return listener


async def _exchanged(control: socket.socket, order: bytes, listener: socket.socket) -> socket.socket | None:
    """Give the order and the way in; get the listening socket on the jail's loopback.

    None if the process died before, which `wait` will tell, or did not answer within `LAUNCH_SECONDS`.
    """
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    try:
        async with asyncio.timeout(LAUNCH_SECONDS):
            sent = socket.send_fds(control, [order[:1]], [listener.fileno()])
            await loop.sock_sendall(control, order[sent:])
            loop.add_reader(control, readable.set)
            await readable.wait()
        _, descriptors, _, _ = socket.recv_fds(control, 16, 1)
    except OSError:
        return None
    finally:
        loop.remove_reader(control)
    return socket.socket(fileno=descriptors[0]) if descriptors else None
