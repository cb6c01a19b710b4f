"""One document through the product, from the request until review is asked for, and what the books say of it."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Final, Self

from pydantic import SecretStr

from adapters.artifacts import ArtifactSettings, open_artifacts
from adapters.database import Database, DatabaseSettings, SqlBooks
from adapters.temporal import TemporalRuns, TemporalSettings, connect
from benchmarks.generation.asking import ask
from benchmarks.generation.choosing import Chosen
from cli.stack import Addresses
from domain import ids
from domain.conversation import Budget, Turn
from domain.errors import CcbError
from domain.lifecycle import Stage
from domain.people import Actor, Channel
from domain.runs import CreateIntegration, DocumentSource, IntegrationRequest, RunAccepted, RunStatus

_LONGEST: Final = 1800.0
_LOOK: Final = 0.5
_CHECKING: Final = frozenset({"run_checks", "run_tests", "finish"})
_WRITING: Final = frozenset({"write_file", "edit_file"})


@dataclass(frozen=True)
class Outcome:
    """What came of one document. `passed`: its version was proven and put to review; else `failure` says why not.

    `later_input_tokens` are those from the second turn of each conversation on, `cached_tokens` those of them that were
    read from the cache; `found` is how many of the operations that the request means the plan has.
    """

    name: str
    version: str
    bytes: int
    passed: bool
    failure: str = ""
    asked: int = 0
    found: int = 0
    turns: int = 0
    input_tokens: int = 0
    later_input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal = field(default=Decimal(0))
    repairs: int = 0
    seconds: float = 0.0

    def as_json(self) -> dict[str, object]:
        return asdict(self) | {"cost_usd": float(self.cost_usd), "seconds": round(self.seconds, 1)}


class Runs:
    """Runs against one stack."""

    def __init__(self, addresses: Addresses, runs: TemporalRuns, database: Database) -> None:
        self._addresses = addresses
        self._runs = runs
        self._books = SqlBooks(database)
        self._artifacts = open_artifacts(ArtifactSettings(url=(addresses.data_dir / "artifacts").as_uri()))

    @classmethod
    @asynccontextmanager
    async def at(cls, addresses: Addresses) -> AsyncIterator[Self]:
        settings = TemporalSettings(address=addresses.temporal_address, namespace=addresses.temporal_namespace)
        url = f"sqlite+aiosqlite:///{addresses.data_dir / 'ccb.db'}"
        database = await Database.open(DatabaseSettings(url=SecretStr(url)))
        try:
            yield cls(addresses, TemporalRuns(await connect(settings)), database)
        finally:
            await database.close()

    async def run(self, document: Chosen, seed: int, budget: Budget) -> Outcome:
        asked = ask(document, seed)
        cmd = CreateIntegration(
            integration_id=ids.new("int"),
            organization_id=ids.DEFAULT_ORGANIZATION,
            request=IntegrationRequest(
                title=asked.title,
                description=asked.description,
                document=DocumentSource(artifact=await self._artifacts.put(document.data, "application/json")),
                base_url=document.base_url,
            ),
            requester=Actor(channel=Channel.GITHUB, name="ada"),
            repository=f"{self._addresses.repository}",
            budget=budget,
        )
        began = time.perf_counter()
        try:
            accepted = await self._runs.start_create(cmd)
        except CcbError as refused:
            return Outcome(document.name, document.version, len(document.data), passed=False, failure=refused.message)
        status = await self._settled(cmd.integration_id)
        took = time.perf_counter() - began
        planned = {(use.method, use.path) for use in status.plan.operations} if status.plan else set()
        return _outcome(
            document,
            status,
            await self._turns(accepted),
            asked=len(asked.operations),
            found=len(planned & set(asked.operations)),
            seconds=took,
        )

    async def _settled(self, integration_id: str) -> RunStatus:
        """The status once people are waited for, at review or at a limit, or the run has ended."""
        async with asyncio.timeout(_LONGEST):
            while True:
                status = await self._runs.status(integration_id)
                if status.waiting is not None or status.stage.terminal:
                    return status
                await asyncio.sleep(_LOOK)

    async def _turns(self, accepted: RunAccepted) -> list[Turn]:
        """What was bought, as the books have it."""
        run = f"{accepted.workflow_id}/{accepted.run_id}"
        found: list[Turn] = []
        while (turn := await self._books.find(run, len(found) + 1)) is not None:
            found.append(turn)
        return found


def _outcome(
    document: Chosen, status: RunStatus, turns: Sequence[Turn], *, asked: int, found: int, seconds: float
) -> Outcome:
    passed = status.stage is Stage.REVIEWING and status.content_hash is not None
    failure = status.failure.error.message if status.failure else status.waiting.what if status.waiting else ""
    later = [turn for before, turn in itertools.pairwise(turns) if not _ends(before)]
    return Outcome(
        name=document.name,
        version=document.version,
        bytes=len(document.data),
        passed=passed,
        failure="" if passed else failure or f"It ended {status.stage}.",
        asked=asked,
        found=found,
        turns=len(turns),
        input_tokens=sum(map(_input, turns)),
        later_input_tokens=sum(map(_input, later)),
        cached_tokens=sum(turn.usage.cache_read_input_tokens for turn in later),
        output_tokens=sum(turn.usage.output_tokens for turn in turns),
        cost_usd=sum((turn.usd for turn in turns), Decimal(0)),
        repairs=repairs([turn.tool_names for turn in turns]),
        seconds=seconds,
    )


def _input(turn: Turn) -> int:
    usage = turn.usage
    return usage.input_tokens + usage.cache_creation_input_tokens + usage.cache_read_input_tokens


def _ends(turn: Turn) -> bool:
    """Whether a conversation ended with this turn, so that the next one is another's first."""
    return bool({"submit_plan", "refuse"} & set(turn.tool_names))


def repairs(turns: Sequence[Sequence[str]]) -> int:
    """How often work went on after something was checked, by the names of the tools of each turn.

    That is when files are written again, or anything at all is done after `finish`.
    """
    count, checked, finished = 0, False, False
    for names in turns:
        if finished or (checked and _WRITING & set(names)):
            count, checked = count + 1, False
        checked = checked or bool(_CHECKING & set(names))
        finished = "finish" in names
    return count
