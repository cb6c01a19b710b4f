"""Work on a workspace's files that needs nothing but the artifact store, and the key that verdicts are signed with."""

import asyncio

from temporalio import activity

from activities.store import load_files
from domain import evidence, verdict
from domain.artifacts import ArtifactRef, content_hash, files_hash
from domain.bundle import Bundle, digests
from domain.errors import NotProven
from domain.ports import Artifacts, Signer
from domain.proving import ProvingPolicy
from domain.steps import Sealed, SealVersion


class WorkspaceActivities:
    """`policy` is the one that the verdict names: what the validators' findings were judged by."""

    def __init__(self, artifacts: Artifacts, signer: Signer, policy: ProvingPolicy) -> None:
        self._artifacts = artifacts
        self._signer = signer
        self._policy = policy

    @activity.defn(name="workspace.seal")
    async def seal(self, cmd: SealVersion) -> Sealed:
        """The content hash that approvals bind to, and the signed verdict over it and over what proves it.

        Raises:
            NotProven: the reports do not say what the caller believes. It is they that count: those who make them are
                no more trusted than the code they look at, and hold no key.
        """
        files, checks, tests, sbom, lock = await asyncio.gather(
            load_files(self._artifacts, cmd.workspace),
            self._read(cmd.checks, "report of the checks"),
            self._read(cmd.tests, "report of the tests"),
            self._read(cmd.sbom, "SBOM"),
            self._read(cmd.lock, "lock of its dependencies"),
        )
        bundle = Bundle(files=files, checks=checks, tests=tests, sbom=sbom, lock=lock, verdict=b"")
        hashed = files_hash(files)
        evidence.require(sarif=checks, junit=tests, policy=self._policy)
        evidence.packages(sbom, content_hash=hashed)
        statement = verdict.passed(
            name=cmd.name,
            version=cmd.version,
            content_hash=hashed,
            policy=content_hash(self._policy.model_dump_json().encode()).removeprefix("sha256:"),
            inputs=digests(bundle),
            # The same for each try, so that a repeated one signs the same bytes.
            at=activity.info().scheduled_time,
        )
        signed = await self._artifacts.put(self._signer.sign(statement), verdict.MEDIA_TYPE)
        size = sum(len(text.encode()) for text in files.values())
        return Sealed(content_hash=hashed, files=len(files), bytes=size, verdict=signed)

    async def _read(self, ref: ArtifactRef | None, what: str) -> bytes:
        if ref is None:
            raise NotProven(f"There is no {what}, so nothing proves this version.")
        if ref.size > evidence.MAX_BYTES:
            raise NotProven(f"The {what} is larger than {evidence.MAX_BYTES // 1_000_000} MB.")
        return await self._artifacts.get(ref)
