"""The keys of verdicts: made once, the private one told to the workers alone, replaced without breaking anything."""

import json
import stat
from pathlib import Path

import pytest

from adapters.attestation.envelopes import DsseSigner, DsseVerifier
from cli.stack import StackOptions, credentials
from cli.stack.errors import StackRefused
from cli.stack.layout import standard
from domain import bundle
from tests import proofs


def told(data_dir: Path, environ: dict[str, str] | None = None) -> dict[str, dict[str, str]]:
    """What each part is told about keys."""
    layout = standard(StackOptions.on_free_ports(data_dir, simulate=True, s3=True), data_dir, environ or {})
    return {
        part.name: {name: value for name, value in part.environment.items() if name.startswith("CCB_SIGNING_")}
        for part in layout.parts
    }


def test_the_workers_alone_can_sign(tmp_path: Path) -> None:
    parts = told(tmp_path)
    assert {name for name, keys in parts.items() if "CCB_SIGNING_KEY" in keys} == {"workers"}
    assert {name for name, keys in parts.items() if keys} == {"workers", "runner"}
    verifier = DsseVerifier(parts["runner"]["CCB_SIGNING_PUBLIC_KEYS"])
    private = parts["workers"]["CCB_SIGNING_KEY"]
    assert bundle.verify(proofs.proven(key=private), verifier)[1].name == "cities"
    assert private not in (tmp_path / "signing.pub").read_text()
    assert told(tmp_path) == parts
    for name in ("secrets.json", "signing.pub"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_a_new_key_leaves_what_the_old_one_signed_good(tmp_path: Path) -> None:
    old = told(tmp_path)["workers"]["CCB_SIGNING_KEY"]
    kept = json.loads((tmp_path / "secrets.json").read_text())
    del kept["signing_key"]
    (tmp_path / "secrets.json").write_text(json.dumps(kept))
    parts = told(tmp_path)
    new = parts["workers"]["CCB_SIGNING_KEY"]
    assert new != old
    assert credentials.kept(tmp_path).runner_key.get_secret_value() == kept["runner_key"]
    verifier = DsseVerifier(parts["runner"]["CCB_SIGNING_PUBLIC_KEYS"])
    for key in (old, new):
        said = proofs.statement(proofs.unsigned())
        assert verifier.verify(DsseSigner(key).sign(said)).statement == said
    assert (tmp_path / "signing.pub").read_text().count("BEGIN PUBLIC KEY") == 2


def test_a_key_of_one_s_own(tmp_path: Path) -> None:
    parts = told(tmp_path, {"CCB_SIGNING_KEY": proofs.KEY})
    assert parts["workers"] == {"CCB_SIGNING_KEY": proofs.KEY, "CCB_SIGNING_PUBLIC_KEYS": proofs.public()}
    others = f"{proofs.public(proofs.OTHER_KEY)},{proofs.public()}"
    both = {"CCB_SIGNING_KEY": proofs.KEY, "CCB_SIGNING_PUBLIC_KEYS": others}
    assert told(tmp_path, both)["runner"] == {"CCB_SIGNING_PUBLIC_KEYS": others}


@pytest.mark.parametrize("key", ["short", "-----BEGIN nothing"])
def test_a_key_that_is_none_is_not_repeated(tmp_path: Path, key: str) -> None:
    with pytest.raises(StackRefused, match="CCB_SIGNING_KEY") as refused:
        told(tmp_path, {"CCB_SIGNING_KEY": key})
    assert key not in str(refused.value)


def test_a_file_of_public_keys_that_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "signing.pub").write_text("rubbish")
    with pytest.raises(StackRefused, match="cannot be used"):
        told(tmp_path)
