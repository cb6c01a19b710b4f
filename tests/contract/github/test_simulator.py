"""What the simulators promise of themselves: git's own hashes, state that survives SIGKILL, a journal, faults."""

import base64
import json
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from adapters.github.code_host import GitHubCodeHost
from adapters.github.settings import GitHubSettings
from domain.vendors import IssueRef
from simulators.kit import Simulators
from tests.contract.github.conftest import World
from tests.contract.github.test_code_host import FILES, FOLDER, opened, pushed
from tests.servers import free_ports, process, ready


@pytest.mark.skipif(shutil.which("git") is None, reason="compares with git itself")
async def test_hashes_are_those_of_git(host: GitHubCodeHost, repo, world: World, tmp_path: Path):
    def git(*arguments: str, stdin: bytes = b"") -> str:
        command = ["git", "-C", str(tmp_path), *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, check=True).stdout.decode().strip()

    git("init", "-q")
    branch = await pushed(host, repo, files={**FILES, "a.b": "", "a/c": "", "a-b": ""})
    commit = await world.get(f"git/commits/{branch.head_sha}")
    whole = await world.get(f"git/trees/{commit['tree']['sha']}", recursive="1")
    for entry in whole["tree"]:
        if entry["type"] == "blob":
            data = await world.http.get(f"repos/{repo}/git/blobs/{entry['sha']}")
            content = base64.b64decode(data.json()["content"])
            assert git("hash-object", "-w", "--stdin", stdin=content) == entry["sha"]
            git("update-index", "--add", "--cacheinfo", f"{entry['mode']},{entry['sha']},{entry['path']}")
    assert git("write-tree") == commit["tree"]["sha"]
    author = commit["author"]
    when = int(time.mktime(time.strptime(author["date"], "%Y-%m-%dT%H:%M:%SZ"))) - time.timezone
    who = f"{author['name']} <{author['email']}> {when} +0000"
    raw = (
        f"tree {commit['tree']['sha']}\nparent {branch.base_sha}\nauthor {who}\ncommitter {who}\n\n{commit['message']}"
    )
    assert git("hash-object", "-t", "commit", "--literally", "--stdin", stdin=raw.encode()) == branch.head_sha


@asynccontextmanager
async def running(home: Path, port: int) -> AsyncIterator[tuple[Simulators, subprocess.Popen[bytes]]]:
    (home / "config.json").write_text(json.dumps({"github": {"token": "t"}}))
    command = [sys.executable, "-m", "simulators", "--port", str(port), "--state-dir", home / "state"]
    with process([*command, "--config", home / "config.json"], log=home / "log") as child:
        async with Simulators(f"http://127.0.0.1:{port}") as simulators:
            await ready(simulators.health, child, home / "log", httpx.HTTPError)
            yield simulators, child


async def test_sigkill_loses_nothing_that_was_acknowledged(tmp_path: Path):
    (port,) = free_ports(1)
    repo = "acme/integrations"
    async with running(tmp_path, port) as (simulators, child):
        host = GitHubCodeHost(GitHubSettings(base_url=simulators.github_url, token="t"))
        pull = await opened(host, repo)
        comment = await host.upsert_comment(IssueRef(repo=repo, number=pull.number), key="k", body="b")
        before = await simulators.journal("github")
        child.kill()
        child.wait()
    async with running(tmp_path, port) as (simulators, _):
        assert await simulators.journal("github") == before
        assert await host.pull_request(repo, pull.number) == pull
        assert await host.files(repo, pull.head_sha, FOLDER) == FILES
        assert await host.upsert_comment(IssueRef(repo=repo, number=pull.number), key="k", body="c") == comment
        assert (await simulators.journal("github"))[-1].number > before[-1].number
        await host.close()


async def test_the_journal_says_what_was_asked_and_answered(host: GitHubCodeHost, repo, simulators: Simulators):
    since = await simulators.last("github")
    await pushed(host, repo)
    (entry,) = await simulators.journal("github", since=since, path=f"{repo}/git/commits$", method="post")
    assert (entry.vendor, entry.method, entry.path) == ("github", "POST", f"/repos/{repo}/git/commits")
    assert (entry.status, entry.fault) == (201, None)
    assert json.loads(entry.body)["message"] == "Add weather\n\nCcb-Key: run/1/push"


async def test_faults_skip_count_and_end(simulators: Simulators, world: World):
    since = await simulators.last("github")
    await simulators.fault("github", "latency", path="/user$", seconds=0.2, times=None)
    await simulators.fault("github", "error", path="/user$", skip=1, times=2, status=418)
    started = time.monotonic()
    answers = [(await world.http.get("user")).status_code for _ in range(4)]
    assert answers == [200, 418, 418, 200]
    assert time.monotonic() - started >= 0.8
    await simulators.fault("github", "drop", path="/user$")
    with pytest.raises(httpx.RemoteProtocolError):
        await world.http.get("user")
    await simulators.fault("github", "lose_reply", path="/user$")
    with pytest.raises(httpx.RemoteProtocolError):
        await world.http.get("user")
    entries = await simulators.journal("github", since=since)
    assert [(each.status, each.fault) for each in entries][-3:] == [
        (200, "latency"),
        (None, "drop"),
        (200, "lose_reply"),
    ]
    await simulators.reset_faults("github")
    assert (await world.http.get("user")).status_code == 200


async def test_a_fault_that_makes_no_sense_is_refused(simulators: Simulators):
    async with httpx.AsyncClient(base_url=simulators.url, trust_env=False) as http:
        for body in ({"kind": "explode"}, {"kind": "drop", "match": {"path": "("}}, {"kind": "drop", "extra": 1}):
            assert (await http.post("/_sim/github/faults", json=body)).status_code == 422
