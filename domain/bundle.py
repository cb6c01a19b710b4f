"""A bundle: a version's files and what proves them, as one uncompressed tar with one way to write it.

    files/…               the version's files, whose content hash approvals bind to
    pylock.toml           what is installed, by hash (PEP 751)
    reports/checks.sarif  what the validators found (SARIF 2.1.0)
    reports/tests.xml     what the tests did (JUnit XML)
    sbom.cdx.json         what it is made of (CycloneDX)
    verdict.dsse.json     the signed statement over all of the above (in-toto, DSSE)

The same content is the same bytes, so a reader writes what it read anew and compares: a changed byte is found wherever
it is, in headers and padding too.
"""

import hashlib
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from pydantic import AwareDatetime

from domain import evidence
from domain.artifacts import files_hash
from domain.base import Data
from domain.errors import InvalidInput, NotProven, VerdictInvalid
from domain.ids import ContentHash
from domain.ports.proof import Verifier
from domain.reports import Effect, TestCounts
from domain.vendors import DeploymentSpec
from domain.verdict import Statement, purl

MEDIA_TYPE = "application/x-tar"
MAX_BYTES = 64_000_000
MAX_FILES = 1_000
MAX_MEMBERS = MAX_FILES + 5

FILES = "files/"
CHECKS = "reports/checks.sarif"
TESTS = "reports/tests.xml"
SBOM = "sbom.cdx.json"
LOCK = "pylock.toml"
VERDICT = "verdict.dsse.json"

_BLOCK = tarfile.BLOCKSIZE
_END = bytes(2 * _BLOCK)


@dataclass(frozen=True)
class Bundle:
    """What is in a bundle; `pack` makes the bytes."""

    files: Mapping[str, str]
    checks: bytes
    tests: bytes
    sbom: bytes
    lock: bytes
    verdict: bytes

    @property
    def proof(self) -> dict[str, bytes]:
        """What the verdict was reached from, by its path in the bundle."""
        return {CHECKS: self.checks, LOCK: self.lock, SBOM: self.sbom, TESTS: self.tests}

    def pack(self) -> bytes:
        """The bytes of the bundle. Raises InvalidInput for a path that a tar's plain header cannot hold."""
        members = {**{FILES + path: text.encode() for path, text in self.files.items()}, **self.proof}
        members[VERDICT] = self.verdict
        return b"".join(_member(path, members[path]) for path in sorted(members)) + _END


class Verified(Data):
    """A bundle that was verified, and what it proves."""

    name: str
    version: str
    content_hash: ContentHash
    verified_at: AwareDatetime
    key_id: str
    policy: str
    levels: list[str]
    tests: TestCounts
    packages: int
    findings: dict[Effect, int]

    def require(self, spec: DeploymentSpec) -> None:
        """Raises VerdictInvalid unless it is the version that `spec` names."""
        proven = (self.name, self.version, self.content_hash)
        if proven != (spec.name, spec.version, spec.content_hash):
            raise VerdictInvalid(
                f"The verdict is of {self.name} {self.version} with {self.content_hash}, and what is to be started is "
                f"{spec.name} {spec.version} with {spec.content_hash}.",
                expected=spec.content_hash,
                found=self.content_hash,
            )


def fits(path: str) -> bool:
    """Whether a bundle can hold a file of this path."""
    try:
        _header(FILES + path, 0)
    except InvalidInput:
        return False
    return True


def read(data: bytes) -> Bundle:
    """What is in a bundle. Raises InvalidInput unless it is one, written in the one way, within bounds."""
    members = dict(_members(data))
    files: dict[str, str] = {}
    for path in [path for path in members if path.startswith(FILES)]:
        try:
            files[path.removeprefix(FILES)] = members.pop(path).decode()
        except UnicodeDecodeError as error:
            raise InvalidInput(f"The bundle's file {path!r} is not UTF-8 text.", field="bundle") from error
    missing = sorted({CHECKS, TESTS, SBOM, LOCK, VERDICT} - members.keys())
    if missing:
        raise InvalidInput(f"The bundle has no {', '.join(missing)}, so nothing proves it.", field="bundle")
    if not files or len(files) > MAX_FILES:
        raise InvalidInput(f"The bundle holds {len(files)} files; it may hold 1 to {MAX_FILES}.", field="bundle")
    found = Bundle(
        files=files,
        checks=members.pop(CHECKS),
        tests=members.pop(TESTS),
        sbom=members.pop(SBOM),
        lock=members.pop(LOCK),
        verdict=members.pop(VERDICT),
    )
    if members:
        raise InvalidInput(f"The bundle holds {min(members)!r}, which does not belong there.", field="bundle")
    if found.pack() != data:
        raise InvalidInput("The bundle is not written as bundles are: it was changed.", field="bundle")
    return found


def verify(data: bytes, verifier: Verifier) -> tuple[Bundle, Verified]:
    """The bundle, if everything in it is what the verdict was given for.

    Raises:
        InvalidInput: it is no bundle, or not written in the one way.
        VerdictInvalid: the verdict is not signed by a known key, says FAILED, or is of something else.
    """
    bundle = read(data)
    signed = verifier.verify(bundle.verdict)
    statement = signed.statement
    name, _, version = statement.name.partition("@")
    _same_subject(bundle, statement, name, version)
    if not statement.passed:
        raise VerdictInvalid("The verdict is FAILED: this version did not pass, and is not to be deployed.")
    try:
        evidence.require(sarif=bundle.checks, junit=bundle.tests)
        packages = evidence.packages(bundle.sbom, content_hash=statement.content_hash)
    except NotProven as error:
        raise VerdictInvalid(f"The verdict is PASSED, but its reports say otherwise: {error.message}") from error
    predicate = statement.predicate
    return bundle, Verified(
        name=name,
        version=version,
        content_hash=statement.content_hash,
        verified_at=predicate.time_verified,
        key_id=signed.key_id,
        policy=f"sha256:{predicate.policy.digest.sha256}",
        levels=predicate.verified_levels,
        tests=evidence.tests(bundle.tests),
        packages=packages,
        findings=dict(sorted(evidence.findings(bundle.checks).items())),
    )


def digests(bundle: Bundle) -> dict[str, str]:
    """SHA-256 in hex of what the verdict is reached from, by path."""
    return {path: hashlib.sha256(data).hexdigest() for path, data in bundle.proof.items()}


def _same_subject(bundle: Bundle, statement: Statement, name: str, version: str) -> None:
    found = files_hash(bundle.files)
    if found != statement.content_hash:
        raise VerdictInvalid(
            f"The verdict is of other files: it names {statement.content_hash}, and these are {found}.",
            expected=statement.content_hash,
            found=found,
        )
    if not name or not version or statement.predicate.resource_uri != purl(name, version):
        raise VerdictInvalid("The verdict does not say which version it is of.")
    inputs = statement.inputs
    for path, digest in digests(bundle).items():
        if inputs.pop(purl(name, version, path), None) != digest:
            raise VerdictInvalid(f"The bundle's {path} is not the one that the verdict was given for.", path=path)
    if inputs:
        raise VerdictInvalid(f"The verdict was also reached from {min(inputs)}, which the bundle does not hold.")


def _member(path: str, data: bytes) -> bytes:
    return _header(path, len(data)) + data + bytes(-len(data) % _BLOCK)


def _header(path: str, size: int) -> bytes:
    """A header of POSIX's ustar: of nobody, of no time, the same on every machine."""
    member = tarfile.TarInfo(path)
    member.size, member.mode = size, 0o644
    try:
        return member.tobuf(tarfile.USTAR_FORMAT, "utf-8", "strict")
    except (ValueError, UnicodeEncodeError) as error:
        raise InvalidInput(f"A bundle cannot hold {path[:300]!r}: {error}.", field="bundle") from error


def _members(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Path and content of each member. Only what a header of ours says is read: `read` compares all the rest."""
    if len(data) > MAX_BYTES:
        raise InvalidInput(f"The bundle is larger than {MAX_BYTES} bytes.", field="bundle")
    if len(data) < len(_END) + _BLOCK or data[257:262] != b"ustar":
        raise InvalidInput("This is not a bundle: it does not begin as a tar does.", field="bundle")
    at, seen, last = 0, 0, ""
    while data[at : at + _BLOCK].strip(b"\0"):
        path, size = _named(data[at : at + _BLOCK])
        at += _BLOCK
        if at + size > len(data):
            raise InvalidInput(f"The bundle ends within {path!r}: it was cut off.", field="bundle")
        seen += 1
        if path <= last or seen > MAX_MEMBERS:
            raise InvalidInput(f"The bundle holds {path!r} twice, out of order, or as one too many.", field="bundle")
        yield path, data[at : at + size]
        at, last = at + size + -size % _BLOCK, path
    if data[at:] != _END:
        raise InvalidInput(
            "The bundle does not end as bundles do: it was cut off, or something follows.", field="bundle"
        )


def _named(header: bytes) -> tuple[str, int]:
    """Path and size, as a header says. Raises InvalidInput for a path that leads elsewhere."""
    try:
        name, prefix = (part.partition(b"\0")[0].decode() for part in (header[:100], header[345:500]))
        size = int(header[124:136].rstrip(b"\0 "), 8)
    except ValueError as error:
        raise InvalidInput("The bundle holds a header that cannot be read.", field="bundle") from error
    text = f"{prefix}/{name}" if prefix else name
    path = PurePosixPath(text)
    if size < 0 or path.is_absolute() or ".." in path.parts or str(path) != text or text in {"", "."}:
        raise InvalidInput(f"The bundle holds {text[:200]!r}, which is not a plain file below it.", field="bundle")
    return text, size
