"""A retired integration's folder goes from the default branch by one commit; its history stays."""

from simulators.kit import Simulators
from tests.contract.github.test_code_host import FILES, FOLDER, OTHERS, opened, pushed
from tests.contract.github.test_faults import each_fault, until_done


async def remove(host, repo) -> None:
    await host.remove_folder(repo, folder=FOLDER, message="Retire weather", key="run/1/remove")


async def test_the_folder_goes_and_all_else_stays(host, repo, world):
    await remove(host, repo)
    assert await world.commits("main") == ["Initial commit"]
    await host.merge(await opened(host, repo), message="Merge")
    await world.act("push", files={"other.txt": "later"})
    for _ in range(2):
        await remove(host, repo)
    assert await host.files(repo, "main", FOLDER) == {}
    assert (await world.get("contents/other.txt"))["size"] == 5
    retired = [text for text in await world.commits("main") if "Retire" in text]
    assert retired == ["Retire weather\n\nCcb-Key: run/1/remove"]


@each_fault
async def test_it_is_removed_once_whatever_is_lost(host, repo, world, simulators: Simulators, fault):
    await host.merge(await opened(host, repo), message="Merge")
    await simulators.fault("github", method="PATCH", path="git/refs/", **fault)
    await until_done(lambda: remove(host, repo))
    assert sum("Retire" in text for text in await world.commits("main")) == 1
    assert await host.files(repo, "main", FOLDER) == {}


async def test_a_branch_made_before_others_were_merged_and_retired_touches_none_of_them(host, repo, world):
    """The default branch reaches its oldest commit sooner by the merged branches than by its own line."""
    folders = [f"integrations/old-{number}" for number in range(5)]
    pulls = []
    for folder in folders:
        branch = await host.push(
            repo, f"ccb/{folder}", files=OTHERS, folder=folder, message="Add", key=f"{folder}/push"
        )
        pulls.append(await host.open_pull_request(branch, title=folder, body="", key=f"{folder}/pull"))
    for pull in pulls[:2]:
        await host.merge(pull, message="Merge")
    await pushed(host, repo)
    fork = (await world.get("branches/main"))["commit"]["sha"]
    for pull in pulls[2:]:
        await host.merge(pull, message="Merge")
    await host.remove_folder(repo, folder=folders[0], message="Retire", key="run/2/remove")
    second = await pushed(host, repo, files=OTHERS, key="run/1/push-2")
    assert second.base_sha == fork
    opened_late = await host.open_pull_request(second, title="Weather", body="", key="run/1/pull")
    assert {file["filename"] for file in await world.get(f"pulls/{opened_late.number}/files")} == {
        f"{FOLDER}/{path}" for path in OTHERS
    }
    await host.merge(opened_late, message="Merge")
    assert [await host.files(repo, "main", folder) for folder in folders] == [{}, *[OTHERS] * 4]
    assert await host.files(repo, "main", FOLDER) == OTHERS


async def test_a_pull_request_that_was_closed_a_while_is_merged_onto_what_the_branch_is_now(host, repo, world):
    pull = await opened(host, repo)
    for state in ("closed", "open"):
        answer = await world.http.patch(f"repos/{repo}/pulls/{pull.number}", json={"state": state})
        assert answer.status_code == 200
        if state == "closed":
            await world.act("push", files={"other.txt": "later"})
    await host.merge(pull, message="Merge")
    assert (await world.get("contents/other.txt"))["size"] == 5
    assert await host.files(repo, "main", FOLDER) == FILES
