"""What an auditor sees: the outside world, the stores and the histories, read raw. No code of the product's is used."""

import asyncio
import json
import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg  # type: ignore[import-untyped]
import boto3
import httpx
import psutil
import redis.asyncio
from botocore.config import Config
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryRequest
from temporalio.client import Client

Json = dict[str, Any]

STREAM: Final = "ccb:events"
BUNDLES: Final = "published/bundles/"


@dataclass(frozen=True)
class Where:
    """Where everything is. `secrets` are the stack's own, as it keeps them in `secrets.json`."""

    data_dir: Path
    traces: Path
    dsn: str
    redis_port: int
    s3_url: str
    bucket: str
    temporal: str
    namespace: str
    simulators_url: str
    runner_url: str
    repository: str
    secrets: Mapping[str, str]


@dataclass(frozen=True)
class Execution:
    """A workflow execution. `status` is Temporal's word for it."""

    workflow_id: str
    run_id: str
    type: str
    status: str
    started: float

    @property
    def integration_id(self) -> str | None:
        """Whose life-cycle run it is; None for conversations, deliveries and whatever else there is."""
        first, _, rest = self.workflow_id.partition("/")
        return rest if first == "integration" and "/" not in rest else None


@dataclass
class Seen:
    """Everything there is, at one moment of rest."""

    tables: Mapping[str, Sequence[Json]]
    stream: Sequence[Json]
    objects: Mapping[str, int]
    refs: Mapping[str, str]
    pulls: Sequence[Json]
    comments: Mapping[int, Sequence[Json]]
    commits: Sequence[Json]
    folders: frozenset[str]
    messages: Sequence[Json]
    deployments: Sequence[Json]
    answers: Mapping[str, int]
    processes: frozenset[str]
    executions: Sequence[Execution]
    histories: Mapping[str, bytes]
    billed: Sequence[Json]
    asked_claude: Sequence[Json]


async def look(where: Where) -> Seen:
    """Read all of it. Raises what the readers raise: an auditor who cannot look has found nothing out."""
    tables, stream, github, slack, deployments, temporal, journal = await asyncio.gather(
        _tables(where),
        _stream(where),
        _github(where),
        _get(f"{where.simulators_url}/_sim/slack/messages"),
        _get(f"{where.runner_url}/deployments", where.secrets["runner_key"]),
        _temporal(where),
        _get(f"{where.simulators_url}/_sim/claude/journal?path=/v1/messages$"),
    )
    urls = {f"{json.loads(row['document'])['url']}/health" for row in tables["registry"] if row["is_current"]}
    return Seen(
        tables=tables,
        stream=stream,
        objects=await asyncio.to_thread(_objects, where),
        messages=slack["messages"],
        deployments=deployments,
        answers={url: await _status(url) for url in sorted(urls)},
        processes=await asyncio.to_thread(_processes, where),
        executions=[each for each, _ in temporal],
        histories={f"{each.workflow_id} {each.run_id}": data for each, data in temporal},
        billed=await asyncio.to_thread(_billed, where),
        asked_claude=journal["entries"],
        **github,
    )


async def _tables(where: Where) -> dict[str, list[Json]]:
    connection = await asyncpg.connect(where.dsn, timeout=10)
    try:
        names = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {
            str(name): [dict(row) for row in await connection.fetch(f'SELECT * FROM "{name}"')] for (name,) in names
        }
    finally:
        await connection.close()


async def _stream(where: Where) -> list[Json]:
    password = where.secrets["valkey_password"]
    async with redis.asyncio.Redis(port=where.redis_port, password=password, decode_responses=True) as client:
        entries: Any = await client.xrange(STREAM)
        return [json.loads(fields["event"]) for _, fields in entries]


def s3_client(where: Where) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=where.s3_url,
        region_name="us-east-1",
        aws_access_key_id=where.secrets["s3_access_key"],
        aws_secret_access_key=where.secrets["s3_secret_key"],
        config=Config(s3={"addressing_style": "path"}, connect_timeout=5, read_timeout=30),
    )


def _objects(where: Where) -> dict[str, int]:
    pages = s3_client(where).get_paginator("list_objects_v2").paginate(Bucket=where.bucket)
    return {each["Key"]: each["Size"] for page in pages for each in page.get("Contents", [])}


async def _github(where: Where) -> Json:
    state = await _get(f"{where.simulators_url}/_sim/github/state")
    token = where.secrets["github_token"]
    base = f"{where.simulators_url}/github/api/v3/repos/{where.repository}"
    numbers = [each["number"] for each in [*state["issues"], *state["pulls"]]]
    comments = {number: await _pages(f"{base}/issues/{number}/comments", token) for number in numbers}
    tree = await _get(f"{base}/git/trees/main?recursive=1", token)
    paths = [each["path"].split("/") for each in tree["tree"]]
    return {
        "refs": state["refs"],
        "pulls": state["pulls"],
        "comments": comments,
        "commits": await _pages(f"{base}/commits?sha=main", token),
        "folders": frozenset(path[1] for path in paths if path[0] == "integrations" and len(path) > 2),
    }


async def _pages(url: str, token: str) -> list[Json]:
    found: list[Json] = []
    async with httpx.AsyncClient(trust_env=False, timeout=60, headers={"Authorization": f"Bearer {token}"}) as client:
        next_url: httpx.URL | None = httpx.URL(url).copy_merge_params({"per_page": "100"})
        while next_url is not None:
            answer = (await client.get(next_url)).raise_for_status()
            found += answer.json()
            following = answer.links.get("next", {}).get("url")
            next_url = httpx.URL(following) if following else None
    return found


async def _get(url: str, token: str = "") -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient(trust_env=False, timeout=60, headers=headers) as client:
        return (await client.get(url)).raise_for_status().json()


async def _status(url: str) -> int:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        try:
            return (await client.get(url)).status_code
        except httpx.TransportError:
            return 0


async def _temporal(where: Where) -> list[tuple[Execution, bytes]]:
    client = await Client.connect(where.temporal, namespace=where.namespace)
    found: list[tuple[Execution, bytes]] = []
    async for each in client.list_workflows():
        status = each.status.name if each.status else "UNKNOWN"
        execution = Execution(each.id, each.run_id, each.workflow_type, status, each.start_time.timestamp())
        found.append((execution, await _history(client, execution)))
    return found


async def _history(client: Client, execution: Execution) -> bytes:
    """Every event as the server sends it, payloads included."""
    parts: list[bytes] = []
    token = b""
    while True:
        request = GetWorkflowExecutionHistoryRequest(
            namespace=client.namespace,
            execution=WorkflowExecution(workflow_id=execution.workflow_id, run_id=execution.run_id),
            next_page_token=token,
        )
        answer = await client.workflow_service.get_workflow_execution_history(request)
        parts.append(answer.history.SerializeToString())
        token = answer.next_page_token
        if not token:
            return b"".join(parts)


def _billed(where: Where) -> list[Json]:
    """Claude's own ledger: every message that was billed, in order."""
    with closing(sqlite3.connect(f"file:{where.data_dir}/simulators/claude.db?mode=ro", uri=True)) as ledger:
        ledger.row_factory = sqlite3.Row
        return [dict(row) for row in ledger.execute("SELECT * FROM message ORDER BY at")]


def _processes(where: Where) -> frozenset[str]:
    """The deployments of which something runs, by the folder on a command line."""
    marker = f"{where.data_dir}/runner/deployments/"
    found: set[str] = set()
    for process in psutil.process_iter():
        try:
            line = " ".join(process.cmdline())
        except psutil.Error:
            continue
        found |= {piece.split("/")[0].split()[0] for piece in line.split(marker)[1:] if piece}
    return frozenset(found)


def grouped(rows: Sequence[Json], key: str) -> dict[Any, list[Json]]:
    found: dict[Any, list[Json]] = defaultdict(list)
    for row in rows:
        found[row[key]].append(row)
    return found
