"""Steps in the database: each one transaction, with its event and its audit entry."""

from temporalio import activity

from domain.compatibility import precedence
from domain.errors import Corrupted
from domain.plan import host_of
from domain.ports import Integrations
from domain.registry import Integration
from domain.steps import (
    Accept,
    BeginRun,
    ClaimName,
    EnterStage,
    RecordReview,
    RecordVersion,
    Register,
    Standing,
    VersionOf,
)


class IntegrationActivities:
    """The integration's row, versions, reviews and registry entry."""

    def __init__(self, integrations: Integrations) -> None:
        self._integrations = integrations

    @activity.defn(name="integration.accept")
    async def accept(self, cmd: Accept) -> None:
        host = None if cmd.base_url is None else host_of(cmd.base_url)[:300]
        await self._integrations.accept(cmd.create, workflow_id=cmd.workflow_id, run_id=cmd.run_id, api_host=host)

    @activity.defn(name="integration.begin")
    async def begin(self, cmd: BeginRun) -> Standing:
        begun = await self._integrations.begin(cmd)
        entry = await self._integrations.entry(begun.id)
        versions = await self._integrations.versions(begun.id)
        serves = entry.version if entry else begun.version
        version = next((one for one in versions if one.version == serves), None)
        newest = max((one.version for one in versions), key=precedence, default=None)
        return Standing(integration=begun, version=version, entry=entry, newest=newest)

    @activity.defn(name="integration.claim_name")
    async def claim_name(self, cmd: ClaimName) -> str:
        return await self._integrations.claim_name(cmd.integration_id, cmd.name)

    @activity.defn(name="integration.enter")
    async def enter(self, cmd: EnterStage) -> None:
        entered: Integration = await self._integrations.enter(
            cmd.integration_id,
            cmd.stage,
            key=cmd.key,
            actor=cmd.actor,
            detail=cmd.detail,
            version=cmd.version,
            url=cmd.url,
            returning=cmd.returning,
            elsewhere=cmd.elsewhere,
        )
        activity.logger.info("entered stage", extra={"integration_id": entered.id, "stage": entered.stage})

    @activity.defn(name="integration.record_version")
    async def record_version(self, cmd: RecordVersion) -> None:
        await self._integrations.record_version(cmd.version, key=cmd.key)

    @activity.defn(name="integration.discard_version")
    async def discard_version(self, cmd: VersionOf) -> None:
        await self._integrations.discard_version(cmd.integration_id, cmd.version)

    @activity.defn(name="integration.record_review")
    async def record_review(self, cmd: RecordReview) -> None:
        await self._integrations.record_review(cmd.integration_id, cmd.version, cmd.review)

    @activity.defn(name="integration.register")
    async def register(self, cmd: Register) -> None:
        """Register, and read the entry back."""
        await self._integrations.register(cmd.entry, forced=cmd.forced)
        found = await self._integrations.entry(cmd.entry.integration_id)
        if found is None or found.content_hash != cmd.entry.content_hash:
            raise Corrupted(f"The registry does not hold {cmd.entry.name} {cmd.entry.version} after it was written.")

    @activity.defn(name="integration.deregister")
    async def deregister(self, cmd: VersionOf) -> None:
        await self._integrations.deregister(cmd.integration_id, cmd.version)
