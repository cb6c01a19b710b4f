"""The verdict: what was proven of a version, as an in-toto Statement with SLSA's Verification Summary as its predicate.

Field names and rules are those of in-toto.io/Statement/v1 and slsa.dev/verification_summary/v1. Fields that this build
does not know are ignored, as both ask for.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Literal

from pydantic import AwareDatetime, ConfigDict, Field
from pydantic.alias_generators import to_camel

from domain.base import Data
from domain.ids import ContentHash
from domain.packages import Sha256

STATEMENT: Final = "https://in-toto.io/Statement/v1"
PREDICATE: Final = "https://slsa.dev/verification_summary/v1"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
MEDIA_TYPE = "application/vnd.in-toto.vsa+dsse"
"""Of a signed verdict (in-toto/attestation, spec/v1/envelope.md)."""

VERIFIER = "urn:ccb:proving"
POLICY = "urn:ccb:policy:proving"
LEVELS = ("CCB_CHECKS_PASSED", "CCB_DEPENDENCIES_LOCKED", "CCB_TESTS_PASSED")
"""What PASSED means: no finding blocks, each package is locked by hash, all tests pass. No SLSA level is meant."""


class _Specified(Data):
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class Digests(_Specified):
    """A DigestSet. SHA-256 is the only one here."""

    sha256: Sha256


class Resource(_Specified):
    """A ResourceDescriptor."""

    name: str | None = None
    uri: str | None = None
    digest: Digests


class Verifier(_Specified):
    id: str


class Summary(_Specified):
    """The predicate. `dependency_levels` and `slsa_version` are absent: nothing is said of either."""

    verifier: Verifier
    time_verified: AwareDatetime
    resource_uri: str
    policy: Resource
    input_attestations: list[Resource]
    verification_result: Literal["PASSED", "FAILED"]
    verified_levels: list[str]


class Statement(_Specified):
    """A verdict over one version. The subject's digest is the version's content hash, which approvals bind to."""

    type_: Literal["https://in-toto.io/Statement/v1"] = Field(default=STATEMENT, alias="_type")
    subject: list[Resource] = Field(min_length=1, max_length=1)
    predicate_type: Literal["https://slsa.dev/verification_summary/v1"] = PREDICATE
    predicate: Summary

    @property
    def name(self) -> str:
        """The version's, `NAME@VERSION`."""
        return self.subject[0].name or ""

    @property
    def content_hash(self) -> ContentHash:
        return f"sha256:{self.subject[0].digest.sha256}"

    @property
    def passed(self) -> bool:
        return self.predicate.verification_result == "PASSED"

    @property
    def inputs(self) -> dict[str, str]:
        """What it was reached from: URI → SHA-256 in hex."""
        return {one.uri or "": one.digest.sha256 for one in self.predicate.input_attestations}

    def encoded(self) -> bytes:
        """The bytes that are signed."""
        return self.model_dump_json(by_alias=True, exclude_none=True).encode()


def purl(name: str, version: str, subpath: str = "") -> str:
    """The package URL (purl-spec) of a version, or of one member of its bundle."""
    return f"pkg:generic/{name}@{version}" + (f"#{subpath}" if subpath else "")


def passed(
    *, name: str, version: str, content_hash: ContentHash, policy: str, inputs: Mapping[str, str], at: datetime
) -> Statement:
    """The verdict that a version passed. `policy` and `inputs` (bundle path →) are SHA-256 digests in hex."""
    return Statement(
        subject=[Resource(name=f"{name}@{version}", digest=Digests(sha256=content_hash.removeprefix("sha256:")))],
        predicate=Summary(
            verifier=Verifier(id=VERIFIER),
            time_verified=at.astimezone(UTC),
            resource_uri=purl(name, version),
            policy=Resource(uri=POLICY, digest=Digests(sha256=policy)),
            input_attestations=[
                Resource(uri=purl(name, version, path), digest=Digests(sha256=digest))
                for path, digest in sorted(inputs.items())
            ],
            verification_result="PASSED",
            verified_levels=list(LEVELS),
        ),
    )
