"""A short chaos, and an auditor who must be able to find things: what is planted in the same world is found."""

import ast
import base64
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import httpx
import pytest
import redis.asyncio

from tests.faults import chaos
from tests.faults.chaos import report, schedule
from tests.faults.chaos.audit import Audit
from tests.faults.chaos.judging import Kind
from tests.faults.chaos.mixture import MIXTURE, dealt
from tests.faults.chaos.play import Play, played, standing
from tests.faults.chaos.seen import STREAM, Where, s3_client
from tests.faults.chaos.sweep import forms, opened

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SEED, RUNS, SECONDS = 24, 6, 40.0
AUDITOR = ("audit", "bill", "judging", "seen", "sweep")


def test_the_same_seed_gives_the_same_schedule() -> None:
    drawn = schedule.drawn(SEED, 600)
    assert drawn == schedule.drawn(SEED, 600) != schedule.drawn(SEED + 1, 600)
    assert [fault.at for fault in drawn] == sorted(fault.at for fault in drawn)
    kills = [fault.target for fault in drawn if fault.kind == "kill"]
    assert set(kills[: len(schedule.PARTS)]) == set(schedule.PARTS)
    assert {fault.kind for fault in drawn} == {"kill", "error", "latency", "drop", "lose_reply"}


def test_every_kind_has_its_share() -> None:
    whole = sum(kind.share for kind in MIXTURE)
    assert dealt(SEED, whole) == dealt(SEED, whole)
    assert {kind.name: dealt(SEED, whole).count(kind) for kind in MIXTURE} == {
        kind.name: kind.share for kind in MIXTURE
    }


def test_the_auditor_shares_no_code_with_the_product() -> None:
    """Nor with what drives it: an auditor's modules import each other, and what others wrote."""
    folder = Path(chaos.__path__[0])
    ours = {path.name for path in folder.parents[2].iterdir() if (path / "__init__.py").exists()}
    for name in AUDITOR:
        imported: set[str] = set()
        for node in ast.walk(ast.parse((folder / f"{name}.py").read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "tests.faults.chaos":
                imported |= {f"tests.faults.chaos.{each.name}" for each in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module or "")
            elif isinstance(node, ast.Import):
                imported |= {each.name for each in node.names}
        inside = {each for each in imported if each.split(".")[0] in ours}
        assert inside <= {f"tests.faults.chaos.{each}" for each in AUDITOR}


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(lambda secret: f"before{secret}after".encode(), id="plain"),
        pytest.param(lambda secret: json.dumps({"token": secret}).encode(), id="json"),
        pytest.param(lambda secret: base64.b64encode(f"x{secret}y".encode()), id="base64"),
        pytest.param(lambda secret: base64.urlsafe_b64encode(f"xy{secret}".encode()), id="base64url"),
        pytest.param(lambda secret: gzip.compress(json.dumps([secret]).encode()), id="gzip"),
    ],
)
@pytest.mark.parametrize("secret", ["canary-0123456789abcdef", 'p@ss/w:rd?&#%41 +[é]"'])
def test_a_secret_is_found_in_every_form(secret: str, written: "object") -> None:
    assert callable(written)
    found = [part for part in opened(written(secret)) if any(form in part for form in forms(secret))]
    assert found
    assert not any(form in b"nothing of the kind" * 10 for form in forms(secret))


@pytest.fixture(scope="module")
async def play(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Play]:
    async with standing(tmp_path_factory.mktemp("chaos"), SEED) as play:
        await played(play, runs=RUNS, seconds=SECONDS)
        yield play


async def test_a_short_chaos(play: Play) -> None:
    figures = await report.judged(play, SECONDS)
    assert figures.good, report.text(figures)
    assert figures.kills >= len(schedule.PARTS) / 2
    assert figures.deployed >= 1
    assert figures.swept_mb > 1
    assert 0 < figures.recovery_p50_s <= figures.recovery_p99_s


async def test_what_is_planted_is_found(play: Play) -> None:
    """After the chaos, and in the same world: one of everything that must never be."""
    where = report.where(play)
    before = await report.audit(play)
    await _branch_and_pull_request(play, where)
    await _second_message_and_comment(play, where)
    await _event_taken_from_the_bus(where)
    await _message_billed_for_nobody(where)
    _secrets_written_down(play, where)
    await _row_left_behind(where)
    after = await report.audit(play)

    assert new(before, after, "orphan") == {
        "branch refs/heads/ccb/nobody-1.0.0",
        "open pull request",
        "bundle published/bundles/int_nobody/nobody-1.0.0.tar",
    }
    assert new(before, after, "duplicate") == {"2 × message", "2 × comment"}
    assert new(before, after, "lost event") == {"never reached the bus"}
    assert new(before, after, "paid twice") == {"is not in the books"}
    # What was posted is in the outside world's own files as well.
    canaries = {what for what in new(before, after, "canary") if " simulators/" not in what}
    assert canaries == {"file logs/workers-1.log", "object planted.json.gz", "messages, outside"}
    assert new(before, after, "unsettled") == {"nobody was told of planted"}


WORDS = (
    *(
        "branch refs/heads/ccb/nobody-1.0.0",
        "open pull request",
        "bundle published/bundles/int_nobody/nobody-1.0.0.tar",
    ),
    *("2 × message", "2 × comment"),
    *("never reached the bus", "is not in the books"),
    *("file logs/workers-1.log", "object planted.json.gz", "messages, outside", "nobody was told of planted"),
)


def new(before: Audit, after: Audit, kind: Kind) -> set[str]:
    """What was found of a kind that was not there before, by the words that name it."""
    old = {finding.what for finding in before.findings}
    found = [finding.what for finding in after.findings if finding.kind == kind and finding.what not in old]
    return {next((word for word in WORDS if word in what), what) for what in found}


async def _branch_and_pull_request(play: Play, where: Where) -> None:
    files = {"integrations/nobody/README.md": "Nobody asked for this.\n"}
    await play.ways.act("github", "push", user="lin", branch="ccb/nobody-1.0.0", files=files)
    await _github(where, "pulls", title="Nobody's", head="ccb/nobody-1.0.0", base="main")
    s3_client(where).put_object(Bucket=where.bucket, Key="published/bundles/int_nobody/nobody-1.0.0.tar", Body=b"")


async def _second_message_and_comment(play: Play, where: Where) -> None:
    """What the product posted, posted once more."""
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        posted = (await client.get(f"{where.simulators_url}/_sim/slack/messages")).json()["messages"]
        one = next(each for each in posted if each.get("metadata") and not each["deleted"])
        again = {
            "channel": one["channel"],
            "text": f"It leaked: {where.secrets['github_token']}",
            "metadata": one["metadata"],
        }
        headers = {"Authorization": f"Bearer {where.secrets['slack_token']}"}
        answer = await client.post(f"{where.simulators_url}/slack/api/chat.postMessage", json=again, headers=headers)
        assert answer.json()["ok"], answer.text
    number = int((await play.ways.act("github", "issues", user="lin", title="Nothing", body=""))["result"]["number"])
    for _ in range(2):
        await _github(where, f"issues/{number}/comments", body="<!-- ccb:one/key -->\nTwice.")


async def _github(where: Where, path: str, **body: object) -> None:
    headers = {"Authorization": f"Bearer {where.secrets['github_token']}"}
    url = f"{where.simulators_url}/github/api/v3/repos/{where.repository}/{path}"
    async with httpx.AsyncClient(trust_env=False, timeout=30, headers=headers) as client:
        answer = await client.post(url, json=body)
    assert answer.status_code == 201, answer.text


async def _event_taken_from_the_bus(where: Where) -> None:
    """An event in the middle, each time that it was sent."""
    password = where.secrets["valkey_password"]
    async with redis.asyncio.Redis(port=where.redis_port, password=password, decode_responses=True) as client:
        entries: Any = await client.xrange(STREAM)
        second = next(fields["id"] for _, fields in entries if int(json.loads(fields["event"])["sequence"]) == 2)
        await client.xdel(STREAM, *[entry for entry, fields in entries if fields["id"] == second])


async def _message_billed_for_nobody(where: Where) -> None:
    headers = {"Authorization": f"Bearer {where.secrets['claude_api_key']}", "anthropic-version": "2023-06-01"}
    asked = [{"role": "user", "content": "Nobody will write this down."}]
    body = {"model": "claude-sonnet-5-5", "max_tokens": 100, "messages": asked}
    async with httpx.AsyncClient(trust_env=False, timeout=30, headers=headers) as client:
        answer = await client.post(f"{where.simulators_url}/claude/v1/messages", json=body)
    assert answer.status_code == 200, answer.text


def _secrets_written_down(play: Play, where: Where) -> None:
    with (where.data_dir / "logs" / "workers-1.log").open("a") as log:
        log.write(json.dumps({"message": "connecting", "token": play.canaries["slack_token"]}) + "\n")
    packed = gzip.compress(json.dumps({"key": play.canaries["key of grace"]}).encode())
    s3_client(where).put_object(Bucket=where.bucket, Key="planted.json.gz", Body=packed)


async def _row_left_behind(where: Where) -> None:
    """A row that nobody asked for: another's, under an id of its own."""
    connection = await asyncpg.connect(where.dsn, timeout=10)
    try:
        await connection.execute(
            "CREATE TEMP TABLE one AS SELECT * FROM integrations LIMIT 1;"
            "UPDATE one SET id = 'int_planted', name = 'planted', title = 'planted', stage = 'failed';"
            "UPDATE one SET last_sequence = 0;"
            "INSERT INTO integrations SELECT * FROM one"
        )
    finally:
        await connection.close()
