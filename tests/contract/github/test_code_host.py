"""Each method of the port, and its repetition."""

import asyncio

import pytest

from adapters.github.code_host import GitHubCodeHost
from domain.errors import Conflict, ContentChanged, VendorRejected
from domain.vendors import Branch, IssueRef, PullRequest
from simulators.kit import Simulators
from tests.contract.github.conftest import World

FOLDER = "integrations/weather"
FILES = {"integration.yaml": "name: weather\n", "weather/app.py": "app = 1\n", "tests/test_ü.py": "assert 'ü'\r\n"}
OTHERS = {"integration.yaml": "name: weather\n", "weather/main.py": ""}


async def pushed(host: GitHubCodeHost, repo: str, files: dict[str, str] = FILES, key: str = "run/1/push") -> Branch:
    return await host.push(repo, "ccb/weather", files=files, folder=FOLDER, message="Add weather", key=key)


async def opened(host: GitHubCodeHost, repo: str) -> PullRequest:
    return await host.open_pull_request(await pushed(host, repo), title="Weather", body="A body", key="run/1/pull")


async def test_push_makes_a_branch_with_one_commit_that_holds_exactly_the_files(host, repo, world: World):
    branch = await pushed(host, repo)
    assert await host.files(repo, branch.head_sha, FOLDER) == FILES
    assert await host.files(repo, "ccb/weather", FOLDER) == FILES
    assert await host.files(repo, "main", FOLDER) == {}
    assert await world.commits("ccb/weather") == ["Add weather\n\nCcb-Key: run/1/push", "Initial commit"]
    assert branch.base_sha == (await world.get("branches/main"))["commit"]["sha"]
    assert (await world.get("contents/README.md", ref="ccb/weather"))["type"] == "file"


async def test_push_again_with_the_same_key_is_the_same_deed(host, repo, world: World):
    first = await pushed(host, repo)
    assert await pushed(host, repo, files=OTHERS) == first
    assert len(await world.commits("ccb/weather")) == 2


async def test_push_with_another_key_adds_a_commit_with_the_new_content(host, repo, world: World):
    first = await pushed(host, repo)
    second = await pushed(host, repo, files=OTHERS, key="run/1/push-2")
    assert second.base_sha == first.base_sha
    assert await host.files(repo, second.head_sha, FOLDER) == OTHERS
    assert len(await world.commits("ccb/weather")) == 3
    emptied = await pushed(host, repo, files={}, key="run/1/push-3")
    assert await host.files(repo, emptied.head_sha, FOLDER) == {}


async def test_push_replaces_what_the_default_branch_has_in_the_folder_and_nothing_else(host, repo, world: World):
    await world.act("push", files={f"{FOLDER}/old.py": "old", "integrations/weatherman/x.py": "keep"})
    branch = await pushed(host, repo)
    assert await host.files(repo, branch.head_sha, FOLDER) == FILES
    assert await host.files(repo, branch.head_sha, "integrations/weatherman") == {"x.py": "keep"}


async def test_push_leaves_a_branch_of_somebody_else_alone(host, repo, world: World):
    await world.act("push", branch="ccb/weather", files={"x": "mine"})
    with pytest.raises(Conflict, match="not ours"):
        await pushed(host, repo)
    assert len(await world.commits("ccb/weather")) == 2


async def test_a_key_quoted_in_the_message_is_not_the_key(host, repo):
    first = await host.push(repo, "b", files=FILES, folder=FOLDER, message="x\n\nCcb-Key: run/2", key="run/1")
    more = {**FILES, "more.md": "More.\n"}
    second = await host.push(repo, "b", files=more, folder=FOLDER, message="x", key="run/2")
    assert first.head_sha != second.head_sha


async def test_delete_branch_twice_is_fine(host, repo, world: World):
    await pushed(host, repo)
    await host.delete_branch(repo, "ccb/weather")
    await host.delete_branch(repo, "ccb/weather")
    assert await world.branches() == ["main"]


async def test_open_pull_request_once_and_set_title_and_body(host, repo, world: World):
    first = await opened(host, repo)
    branch = await pushed(host, repo)
    second = await host.open_pull_request(branch, title="Better", body="Other", key="run/1/pull")
    assert first.number == second.number
    assert await host.pull_request(repo, first.number) == second == first
    (pull,) = await world.pulls()
    assert pull["title"] == "Better"
    assert pull["body"].endswith("\nOther")
    assert pull["head"]["sha"] == branch.head_sha == first.head_sha
    assert first.state == "open"


async def test_a_body_longer_than_github_takes_is_cut(host, repo, world: World):
    pull = await host.open_pull_request(await pushed(host, repo), title="x", body="y" * 100_000, key="k")
    await host.upsert_comment(IssueRef(repo=repo, number=pull.number), key="k", body="ü" * 100_000)
    assert "cut: 35000 characters more" in (await world.pulls())[0]["body"]


async def test_close_pull_request_says_why_once(host, repo, world: World):
    pull = await opened(host, repo)
    for _ in range(2):
        await host.close_pull_request(repo, "ccb/weather", comment="The run failed.")
    assert (await host.pull_request(repo, pull.number)).state == "closed"
    (comment,) = await world.comments(pull.number)
    assert comment["body"].endswith("The run failed.")
    await host.close_pull_request(repo, "no-such-branch", comment="x")


async def test_merge_reads_back_and_is_the_same_when_repeated(host, repo, world: World):
    pull = await opened(host, repo)
    before = (await world.get("branches/main"))["commit"]["sha"]
    first = await host.merge(pull, message="Merge weather\n\nReviewed by alice")
    assert await host.merge(pull, message="again") == first
    assert first.before_sha == before
    assert (await world.get("branches/main"))["commit"]["sha"] == first.sha
    assert (await world.commits("main"))[0] == f"Merge weather\n\nReviewed by alice\n\nCcb-Key: merge/{pull.number}"
    assert await host.files(repo, "main", FOLDER) == FILES
    assert (await host.pull_request(repo, pull.number)).state == "merged"
    await host.close_pull_request(repo, "ccb/weather", comment="merged is left alone")
    assert await world.comments(pull.number) == []


async def test_merge_refuses_another_head(host, repo):
    pull = await opened(host, repo)
    await pushed(host, repo, files=OTHERS, key="run/1/push-2")
    with pytest.raises(ContentChanged):
        await host.merge(pull, message="x")
    assert await host.files(repo, "main", FOLDER) == {}


async def test_merge_says_so_when_there_is_a_conflict(host, repo, world: World):
    pull = await opened(host, repo)
    await world.act("push", files={f"{FOLDER}/weather/app.py": "other"})
    with pytest.raises(Conflict, match="not mergeable"):
        await host.merge(pull, message="x")


async def test_merge_refuses_a_closed_pull_request(host, repo):
    pull = await opened(host, repo)
    await host.close_pull_request(repo, "ccb/weather", comment="x")
    with pytest.raises(Conflict, match="closed"):
        await host.merge(pull, message="x")


async def revert(host: GitHubCodeHost, repo: str) -> None:
    await host.revert(repo, folder=FOLDER, branch="ccb/weather", message="Undo weather", key="run/1/revert")


async def test_revert_returns_the_folder_and_keeps_what_came_after(host, repo, world: World):
    await world.act("push", files={f"{FOLDER}/integration.yaml": "name: older\n", f"{FOLDER}/old.py": "old"})
    await host.merge(await opened(host, repo), message="Merge")
    await world.act("push", files={"other.txt": "later"})
    await host.delete_branch(repo, "ccb/weather")
    await revert(host, repo)
    await revert(host, repo)
    assert await host.files(repo, "main", FOLDER) == {"integration.yaml": "name: older\n", "old.py": "old"}
    assert (await world.get("contents/other.txt"))["size"] == 5
    assert [text for text in await world.commits("main") if "Undo" in text] == [
        "Undo weather\n\nCcb-Undo: run/1/revert"
    ]


async def test_revert_removes_a_folder_that_was_not_there(host, repo):
    await host.merge(await opened(host, repo), message="Merge")
    await revert(host, repo)
    assert await host.files(repo, "main", FOLDER) == {}


async def test_revert_does_nothing_without_a_merge(host, repo, world: World):
    await revert(host, repo)
    await opened(host, repo)
    await revert(host, repo)
    await host.close_pull_request(repo, "ccb/weather", comment="x")
    await revert(host, repo)
    assert await world.commits("main") == ["Initial commit"]


async def test_files_leaves_out_what_is_not_text_and_refuses_an_unknown_ref(host, repo, world: World):
    await world.act("push", files={f"{FOLDER}/{number}.py": f"n = {number}\n" for number in range(40)})
    assert len(await host.files(repo, "main", FOLDER)) == 40
    with pytest.raises(VendorRejected, match="Not Found"):
        await host.files(repo, "nothing", FOLDER)


async def test_comments_that_cross_leave_one(host, repo, world: World, simulators: Simulators):
    """All look before one writes; each answer comes late, so that the others write meanwhile."""
    issue = IssueRef(repo=repo, number=(await world.act("issues", title="Weather"))["result"]["number"])
    await simulators.fault("github", "latency", method="POST", path="/comments$", seconds=0.5, times=4)
    await asyncio.gather(*(host.upsert_comment(issue, key="run/1", body="once") for _ in range(4)))
    written = await simulators.journal("github", method="POST", path=f"/issues/{issue.number}/comments$")
    assert len(written) > 1, "they did not cross"
    (comment,) = await world.comments(issue.number)
    assert (await host.upsert_comment(issue, key="run/1", body="once")).id == comment["id"]


async def test_one_comment_per_key_made_then_edited(host, repo, world: World):
    number = (await world.act("issues", title="Weather, please"))["result"]["number"]
    issue = IssueRef(repo=repo, number=number)
    first = await host.upsert_comment(issue, key="run/1", body="Working on it")
    for text in ("Done", "Done"):
        assert await host.upsert_comment(issue, key="run/1", body=text) == first
    other = await host.upsert_comment(issue, key="run/2", body="Working on it")
    assert other.id != first.id
    bodies = [comment["body"].split("\n", 1)[1] for comment in await world.comments(number)]
    assert bodies == ["Done", "Working on it"]
    assert first.url.endswith(f"#issuecomment-{first.id}")


async def test_a_person_who_copies_our_mark_is_not_edited(host, repo, world: World):
    number = (await world.act("issues", title="Weather"))["result"]["number"]
    await world.act("comments", number=number, user="mallory", body="<!-- ccb:run/1 -->\nmine")
    for page in range(100):
        await world.act("comments", number=number, user="alice", body=f"chatter {page}")
    issue = IssueRef(repo=repo, number=number)
    first = await host.upsert_comment(issue, key="run/1", body="ours")
    assert await host.upsert_comment(issue, key="run/1", body="edited") == first
    comments = await world.comments(number)
    assert len(comments) == 100, "ours is on the second page"
    assert comments[0]["body"] == "<!-- ccb:run/1 -->\nmine"
    assert comments[0]["user"]["login"] == "mallory"


async def test_bot_login(host):
    assert await host.bot_login() == "ccb-bot[bot]"
