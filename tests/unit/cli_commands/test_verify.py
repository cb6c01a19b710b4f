"""`ccb verify`: what it says of a good bundle, and of everything else."""

import base64
import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapters.attestation.keys import public_of
from cli.main import app
from domain import bundle
from tests import proofs

GOOD = proofs.proven(checks=proofs.NOTED_SARIF)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As `ccb up` leaves it: the public key beside the bundle."""
    (tmp_path / "signing.pub").write_text(public_of(proofs.KEY))
    (tmp_path / "good.tar").write_bytes(GOOD)
    return tmp_path


def verify(folder: Path, *arguments: str) -> Result:
    environment = {"CCB_DATA_DIR": str(folder), "COLUMNS": "300"}
    return CliRunner().invoke(app, ["verify", *arguments], env=environment)


def test_a_good_bundle_in_a_few_lines(folder: Path) -> None:
    done = verify(folder, str(folder / "good.tar"))
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0] == "cities 1.0.0 is proven"
    assert len(lines) == 8
    assert "sha256:" in lines[1]
    for words in ("2 passed", "1, each locked", "none blocks it; 1 note", proofs.POLICY):
        assert words in done.output


def test_a_good_bundle_for_programs(folder: Path) -> None:
    done = verify(folder, str(folder / "good.tar"), "--json")
    found = json.loads(done.output)
    assert (done.exit_code, found["name"], found["version"]) == (0, "cities", "1.0.0")
    assert (found["tests"]["passed"], found["packages"], found["findings"]) == (2, 1, {"note": 1})


def test_it_needs_nothing_but_the_file_and_a_key(folder: Path) -> None:
    key = folder / "somewhere.pub"
    key.write_text(proofs.public())
    alone = {"CCB_DATA_DIR": "/nonexistent", "CCB_API_URL": "http://127.0.0.1:9"}
    done = CliRunner().invoke(app, ["verify", str(folder / "good.tar"), "--key", str(key)], env=alone)
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    ("data", "code", "says"),
    [
        (b"", 2, "not a bundle"),
        (b"hello, world\n", 2, "not a bundle"),
        (GOOD[:-600], 2, "cut off"),
        (GOOD[: len(GOOD) // 2], 2, "cut off"),
        (GOOD + b"\n", 2, "something follows"),
        (GOOD.replace(b"# cities", b"# Cities"), 1, "of other files"),
        (proofs.proven(key=proofs.OTHER_KEY), 1, "not among those believed"),
        (proofs.proven(checks=proofs.BLOCKED_SARIF), 1, "findings block"),
    ],
    ids=["empty", "text", "truncated", "half", "a byte more", "changed", "another key", "blocked"],
)
def test_anything_else_is_one_sentence_and_no_success(folder: Path, data: bytes, code: int, says: str) -> None:
    (folder / "bad.tar").write_bytes(data)
    done = verify(folder, str(folder / "bad.tar"))
    assert (done.exit_code, done.stdout) == (code, "")
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    problem = json.loads(verify(folder, str(folder / "bad.tar"), "--json").stdout)
    assert problem["code"] == ("invalid_bundle" if code == 2 else "verdict_invalid")


def test_files_that_cannot_be_bundles(folder: Path) -> None:
    with (folder / "huge.tar").open("wb") as file:
        os.truncate(file.fileno(), 50 * bundle.MAX_BYTES)
    for name, says in (("huge.tar", "larger than"), ("none.tar", "cannot be read"), (".", "cannot be read")):
        done = verify(folder, str(folder / name))
        assert done.exit_code == 2
        assert says in done.stderr
    endless = verify(folder, "/dev/zero")
    assert (endless.exit_code, "larger than" in endless.stderr) == (2, True)


@pytest.mark.parametrize("key", ["", "rubbish", base64.b64encode(bytes(31)).decode(), "\ufffd"])
def test_a_key_that_is_none(folder: Path, key: str) -> None:
    (folder / "signing.pub").write_text(key)
    done = verify(folder, str(folder / "good.tar"))
    assert done.exit_code == 2
    assert "does not hold public keys" in done.stderr
    (folder / "signing.pub").unlink()
    assert "cannot be read" in verify(folder, str(folder / "good.tar")).stderr
