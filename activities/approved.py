"""A version that was approved once, as the database and the artifact store have it."""

from temporalio import activity

from activities.store import load_files
from domain import manifest
from domain.compatibility import precedence
from domain.errors import Conflict, Corrupted, NotFound, VerdictInvalid
from domain.plan import Plan
from domain.ports import Artifacts, Integrations
from domain.steps import Loaded, LoadVersion


class ApprovedActivities:
    def __init__(self, integrations: Integrations, artifacts: Artifacts) -> None:
        self._integrations = integrations
        self._artifacts = artifacts

    @activity.defn(name="version.load")
    async def load(self, cmd: LoadVersion) -> Loaded:
        """The version, its plan, and its manifest as it is in its files.

        Raises:
            NotFound: there is no such version.
            VerdictInvalid: it was not proven.
            Conflict: it is not an earlier one than the one that serves, as it has to be.
        """
        recorded = await self._integrations.versions(cmd.integration_id)
        found = next((one for one in recorded if one.version == cmd.version), None)
        if found is None:
            known = ", ".join(one.version for one in recorded) or "none"
            raise NotFound(f"There is no version {cmd.version} of it; there is {known}.", version=cmd.version)
        if found.checks is None or found.verdict is None:
            raise VerdictInvalid(f"Version {cmd.version} was not proven, and is not deployed.", version=cmd.version)
        if cmd.earlier:
            await self._require_earlier(cmd)
        plan = Plan.model_validate_json(await self._artifacts.get(found.plan))
        files = await load_files(self._artifacts, found.files)
        said = manifest.parse(files[manifest.PATH])
        if said.version != found.version:
            raise Corrupted(f"The files of {said.name} {found.version} say that they are {said.version}.")
        return Loaded(version=found, plan=plan, manifest=said)

    async def _require_earlier(self, cmd: LoadVersion) -> None:
        entry = await self._integrations.entry(cmd.integration_id)
        if entry is not None and precedence(cmd.version) >= precedence(entry.version):
            raise Conflict(
                f"{entry.name} {entry.version} serves, and {cmd.version} is not an earlier version; deploy it instead.",
                serves=entry.version,
            )
