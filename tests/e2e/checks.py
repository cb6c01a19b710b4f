"""What must be true of the outside world, whatever happened on the way."""

import asyncio
import base64
import json
from typing import Any

from domain.artifacts import files_hash
from tests.e2e.world import World, eventually


async def check_made_once(world: World, name: str) -> None:
    """An active integration: one of everything, and all of it the same content."""
    run = await world.run(name)
    assert run["stage"] == "active"
    assert run["failure"] is None
    branches = [ref for ref in await world.refs() if ref.startswith(f"refs/heads/ccb/{name}-")]
    assert branches == [f"refs/heads/ccb/{name}-{run['version']}"]
    (pull,) = await world.pulls(name)
    (merge,) = await world.merges(name)
    assert pull["pull"]["merge_commit_sha"] == merge["sha"]
    # What was approved is what was merged.
    assert files_hash(await files_at(world, name, "main")) == run["content_hash"]
    await _check_runs(world, name, run)
    await _check_told(world, name)
    assert await world.bought(name) == run["spent"]["turns"]


async def _check_runs(world: World, name: str, run: dict[str, Any]) -> None:
    entry = await world.get(f"/registry/{name}")
    assert (entry["url"], entry["version"], entry["content_hash"]) == (run["url"], run["version"], run["content_hash"])
    (deployment,) = await world.deployments(name)
    assert (deployment["id"], deployment["url"]) == (entry["deployment_id"], run["url"])
    assert (deployment["state"], deployment["healthy"], deployment["live"]) == ("running", True, True)
    assert (await world.call(f"{run['url']}/health")).status_code == 200
    detail = await world.get(f"/integrations/{name}")
    (version,) = detail["versions"]
    assert version["content_hash"] == run["content_hash"]
    assert version["pull_request"]["number"] == run["pull_request"]["number"]


async def _check_told(world: World, name: str) -> None:
    """The one message says that it is active; it is edited after the fact."""

    async def told() -> bool | None:
        (message,) = await world.messages(name)
        return True if f"{name} 1.0.0 is active" in message["text"] else None

    await eventually(told, f"{name} is said to be active")


async def check_nothing_made(world: World, name: str) -> dict[str, Any]:
    """Nothing outside has to do with this integration. Returns what there is in all, to be compared."""
    listed = (await world.get("/integrations?limit=200"))["items"]
    state = await world.simulators.look("github", "state")
    slack = (await world.simulators.look("slack", "messages"))["messages"]
    assert not [each for each in listed if each["name"] == name]
    assert name not in json.dumps([state["refs"], state["pulls"], slack])
    assert not await world.deployments(name)
    return {"listed": len(listed), "refs": state["refs"], "pulls": len(state["pulls"]), "slack": len(slack)}


async def files_at(world: World, name: str, ref: str) -> dict[str, str]:
    """The files of an integration at a commit or branch, by path."""
    folder = f"integrations/{name}/"
    tree = (await world.github(f"git/trees/{ref}?recursive=1"))["tree"]
    blobs = [each for each in tree if each["type"] == "blob" and each["path"].startswith(folder)]
    found = await asyncio.gather(*(world.github(f"git/blobs/{each['sha']}") for each in blobs))
    texts = [base64.b64decode(each["content"]).decode() for each in found]
    return {each["path"].removeprefix(folder): text for each, text in zip(blobs, texts, strict=True)}
