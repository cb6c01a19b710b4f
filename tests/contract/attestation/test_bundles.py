"""A bundle is one sequence of bytes, and nothing of it can be changed without being found."""

import base64
import hashlib
import io
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.attestation.envelopes import DsseVerifier
from domain import bundle
from domain.errors import CcbError, InvalidInput, VerdictInvalid
from domain.reports import Effect
from tests import proofs

GOOD = proofs.proven()
VERIFIER = DsseVerifier(proofs.public())


def refused(data: bytes) -> CcbError:
    with pytest.raises((InvalidInput, VerdictInvalid)) as error:
        bundle.verify(data, VERIFIER)
    return error.value


def members(data: bytes = GOOD) -> list[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return [(one.name, tar.extractfile(one).read()) for one in tar.getmembers()]  # type: ignore[union-attr]


def tar_of(parts: list[tuple[str, bytes]]) -> bytes:
    """A tar as bundles are written, of any members in any order."""
    blocks = []
    for path, data in parts:
        member = tarfile.TarInfo(path)
        member.size, member.mode = len(data), 0o644
        blocks += [member.tobuf(tarfile.USTAR_FORMAT, "utf-8", "strict"), data, bytes(-len(data) % 512)]
    return b"".join(blocks) + bytes(1024)


def test_a_good_one_says_what_it_proves() -> None:
    found, proven = bundle.verify(GOOD, VERIFIER)
    assert found.files == proofs.FILES
    assert (proven.name, proven.version, proven.verified_at) == ("cities", "1.0.0", proofs.AT)
    assert (proven.tests.passed, proven.tests.failed, proven.packages, proven.findings) == (2, 0, 1, {})
    assert proven.policy == f"sha256:{proofs.POLICY}"
    assert proven.key_id == hashlib.sha256(base64.b64decode(proofs.public())).hexdigest()


def test_the_same_parts_are_the_same_bytes_on_every_machine_and_python() -> None:
    assert proofs.proven(dict(reversed(proofs.FILES.items()))) == GOOD
    layout = [name for name, _ in members()]
    assert layout == sorted(layout)
    assert layout == [
        *(f"files/{path}" for path in sorted(proofs.FILES)),
        "pylock.toml",
        "reports/checks.sarif",
        "reports/tests.xml",
        "sbom.cdx.json",
        "verdict.dsse.json",
    ]
    # Of the header of `files/README.md`: were tarfile ever to write it otherwise, old bundles would not verify.
    assert hashlib.sha256(GOOD[:512]).hexdigest() == "224db445cda68f6a3a4af31cc8453a88386d6bd3f96a993221f36f7b3b7048eb"


def test_any_tar_reads_it(tmp_path: Path) -> None:
    (tmp_path / "bundle.tar").write_bytes(GOOD)
    done = subprocess.run(
        ["tar", "-tvf", "bundle.tar", "--full-time", "--utc"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert done.stdout.count("1970-01-01 00:00:00") == len(members())


@settings(max_examples=500, deadline=None)
@given(at=st.integers(0, len(GOOD) - 1), flip=st.integers(1, 255))
def test_a_changed_byte_is_found_wherever_it_is(at: int, flip: int) -> None:
    refused(GOOD[:at] + bytes([GOOD[at] ^ flip]) + GOOD[at + 1 :])


def classes() -> dict[str, int]:
    """One position in each kind of place that a bundle has."""
    found = {"first byte": 0, "last byte": len(GOOD) - 1, "end marker": len(GOOD) - 1024}
    at = 0
    for name, data in members():
        body = at + 512
        found |= {
            f"{name}: name": at,
            f"{name}: mode": at + 103,
            f"{name}: owner": at + 110,
            f"{name}: time": at + 140,
            f"{name}: checksum": at + 150,
            f"{name}: type": at + 156,
            f"{name}: link": at + 200,
            f"{name}: version": at + 263,
            f"{name}: user": at + 270,
            f"{name}: header padding": at + 505,
        }
        if data:
            found |= {f"{name}: begins": body, f"{name}: middle": body + len(data) // 2}
            found |= {f"{name}: ends": body + len(data) - 1}
        if len(data) % 512:
            found[f"{name}: padding"] = body + len(data)
        at = body + len(data) + -len(data) % 512
    return found


@pytest.mark.parametrize(("place", "at"), classes().items(), ids=classes())
def test_each_kind_of_place(place: str, at: int) -> None:
    for flip in (1, 0x20, 0x80, 0xFF):
        assert refused(GOOD[:at] + bytes([GOOD[at] ^ flip]) + GOOD[at + 1 :]), place


@given(cut=st.integers(0, len(GOOD) - 1))
@settings(max_examples=100, deadline=None)
def test_what_was_cut_off(cut: int) -> None:
    refused(GOOD[:cut])


def replaced(path: str, data: bytes) -> bytes:
    return tar_of([(name, data if name == path else was) for name, was in members()])


@pytest.mark.parametrize(
    ("data", "kind", "says"),
    [
        (b"", InvalidInput, "not a bundle"),
        (b"x" * 5000, InvalidInput, "not a bundle"),
        (bytes(10_240), InvalidInput, "not a bundle"),
        (GOOD + b"\0", InvalidInput, "does not end as bundles do"),
        (GOOD + bytes(512), InvalidInput, "does not end as bundles do"),
        (GOOD + GOOD, InvalidInput, "does not end as bundles do"),
        (GOOD + b"garbage", InvalidInput, "does not end as bundles do"),
        (bytes(bundle.MAX_BYTES + 1), InvalidInput, "larger than"),
        (tar_of(members()[::-1]), InvalidInput, "out of order"),
        (tar_of([*members(), members()[-1]]), InvalidInput, "twice"),
        (tar_of(members()[1:]), VerdictInvalid, "of other files"),
        (tar_of(members()[:-1]), InvalidInput, r"no verdict\.dsse\.json"),
        (tar_of([one for one in members() if one[0] != bundle.SBOM]), InvalidInput, r"no sbom\.cdx\.json"),
        (tar_of(sorted([*members(), ("files/more.py", b"")])), VerdictInvalid, "of other files"),
        (tar_of([*members(), ("zzz.txt", b"")]), InvalidInput, "does not belong"),
        (tar_of(sorted([*members(), ("reports/other.xml", b"")])), InvalidInput, "does not belong"),
        (tar_of([("../evil.py", b""), *members()]), InvalidInput, "not a plain file"),
        (tar_of([("/etc/evil", b""), *members()]), InvalidInput, "not a plain file"),
        (tar_of(sorted([("files/a/../../evil.py", b""), *members()])), InvalidInput, "not a plain file"),
        (replaced("files/README.md", b"# towns\n"), VerdictInvalid, "of other files"),
        (replaced("files/README.md", b"\xff\xfe"), InvalidInput, "not UTF-8"),
        (replaced(bundle.CHECKS, proofs.NOTED_SARIF), VerdictInvalid, "not the one that the verdict was given for"),
        (replaced(bundle.TESTS, proofs.JUNIT + b"\n"), VerdictInvalid, "not the one that the verdict was given for"),
        (replaced(bundle.LOCK, b"other"), VerdictInvalid, "not the one that the verdict was given for"),
        (replaced(bundle.SBOM, b"{}"), VerdictInvalid, "not the one that the verdict was given for"),
        (replaced(bundle.VERDICT, b"{}"), VerdictInvalid, "not a signed envelope"),
        (replaced(bundle.VERDICT, b""), VerdictInvalid, "not a signed envelope"),
    ],
    ids=[
        "empty",
        "rubbish",
        "zeroes",
        "a byte more",
        "a block more",
        "itself twice",
        "garbage behind",
        "huge",
        "reordered",
        "a member twice",
        "a file less",
        "no verdict",
        "no bill of materials",
        "a file more",
        "a member more",
        "a report more",
        "a path upwards",
        "an absolute path",
        "a path through",
        "another file",
        "a file that is no text",
        "other checks",
        "other tests",
        "another lock",
        "another bill of materials",
        "an empty object for a verdict",
        "nothing for a verdict",
    ],
)
def test_what_is_refused_and_what_it_is_called(data: bytes, kind: type[CcbError], says: str) -> None:
    with pytest.raises(kind, match=says):
        bundle.verify(data, VERIFIER)


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.GNUTYPE_SPARSE, b"x", b"L"]
)
def test_members_that_are_no_plain_files(kind: bytes) -> None:
    member = tarfile.TarInfo("files/0")
    member.type, member.linkname, member.mode = kind, "/etc/passwd", 0o644
    assert "was changed" in refused(member.tobuf(tarfile.USTAR_FORMAT) + GOOD).message


def test_a_header_that_promises_more_than_there_is_costs_no_memory() -> None:
    member = tarfile.TarInfo("files/0")
    member.size = 8**11 - 1
    assert "cut off" in refused(member.tobuf(tarfile.USTAR_FORMAT) + GOOD).message


def test_many_members_are_not_read() -> None:
    data = tar_of([(f"files/{number:05}", b"") for number in range(bundle.MAX_MEMBERS + 1)])
    assert "one too many" in refused(data).message


def test_what_a_report_says_counts_even_if_the_verdict_says_otherwise() -> None:
    """A verdict over reports that do not bear it out: a signer gone wrong is found too."""
    assert "findings block" in refused(proofs.proven(checks=proofs.BLOCKED_SARIF)).message
    assert "1 fail" in refused(proofs.proven(tests=proofs.FAILED_JUNIT)).message
    assert "0 pass" in refused(proofs.proven(tests=b"<testsuites/>")).message
    assert "names no tool" in refused(proofs.proven(checks=b'{"runs": []}')).message
    assert "not CycloneDX" in refused(proofs.proven(sbom=b"{}")).message
    other = proofs.unsigned({"a.py": ""}).sbom
    assert "of other files" in refused(proofs.proven(sbom=other)).message
    assert bundle.verify(proofs.proven(checks=proofs.NOTED_SARIF), VERIFIER)[1].findings == {Effect.NOTE: 1}


def test_a_path_that_no_bundle_can_hold() -> None:
    assert bundle.fits("a/" * 60 + "b.py")
    assert not bundle.fits("x" * 101)
    with pytest.raises(InvalidInput, match="cannot hold"):
        proofs.unsigned({"x" * 101: ""}).pack()
