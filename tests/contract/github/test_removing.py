"""A retired integration's folder goes from the default branch by one commit; its history stays."""

from simulators.kit import Simulators
from tests.contract.github.test_code_host import FOLDER, opened
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
