"""What goes wrong on the way, and that calling again, as Temporal does, leaves one of each thing."""

import re
import time

import pytest

from adapters.github.code_host import GitHubCodeHost
from adapters.github.settings import GitHubSettings
from domain.errors import VendorOutcomeUnknown, VendorRateLimited, VendorRejected, VendorUnavailable
from domain.vendors import IssueRef
from simulators.kit import Simulators
from tests.contract.github.conftest import World, until_done
from tests.contract.github.test_code_host import FILES, FOLDER, opened, pushed, revert
from tests.servers import free_ports

BROKEN = [
    {"kind": "lose_reply"},
    {"kind": "drop"},
    {"kind": "error", "status": 503},
    {"kind": "error", "status": 429, "headers": {"Retry-After": "1"}},
]
each_fault = pytest.mark.parametrize("fault", BROKEN, ids=lambda fault: f"{fault['kind']}-{fault.get('status', '')}")


@each_fault
@pytest.mark.parametrize("request_", ["POST git/trees", "POST git/commits", "POST git/refs", "GET git/ref/"])
async def test_push(host, repo, world: World, simulators: Simulators, fault, request_):
    method, path = request_.split()
    await simulators.fault("github", method=method, path=path, **fault)
    branch = await until_done(lambda: pushed(host, repo))
    assert await world.branches() == ["ccb/weather", "main"]
    assert len(await world.commits("ccb/weather")) == 2
    assert await host.files(repo, branch.head_sha, FOLDER) == FILES


@each_fault
async def test_push_of_a_second_version(host, repo, world: World, simulators: Simulators, fault):
    await pushed(host, repo)
    await simulators.fault("github", method="PATCH", path="git/refs/", **fault)
    await until_done(lambda: pushed(host, repo, files={"a": "b"}, key="run/1/push-2"))
    assert len(await world.commits("ccb/weather")) == 3
    assert await host.files(repo, "ccb/weather", FOLDER) == {"a": "b"}


@each_fault
async def test_delete_branch(host, repo, world: World, simulators: Simulators, fault):
    await pushed(host, repo)
    await simulators.fault("github", method="DELETE", **fault)
    await until_done(lambda: host.delete_branch(repo, "ccb/weather"))
    assert await world.branches() == ["main"]


@each_fault
async def test_open_pull_request(host, repo, world: World, simulators: Simulators, fault):
    await pushed(host, repo)
    await simulators.fault("github", method="POST", path="pulls$", **fault)
    await until_done(lambda: opened(host, repo))
    assert len(await world.pulls()) == 1


@each_fault
@pytest.mark.parametrize("request_", ["POST comments$", "PATCH pulls/"])
async def test_close_pull_request(host, repo, world: World, simulators: Simulators, fault, request_):
    pull = await opened(host, repo)
    method, path = request_.split()
    await simulators.fault("github", method=method, path=path, **fault)
    await until_done(lambda: host.close_pull_request(repo, "ccb/weather", comment="It failed."))
    assert [pull["state"] for pull in await world.pulls()] == ["closed"]
    assert len(await world.comments(pull.number)) == 1


@each_fault
async def test_merge(host, repo, world: World, simulators: Simulators, fault):
    pull = await opened(host, repo)
    await simulators.fault("github", method="PUT", path="/merge$", **fault)
    merged = await until_done(lambda: host.merge(pull, message="Merge"))
    assert [message.split("\n")[0] for message in await world.commits("main")].count("Merge") == 1
    assert (await world.get("branches/main"))["commit"]["sha"] == merged.sha
    assert (await host.pull_request(repo, pull.number)).state == "merged"


@each_fault
async def test_revert(host, repo, world: World, simulators: Simulators, fault):
    await host.merge(await opened(host, repo), message="Merge")
    await simulators.fault("github", method="PATCH", path="git/refs/", **fault)
    await until_done(lambda: revert(host, repo))
    assert sum("Undo" in text for text in await world.commits("main")) == 1
    assert await host.files(repo, "main", FOLDER) == {}


@each_fault
@pytest.mark.parametrize("made", [False, True], ids=["made", "edited"])
async def test_comment(host, repo, world: World, simulators: Simulators, fault, made):
    issue = IssueRef(repo=repo, number=(await world.act("issues", title="x"))["result"]["number"])
    if made:
        await host.upsert_comment(issue, key="run/1", body="first")
    await simulators.fault("github", method="PATCH" if made else "POST", path="comments", **fault)
    await until_done(lambda: host.upsert_comment(issue, key="run/1", body="Done"))
    (comment,) = await world.comments(issue.number)
    assert comment["body"].endswith("Done")


@pytest.mark.parametrize(
    ("fault", "on_read", "on_write"),
    [
        ({"kind": "error", "status": 502, "body": "<html>Bad gateway</html>"}, VendorUnavailable, VendorOutcomeUnknown),
        ({"kind": "drop"}, VendorUnavailable, VendorOutcomeUnknown),
        ({"kind": "lose_reply"}, VendorUnavailable, VendorOutcomeUnknown),
        ({"kind": "error", "status": 429}, VendorRateLimited, VendorRateLimited),
        ({"kind": "error", "status": 422, "body": {"message": "No"}}, VendorRejected, VendorRejected),
    ],
)
async def test_kinds_of_errors(host, repo, simulators: Simulators, fault, on_read, on_write):
    await simulators.fault("github", method="GET", path="git/trees", **fault)
    with pytest.raises(on_read):
        await host.files(repo, "main", FOLDER)
    await simulators.fault("github", method="POST", path="git/trees", **fault)
    with pytest.raises(on_write):
        await pushed(host, repo)


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"Retry-After": "17"}, 17),
        (403, {"Retry-After": "5"}, 5),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "{now+100}"}, 100),
        (429, {}, 60),
    ],
)
async def test_how_long_to_wait(host, repo, simulators: Simulators, status, headers, seconds):
    now = int(time.time())
    told = {name: value.replace("{now+100}", str(now + 100)) for name, value in headers.items()}
    body = {"message": "You have exceeded a secondary rate limit."}
    await simulators.fault("github", "error", status=status, headers=told, body=body)
    with pytest.raises(VendorRateLimited) as caught:
        await host.files(repo, "main", FOLDER)
    assert caught.value.retry_after == pytest.approx(seconds, abs=3)


async def test_the_limit_of_an_hour(host, repo, simulators: Simulators):
    await simulators.act("github", "configure", rate_limit=1)
    with pytest.raises(VendorRateLimited, match="API rate limit exceeded") as caught:
        await host.files(repo, "main", FOLDER)
    assert 0 < caught.value.retry_after <= 3600


async def test_the_adapter_itself_retries_nothing(host, repo, simulators: Simulators):
    await simulators.fault("github", "error", times=None, path=re.escape(repo))
    since = await simulators.last("github")
    with pytest.raises(VendorUnavailable):
        await host.files(repo, "main", FOLDER)
    assert len(await simulators.journal("github", since=since)) == 1


async def test_nobody_there():
    (port,) = free_ports(1)
    host = GitHubCodeHost(GitHubSettings(base_url=f"http://127.0.0.1:{port}", token="x"))
    with pytest.raises(VendorUnavailable, match="CCB_GITHUB_BASE_URL"):
        await host.delete_branch("acme/x", "b")
    await host.close()


async def test_a_wrong_token_is_refused_and_not_shown(settings: GitHubSettings, repo):
    host = GitHubCodeHost(settings.model_copy(update={"token": type(settings.token)("ghp_not_mine")}))
    with pytest.raises(VendorRejected, match="Bad credentials") as caught:
        await host.files(repo, "main", FOLDER)
    assert "ghp_not_mine" not in repr(caught.value.data())
    await host.close()


async def test_a_repository_that_is_not_there(host):
    with pytest.raises(VendorRejected, match="does not exist"):
        await pushed(host, "acme/nowhere")
