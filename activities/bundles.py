"""Making a version's bundle from what the artifact store has of it."""

import asyncio

from activities.store import load_files
from domain.artifacts import ArtifactRef
from domain.bundle import Bundle
from domain.errors import VerdictInvalid
from domain.ports import Artifacts
from domain.steps import PublishBundle


async def packed(artifacts: Artifacts, cmd: PublishBundle) -> bytes:
    """The bundle: the same bytes for the same parts. Raises VerdictInvalid if a part is missing."""

    async def part(ref: ArtifactRef | None, what: str) -> bytes:
        if ref is None:
            raise VerdictInvalid(f"This version has no {what}: it was not proven, and is not deployed.")
        return await artifacts.get(ref)

    files, verdict, checks, tests, sbom, lock = await asyncio.gather(
        load_files(artifacts, cmd.workspace),
        part(cmd.verdict, "signed verdict"),
        part(cmd.checks, "report of its checks"),
        part(cmd.tests, "report of its tests"),
        part(cmd.sbom, "SBOM"),
        part(cmd.lock, "lock of its dependencies"),
    )
    return Bundle(files=files, checks=checks, tests=tests, sbom=sbom, lock=lock, verdict=verdict).pack()
