"""The integration is started in a jail and measured against a stub of its API; what is over a limit is found."""

import json
from typing import Any

import pytest

from adapters.validation.performance import Performance
from adapters.validation.validator import Found, Subject
from domain import manifest
from domain.proving import Measures
from domain.reports import Level
from tests.contract.proving.conftest import PACKAGE, Space, quiet

APP = f"{PACKAGE}/app.py"
CLIENT = f"{PACKAGE}/client.py"
FEW = Measures(requests=8, concurrency=2)


async def measured(space: Space, files: dict[str, str], limits: Measures = FEW) -> tuple[Found, dict[str, Any]]:
    async with space(files) as there:
        subject = Subject(there, manifest.parse(files["integration.yaml"]))
        found = await Performance(limits).run(subject, heartbeat=quiet)
    return found, json.loads(found.evidence.get("measured", b"{}"))


def rules(found: Found, level: Level = Level.ERROR) -> list[str]:
    return [one.rule for one in found.findings if one.level is level]


async def test_a_good_integration_is_measured_at_the_stated_load(space: Space, good: dict[str, str]) -> None:
    load = Measures(requests=30, rate=150, concurrency=3, health_p95_ms=60_000, route_p95_ms=60_000)
    found, figures = await measured(space, good, load)
    assert not [one for one in found.findings if one.level is not Level.NOTE]
    assert found.keep_for is None
    assert (figures["requests"], figures["rate"], figures["concurrency"], figures["starts"]) == (30, 150, 3, 1)
    assert 0 < figures["import_seconds"] <= figures["startup_seconds"] < 10
    assert 10 < figures["memory_mib"] <= figures["peak_memory_mib"] < 256
    (route,) = figures["routes"]
    for one in (figures["health"], route):
        assert one["statuses"] == {"200": 30}
        assert 0 < one["p50_ms"] <= one["p95_ms"]
    assert (route["method"], route["route"], route["note"]) == ("get", "/colours/{name}", "")


async def test_what_is_over_a_limit_is_an_error_and_not_remembered(space: Space, good: dict[str, str]) -> None:
    good[APP] = good[APP].replace(
        '    return {"status": "ok"',
        '    time.sleep(0.05)\n    kept.append(b"x" * 8_000_000)\n    return {"status": "ok"',
    )
    good[APP] = good[APP].replace(
        "app = FastAPI", "import time\nkept: list[bytes] = []\ntime.sleep(0.2)\napp = FastAPI"
    )
    good[CLIENT] = good[CLIENT].replace(
        "        try:\n", "        import time\n        time.sleep(0.05)\n        try:\n"
    )
    limits = Measures(
        import_seconds=0.15, startup_seconds=0.2, memory_mib=80, health_p95_ms=40, route_p95_ms=40, requests=4
    )
    found, figures = await measured(space, good, limits)
    over = [one for one in found.findings if one.tool == "measured" and one.level is Level.ERROR]
    wanted = ["import-time", "startup-time", "memory", "health-latency", "route-latency"]
    assert [one.rule for one in over] == wanted
    assert all(one.path == APP and one.fix and "the limit is" in one.message for one in over)
    assert figures["starts"] == 3
    assert found.keep_for == 0


async def test_one_that_falls_behind_the_load_is_late(space: Space, good: dict[str, str]) -> None:
    """Each answer takes 20 ms and 200 a second are due: the last is late by what all before it took too long."""
    good[CLIENT] = good[CLIENT].replace(
        "        try:\n", "        import time\n        time.sleep(0.02)\n        try:\n"
    )
    found, figures = await measured(space, good, Measures(requests=20, rate=200, concurrency=2, route_p95_ms=150))
    assert "route-latency" in rules(found)
    (route,) = figures["routes"]
    assert route["p95_ms"] > 200
    assert route["p50_ms"] < route["p95_ms"] * 0.75


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("raise RuntimeError('no such thing')", "no such thing"),
        ("import os; os._exit(3)", "did not answer 200"),
        ("import nothing_of_the_kind", "nothing_of_the_kind"),
    ],
    ids=["raises", "exits", "imports what is not there"],
)
async def test_one_that_does_not_start(space: Space, good: dict[str, str], line: str, words: str) -> None:
    good[APP] += f"\n{line}\n"
    found, figures = await measured(space, good)
    (finding,) = [one for one in found.findings if one.rule == "not-started"]
    assert finding.level is Level.ERROR
    assert words in finding.message
    assert figures["health"] is None


async def test_a_route_that_fails_against_the_stub_is_noted(space: Space, good: dict[str, str]) -> None:
    good[CLIENT] = good[CLIENT].replace("if not response.is_success:", "if response.is_success:")
    found, figures = await measured(space, good)
    assert rules(found) == []
    assert "not-measured" in rules(found, Level.NOTE)
    assert figures["routes"][0]["note"] == "it answered 502"


async def test_one_that_goes_past_its_base_url_is_noted(space: Space, good: dict[str, str]) -> None:
    good[CLIENT] = good[CLIENT].replace('os.environ.get("BASE_URL", DEFAULT_BASE_URL)', "DEFAULT_BASE_URL")
    found, figures = await measured(space, good)
    assert "past-base-url" in rules(found, Level.NOTE)
    assert figures["past_base_url"] == ["colours.example.com:443"]


async def test_one_that_forges_its_figures_cannot_reach_them(space: Space, good: dict[str, str]) -> None:
    forge = """
import os
for number in range(3):
    try:
        with open(f"/proc/{os.getppid()}/fd/{number}", "w") as out:
            out.write("{}")
    except OSError:
        pass
"""
    good[APP] += forge
    _, figures = await measured(space, good)
    assert figures["health"]["statuses"] == {"200": 8}


async def test_one_that_ends_the_measuring_is_a_tool_that_failed(space: Space, good: dict[str, str]) -> None:
    good[APP] += "\nimport os, signal\nos.kill(os.getppid(), signal.SIGKILL)\n"
    found, _ = await measured(space, good)
    assert rules(found) == ["tool-failed"]
    assert found.evidence == {}
