"""Versions: what proves each, its reports one by one and its bundle; what differs between two; notes about them."""

import asyncio
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from fastapi.responses import Response
from pydantic import Field, TypeAdapter

from api import downloads
from api.downloads import Download
from api.found import Found
from api.problems import documented
from api.security import Caller, WayIn, actor, needs
from api.services import Services, Wired
from domain import bundle, verdict
from domain.access import Permission
from domain.artifacts import ArtifactRef
from domain.base import Data
from domain.bundle import Bundle
from domain.comparison import VersionComparison, compare
from domain.errors import Corrupted, NotFound
from domain.registry import Annotation, Integration, Version

router = APIRouter(prefix="/api/v1/integrations", tags=["integrations"])

_LISTING = TypeAdapter(dict[str, ArtifactRef])
"""A workspace as it is stored: path → the file."""

VersionNumber = Annotated[str, Path(description="Which version.", max_length=50, examples=["1.0.0"])]


class Note(Data):
    """Words about a version."""

    text: str = Field(min_length=1, max_length=2000, examples=["The last one that works with the old API."])


class Report(StrEnum):
    """What was found of a version, each in its published form."""

    CHECKS = "checks"
    TESTS = "tests"
    SBOM = "sbom"
    LOCK = "lock"
    VERDICT = "verdict"
    MEASURED = "measured"


_MEDIA_TYPES = {
    Report.CHECKS: "application/sarif+json",
    Report.TESTS: "application/junit+xml",
    Report.SBOM: "application/vnd.cyclonedx+json",
    Report.LOCK: "application/toml",
    Report.VERDICT: verdict.MEDIA_TYPE,
    Report.MEASURED: "application/json",
}
_ENDINGS = {
    Report.CHECKS: "sarif",
    Report.TESTS: "junit.xml",
    Report.SBOM: "cdx.json",
    Report.LOCK: "pylock.toml",
    Report.VERDICT: "dsse.json",
    Report.MEASURED: "json",
}
Wanted = Annotated[Download, Depends()]


@router.get(
    "/{integration}/versions/{version}/reports/{report}",
    dependencies=[needs(Permission.VERSIONS_READ)],
    response_class=Response,
    responses={**documented(NotFound, Corrupted), **downloads.declared("The report.", *_MEDIA_TYPES.values())},
)
async def read_report(
    found: Found, version: VersionNumber, report: Report, services: Wired, download: Wanted
) -> Response:
    """One report of a version: SARIF 2.1.0, JUnit XML, CycloneDX, `pylock.toml`, the signed verdict, measurements."""
    ref: ArtifactRef | None = getattr(await _version(found, version, services), report)
    if ref is None:
        raise NotFound(f"There is no report {report} of {found.name or found.id} {version}.")
    name = f"{found.name or found.id}-{version}-{report}.{_ENDINGS[report]}"
    return download.of(await services.artifacts.get(ref), _MEDIA_TYPES[report], name=name)


@router.get(
    "/{integration}/versions/{version}/bundle",
    dependencies=[needs(Permission.VERSIONS_READ)],
    response_class=Response,
    responses={**documented(NotFound, Corrupted), **downloads.declared("The bundle, a tar.", bundle.MEDIA_TYPE)},
)
async def read_bundle(found: Found, version: VersionNumber, services: Wired, download: Wanted) -> Response:
    """A version's files with everything that proves them: the bytes that are, or would be, deployed."""
    wanted = await _version(found, version, services)
    parts = (wanted.checks, wanted.tests, wanted.sbom, wanted.lock, wanted.verdict)
    refs = [part for part in parts if part is not None]
    if len(refs) < len(parts):
        raise NotFound(f"{found.name or found.id} {version} has no bundle: there is no verdict over it.")
    files = await _files(wanted, services)
    packed = Bundle(files, *await asyncio.gather(*(services.artifacts.get(ref) for ref in refs))).pack()
    name = f"{found.name or found.id}-{version}.tar"
    return download.of(packed, bundle.MEDIA_TYPE, name=name)


@router.get(
    "/{integration}/versions/{version}/compare/{other}",
    dependencies=[needs(Permission.VERSIONS_READ)],
    responses=documented(NotFound, Corrupted),
)
async def compare_versions(
    found: Found,
    version: VersionNumber,
    other: Annotated[str, Path(description="With which version.", max_length=50, examples=["1.1.0"])],
    services: Wired,
) -> VersionComparison:
    """What differs from one version to another: in the interface, in words, and in each file, as a unified diff."""
    before, after = await _version(found, version, services), await _version(found, other, services)
    files = await _files(before, services), await _files(after, services)
    return await asyncio.to_thread(compare, *files, versions=(before.version, after.version))


@router.put(
    "/{integration}/versions/{version}/annotation",
    dependencies=[needs(Permission.VERSIONS_ANNOTATE)],
    responses=documented(NotFound),
)
async def annotate_version(
    body: Note, found: Found, version: VersionNumber, caller: Caller, channel: WayIn, services: Wired
) -> Version:
    """Note something about a version, for those who choose between versions. It takes the place of an earlier note."""
    annotation = Annotation(text=body.text, by=actor(caller, channel), at=datetime.now(UTC))
    return await services.integrations.annotate_version(found.id, version, annotation)


async def _files(version: Version, services: Services) -> dict[str, str]:
    listed = _LISTING.validate_json(await services.artifacts.get(version.files))
    contents = await asyncio.gather(*(services.artifacts.get(file) for file in listed.values()))
    return {path: data.decode() for path, data in zip(listed, contents, strict=True)}


async def _version(found: Integration, number: str, services: Services) -> Version:
    for version in await services.integrations.versions(found.id):
        if version.version == number:
            return version
    raise NotFound(f"There is no version {number} of {found.name or found.id}.")
