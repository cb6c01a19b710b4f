"""What is asked for: a table of sagas, each with its share. A new kind of saga is a line here.

A saga is driven by people, and says how it may end. Whoever is killed meanwhile, it must end in one of these ways; a
step that is tried a few times only (`policies.READ`) may be refused because of an outage, so that `failed`, with
everything undone, is always one of them.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from tests.faults.chaos import reviewing
from tests.faults.chaos.reviewing import approved, by_api, decided, ended, ran, waits
from tests.faults.chaos.ways import REQUESTER, REVIEWERS, Asked, Json, Ways

UNDONE: Final = frozenset({"failed"})

Drive = Callable[[Ways, Asked, Random], Awaitable[None]]


def _accepted(asked: Asked, answer: Json) -> bool:
    asked.integration_id = answer.get("integration_id")
    return asked.integration_id is not None


def _person(random: Random) -> str:
    return random.choice(REVIEWERS)


async def automatic(ways: Ways, asked: Asked, random: Random) -> None:
    if _accepted(asked, await ways.ask(asked.name, automatic=True)):
        await ended(ways, asked)


async def reviewed(ways: Ways, asked: Asked, random: Random) -> None:
    if _accepted(asked, await ways.ask(asked.name)):
        await approved(ways, asked, _person(random), random.choice(reviewing.WAYS))


async def from_an_issue(ways: Ways, asked: Asked, random: Random) -> None:
    await ways.open_issue(asked.name)
    asked.integration_id = await ways.found(asked.name)
    await approved(ways, asked, _person(random), random.choice(reviewing.WAYS))


async def changed(ways: Ways, asked: Asked, random: Random) -> None:
    """Somebody wants changes; what comes of it is approved."""
    if _accepted(asked, await ways.ask(asked.name)):
        await decided(ways, asked, _person(random), "request_changes", random.choice(reviewing.WAYS))
        await approved(ways, asked, _person(random), random.choice(reviewing.WAYS))


async def refused(ways: Ways, asked: Asked, random: Random) -> None:
    """Claude says that it cannot be done."""
    asked.may_end = UNDONE
    answer = await ways.ask(asked.name, description="We want the cities: GET /cities. [simulate: refuse]")
    if _accepted(asked, answer):
        await ended(ways, asked)


async def abandoned(ways: Ways, asked: Asked, random: Random) -> None:
    """Somebody stops it wherever it happens to be: before people are asked, while they are, or while it deploys."""
    stage = random.choice(("analyzing", "generating", "testing", "reviewing", "deploying", "deploying"))
    if not _accepted(asked, await ways.ask(asked.name, automatic=stage == "deploying")):
        return
    await ways.at(asked.id, lambda run: run["stage"] == stage, stage)
    answer = await ways.call(
        REQUESTER, "POST", f"/integrations/{asked.id}/abandon", key=asked.name, reason="Nobody needs cities"
    )
    # Too late: it has ended, or whoever waited got no answer the first time.
    if answer["status_code"] == 200:
        asked.may_end = UNDONE
    await ended(ways, asked)


async def given_secrets_late(ways: Ways, asked: Asked, random: Random) -> None:
    """It needs a secret that nobody has given yet; it waits, with its review behind it, until somebody does."""
    document = ways.outside.publish(f"{asked.name}.json", _closed(ways))
    if not _accepted(asked, await ways.ask(asked.name, automatic=True, document={"url": document})):
        return
    run = await ways.at(asked.id, lambda run: _asks_for_secrets(run) or waits(run), "no secret")
    while waits(run):
        await decided(ways, asked, REVIEWERS[0], "approve", by_api)
        run = await ways.at(asked.id, lambda run: _asks_for_secrets(run) or waits(run), "no secret")
    if run["stage"] == "deploying":
        for wanted in (await ways.call("operator", "GET", f"/integrations/{asked.id}/secrets"))["items"]:
            value = f"canary-{random.getrandbits(160):040x}"
            asked.secrets.append(value)
            path = f"/integrations/{asked.id}/secrets/{wanted['name']}"
            await ways.call("operator", "PUT", path, value=value)
    await ended(ways, asked)


def _asks_for_secrets(run: Json) -> bool:
    return "secret" in str((run["waiting"] or {}).get("what", ""))


def _closed(ways: Ways) -> bytes:
    document = ways.outside.described()
    scheme = {"type": "apiKey", "in": "header", "name": "X-Key", "description": "A key."}
    return json.dumps(
        {**document, "components": {"securitySchemes": {"key": scheme}}, "security": [{"key": []}]}
    ).encode()


async def bad(ways: Ways, asked: Asked, random: Random) -> None:
    """What cannot be worked on is refused, and leaves nothing."""
    asked.may_end = frozenset()
    kind = random.choice(("missing", "swagger", "nothing", "stranger"))
    body: dict[str, Any] = {"document": {"url": f"{ways.outside.url}/{kind}-{asked.name}"}}
    if kind == "swagger":
        body["document"] = {"url": ways.outside.publish(f"{kind}-{asked.name}", b'{"swagger": "2.0", "paths": {}}')}
    if kind == "nothing":
        body = {"title": ""}
    if kind == "stranger":
        answer = await ways.call("nobody", "POST", "/integrations", title="x")
    else:
        answer = await ways.ask(asked.name, **body)
    _accepted(asked, answer)


async def _active(ways: Ways, asked: Asked) -> bool:
    """An integration that lives, if it comes to that."""
    accepted = _accepted(asked, await ways.ask(asked.name, automatic=True))
    return accepted and await ended(ways, asked) == "active"


_UPDATE: Final[dict[str, Any]] = {
    "title": "All the cities",
    "description": "Name the README after them. [simulate: one-turn]",
    "rollout": {"hold": "PT10S"},
}
_TIMES: Final = 3
"""How often somebody asks for an update that is undone again and again, as a canary is that meets an outage."""


async def updated(ways: Ways, asked: Asked, random: Random) -> None:
    if await _active(ways, asked):
        await ran(ways, asked, "update", **_UPDATE)


async def rolled_back(ways: Ways, asked: Asked, random: Random) -> None:
    """Something has to be there to go back from: whose update is undone asks again."""
    if await _active(ways, asked):
        for time_no in range(1, _TIMES + 1):
            if await ran(ways, asked, "update", time_no=time_no, **_UPDATE):
                await ran(ways, asked, "rollback", reason="The old one was better")
                return


async def promoted(ways: Ways, asked: Asked, random: Random) -> None:
    """Into staging, and from there into production."""
    if await _active(ways, asked) and await ran(ways, asked, "deployments", environment="staging"):
        await ran(ways, asked, "promote")


async def retired(ways: Ways, asked: Asked, random: Random) -> None:
    asked.may_end = frozenset({"active", "failed", "retired"})
    if await _active(ways, asked):
        await ran(ways, asked, "retire", reason="Nobody needs cities", force=True)


async def tested(ways: Ways, asked: Asked, random: Random) -> None:
    """Tests on demand run beside whatever else is done; here, beside an update."""
    if await _active(ways, asked):
        await ways.call(REQUESTER, "POST", f"/integrations/{asked.id}/test")
        await ran(ways, asked, "update", **_UPDATE)


@dataclass(frozen=True)
class Kind:
    """`share` is out of the sum of all."""

    name: str
    share: int
    drive: Drive


MIXTURE: Final = (
    Kind("automatic", 5, automatic),
    Kind("reviewed", 5, reviewed),
    Kind("from an issue", 4, from_an_issue),
    Kind("changed", 2, changed),
    Kind("abandoned", 3, abandoned),
    Kind("secrets", 2, given_secrets_late),
    Kind("updated", 2, updated),
    Kind("rolled back", 1, rolled_back),
    Kind("promoted", 1, promoted),
    Kind("retired", 2, retired),
    Kind("tested", 1, tested),
    Kind("refused", 1, refused),
    Kind("bad", 1, bad),
)


def dealt(seed: int, runs: int, mixture: tuple[Kind, ...] = MIXTURE) -> list[Kind]:
    """The kinds of `runs` sagas in a random order, shares kept as near as can be."""
    random = Random(f"mixture/{seed}")
    deck: list[Kind] = []
    while len(deck) < runs:
        whole = [kind for kind in mixture for _ in range(kind.share)]
        deck += random.sample(whole, len(whole))
    return deck[:runs]
