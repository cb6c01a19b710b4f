"""`python -m api` as a process: its start, its logs, its end."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from api.wiring import ProcessSettings
from tests.api.world import environment_of
from tests.servers import free_ports, process, ready

COMMAND = [sys.executable, "-m", "api"]
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def environment(settings: ProcessSettings) -> dict[str, str]:
    (port,) = free_ports(1)
    return environment_of(settings, port)


async def failed(environment: dict[str, str]) -> tuple[int, str]:
    child = await asyncio.create_subprocess_exec(
        *COMMAND, env={**os.environ, **environment}, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    async with asyncio.timeout(60):
        _, err = await child.communicate()
    assert child.returncode is not None
    return child.returncode, err.decode()


async def test_it_serves_logs_in_json_and_ends_when_told(environment: dict[str, str], tmp_path: Path):
    log = tmp_path / "log"
    url = f"http://127.0.0.1:{environment['CCB_API_PORT']}"
    key = (Path(environment["CCB_DATA_DIR"]) / "operator.key").read_text().strip()
    headers = {"Authorization": f"Bearer {key}", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
    with process(COMMAND, log=log, environment=environment) as child:
        async with httpx.AsyncClient(base_url=url, trust_env=False) as api:

            async def up() -> None:
                (await api.get("/health/ready")).raise_for_status()

            await ready(up, child, log, httpx.HTTPError)
            people = await api.get("/api/v1/people", headers=headers)
        assert people.status_code == 200
        child.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(child.wait, 15) == 0
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    for line in lines:
        assert {"timestamp", "level", "service", "trace_id", "span_id", "user_id", "message", "metadata"} == set(line)
        assert line["service"] == "api"
    (request,) = [line for line in lines if line["metadata"].get("path") == "/api/v1/people"]
    assert request["trace_id"] == TRACE
    assert request["span_id"]
    assert request["user_id"] == next(one["id"] for one in people.json() if one["name"] == "operator")
    assert request["metadata"]["status"] == 200
    assert key not in log.read_text()


async def test_a_busy_port_is_a_sentence(environment: dict[str, str]):
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        code, err = await failed({**environment, "CCB_API_PORT": str(port)})
    assert code == 1
    assert str(port) in err
    assert "Traceback" not in err


async def test_temporal_away_is_a_sentence(environment: dict[str, str]):
    (nothing,) = free_ports(1)
    code, err = await failed({**environment, "CCB_TEMPORAL_ADDRESS": f"127.0.0.1:{nothing}"})
    assert code == 1
    assert str(nothing) in err
    assert "Traceback" not in err


async def test_a_setting_that_is_none_is_a_sentence(environment: dict[str, str]):
    code, err = await failed({**environment, "CCB_RUNNER_KEY": "short"})
    assert code == 2
    assert "CCB_RUNNER_KEY" in err
    assert "Traceback" not in err
    assert "short" not in err.replace("at least 16", "").replace("too short", "")
