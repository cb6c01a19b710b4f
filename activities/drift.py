"""Watching outside APIs: their documents fetched, compared with those that versions were built for, updates opened."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from temporalio import activity

from domain.artifacts import content_hash
from domain.conversation import Budget
from domain.drift import (
    CheckDrift,
    Difference,
    Drift,
    DriftChecked,
    DriftFound,
    DriftNotice,
    DriftOf,
    DriftPolicy,
    DriftWatched,
    Opened,
    evidence,
)
from domain.errors import Conflict, InvalidInput, NotFound
from domain.operations import UpdateIntegration, UpdateReason
from domain.people import Actor, Channel
from domain.plan import Plan
from domain.ports import ApiDocuments, Artifacts, Comparing, DriftBook, Integrations, Runs
from domain.registry import Version
from domain.review import ReviewPolicy
from domain.vendors import ChatMessage

AT_ONCE = 4
"""Documents that are fetched and compared at the same time: each may be of 20 MB."""

MOST_WORDS = 20_000
BOT = Actor(channel=Channel.API, name="ccb", bot=True)


class DriftActivities:
    def __init__(
        self,
        book: DriftBook,
        integrations: Integrations,
        documents: ApiDocuments,
        comparing: Comparing,
        artifacts: Artifacts,
        runs: Runs,
        *,
        policy: DriftPolicy,
        review: ReviewPolicy,
        budget: Budget,
    ) -> None:
        self._book = book
        self._integrations = integrations
        self._documents = documents
        self._comparing = comparing
        self._artifacts = artifacts
        self._runs = runs
        self._policy = policy
        self._review = review
        self._budget = budget

    @activity.defn(name="drift.check_batch")
    async def check_batch(self, cmd: CheckDrift) -> DriftChecked:
        """Look at the documents of one page of integrations."""
        if cmd.cursor is None:
            await self._book.prune(datetime.now(UTC) - self._policy.kept)
        page = await self._book.page(cursor=cmd.cursor, limit=cmd.batch)
        places = asyncio.Semaphore(AT_ONCE)

        async def look(watched: DriftWatched) -> Drift:
            async with places:
                return await self._book.record(await self._found(watched))

        looked = await asyncio.gather(*map(look, page.items))
        return DriftChecked(
            checked=len(looked),
            unreachable=sum(one.unreachable_since is not None for one in looked),
            breaking=[one.integration_id for one in looked if one.to_act_on],
            tell=[one.integration_id for one in looked if one.to_be_told(self._policy)],
            next_cursor=page.next_cursor,
        )

    async def _found(self, watched: DriftWatched) -> DriftFound:
        found = DriftFound(integration_id=watched.integration_id, version=watched.version, at=datetime.now(UTC))
        try:
            data = await self._documents.fetch(watched.url)
            document = await asyncio.to_thread(self._documents.normalise, data)
        except InvalidInput as error:  # unreachable, too large, or no OpenAPI document any more
            return found.model_copy(update={"error": error.message[:1000]})
        differences: list[Difference] = []
        if content_hash(document) != watched.document.hash:
            before = await self._artifacts.get(watched.document)
            plan = Plan.model_validate_json(await self._artifacts.get(watched.plan))
            used = list(dict.fromkeys((one.method, one.path) for one in plan.operations))
            differences = await asyncio.to_thread(self._comparing.compare, before, document, used)
        return found.model_copy(update={"document_hash": content_hash(document), "differences": differences})

    @activity.defn(name="drift.open_update")
    async def open_update(self, cmd: DriftOf) -> Opened:
        """Open an update with the differences as evidence, once for each new document."""
        drift = await self._drift(cmd)
        if not drift.to_act_on or drift.document_hash is None:
            return Opened(run_id=drift.update_run)
        integration = await self._integrations.get(cmd.integration_id)
        version = await self._version(cmd.integration_id, drift.version)
        name = integration.name or integration.title
        words = evidence(name, drift.version, _address(version), drift.differences)
        breaking = [one for one in drift.differences if one.breaking]
        update = UpdateIntegration(
            integration_id=integration.id,
            organization_id=integration.organization_id,
            requester=BOT,
            repository=integration.repository,
            policy=self._review,
            budget=self._budget,
            request_key=f"drift/{drift.document_hash}",
            reason=UpdateReason(
                kind="drift",
                title=f"The API of {name} changed: {_summary(breaking)}"[:300],
                words=words[:MOST_WORDS],
                evidence=await self._artifacts.put(words.encode(), "text/markdown"),
            ),
        )
        try:
            run_id = (await self._runs.start(update)).run_id
        except Conflict as error:
            before = error.details.get("run_id")  # the run that this look opened before it was cut off
            if not isinstance(before, str):
                return Opened(later=True)
            run_id = before
        await self._book.acted(integration.id, drift.document_hash, run_id)
        return Opened(run_id=run_id)

    @activity.defn(name="drift.notice")
    async def notice(self, cmd: DriftOf) -> DriftNotice:
        drift = await self._drift(cmd)
        integration = await self._integrations.get(cmd.integration_id)
        version = await self._version(cmd.integration_id, drift.version)
        since = drift.unreachable_since or drift.checked_at
        name = integration.name or integration.title
        return DriftNotice(
            key=f"drift/{integration.id}/{since.isoformat()}",
            message=ChatMessage(
                title=f"The API document of {name} cannot be read any more",
                text=f"Since {since:%Y-%m-%d %H:%M} UTC nobody knows whether {_address(version)} has changed. "
                f"{drift.error}\n{name} serves on. If the document moved, ask for an update that names the new one.",
            ),
        )

    @activity.defn(name="drift.told")
    async def told(self, cmd: DriftOf) -> None:
        await self._book.told(cmd.integration_id)

    async def _drift(self, cmd: DriftOf) -> Drift:
        drift = await self._book.read(cmd.integration_id)
        if drift is None:
            raise NotFound(f"Nobody has looked at the API document of {cmd.integration_id} yet.")
        return drift

    async def _version(self, integration_id: str, number: str) -> Version:
        for version in await self._integrations.versions(integration_id):
            if version.version == number:
                return version
        raise NotFound(f"There is no version {number} of {integration_id}.")


def _address(version: Version) -> str:
    return version.source.url if version.source is not None and version.source.url is not None else "its document"


def _summary(breaking: Sequence[Difference]) -> str:
    first = f"{breaking[0].where} {breaking[0].what}".strip()
    return first if len(breaking) == 1 else f"{first}, and {len(breaking) - 1} more"
