"""Who signed what: keys, envelopes, and verdicts that are of something else."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from pydantic import ValidationError

from adapters.attestation.envelopes import DsseSigner, DsseVerifier
from adapters.attestation.settings import SigningSettings, VerifyingSettings
from domain import bundle
from domain.errors import VerdictInvalid
from domain.verdict import Statement
from tests import proofs

PARTS = proofs.unsigned()
SAID = proofs.statement(PARTS)
VERIFIER = DsseVerifier(proofs.public())


def envelope(said: Statement = SAID, key: str = proofs.KEY) -> Any:
    return json.loads(DsseSigner(key).sign(said))


def written(changed: Any) -> bytes:
    return json.dumps(changed, sort_keys=True, separators=(",", ":")).encode()


def changed(**predicate: Any) -> Statement:
    return SAID.model_copy(update={"predicate": SAID.predicate.model_copy(update=predicate)})


def test_it_is_what_the_published_specifications_say() -> None:
    """Field names and constants by in-toto.io/Statement/v1, slsa.dev/verification_summary/v1 and DSSE v1."""
    found = envelope()
    assert set(found) == {"payload", "payloadType", "signatures"}
    assert found["payloadType"] == "application/vnd.in-toto+json"
    said = json.loads(base64.b64decode(found["payload"], validate=True))
    assert set(said) == {"_type", "subject", "predicateType", "predicate"}
    assert said["_type"] == "https://in-toto.io/Statement/v1"
    assert said["predicateType"] == "https://slsa.dev/verification_summary/v1"
    digest = SAID.content_hash.removeprefix("sha256:")
    assert said["subject"] == [{"name": "cities@1.0.0", "digest": {"sha256": digest}}]
    predicate = said["predicate"]
    assert set(predicate) == {
        "verifier",
        "timeVerified",
        "resourceUri",
        "policy",
        "inputAttestations",
        "verificationResult",
        "verifiedLevels",
    }
    assert predicate["verificationResult"] == "PASSED"
    assert not [level for level in predicate["verifiedLevels"] if level.startswith("SLSA_")]
    assert predicate["timeVerified"] == "2026-11-23T09:30:00Z"
    assert [one["uri"] for one in predicate["inputAttestations"]] == [
        "pkg:generic/cities@1.0.0#pylock.toml",
        "pkg:generic/cities@1.0.0#reports/checks.sarif",
        "pkg:generic/cities@1.0.0#reports/tests.xml",
        "pkg:generic/cities@1.0.0#sbom.cdx.json",
    ]
    assert all(len(one["digest"]["sha256"]) == 64 for one in predicate["inputAttestations"])


def test_the_signature_is_over_dsse_s_pre_authentication_encoding() -> None:
    """Checked with the bare algorithm, so that any other tool can."""
    found = envelope()
    payload, kind = base64.b64decode(found["payload"]), found["payloadType"].encode()
    pae = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
    public = ed25519.Ed25519PublicKey.from_public_bytes(base64.b64decode(proofs.public()))
    public.verify(base64.b64decode(found["signatures"][0]["sig"]), pae)


def test_the_same_statement_is_the_same_bytes() -> None:
    assert DsseSigner(proofs.KEY).sign(SAID) == DsseSigner(proofs.KEY).sign(SAID)


def test_while_a_key_is_replaced_both_are_believed() -> None:
    both = DsseVerifier(f"{proofs.public(proofs.OTHER_KEY)},{proofs.public()}")
    for key in (proofs.KEY, proofs.OTHER_KEY):
        proven = bundle.verify(proofs.proven(key=key), both)[1]
        assert proven.key_id == both.verify(DsseSigner(key).sign(SAID)).key_id
    with pytest.raises(VerdictInvalid, match="not among those believed"):
        bundle.verify(proofs.proven(), DsseVerifier(proofs.public(proofs.OTHER_KEY)))


def test_a_key_that_claims_another_s_id() -> None:
    """A stranger's signature under our key's id."""
    forged = envelope(key=proofs.OTHER_KEY)
    forged["signatures"][0]["keyid"] = envelope()["signatures"][0]["keyid"]
    with pytest.raises(VerdictInvalid, match="changed after it was signed"):
        VERIFIER.verify(written(forged))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda one: one.update(signatures=[]), "not signed"),
        (lambda one: one.update(signatures=one["signatures"] + envelope(key=proofs.OTHER_KEY)["signatures"]), "has 2"),
        (lambda one: one.update(signatures=one["signatures"] * 2), "not a signed envelope"),
        (lambda one: one.update(payloadType="text/plain"), "changed after it was signed"),
        (lambda one: one.update(more=1), "not a signed envelope"),
        (lambda one: one["signatures"][0].update(more=1), "not a signed envelope"),
        (lambda one: one["signatures"][0].update(sig=""), "changed after it was signed"),
        (lambda one: one["signatures"][0].update(sig="!"), "not a signed envelope"),
        (lambda one: one.update(payload=one["payload"] + "\n"), "not a signed envelope"),
    ],
    ids=[
        "no signature",
        "a second signature",
        "the signature twice",
        "another type",
        "a field more",
        "a field more inside",
        "an empty signature",
        "no base64",
        "white space in the payload",
    ],
)
def test_an_envelope_that_was_changed(change: Any, says: str) -> None:
    found = envelope()
    change(found)
    with pytest.raises(VerdictInvalid, match=says):
        VERIFIER.verify(written(found))


def test_an_envelope_that_is_only_written_otherwise() -> None:
    with pytest.raises(VerdictInvalid, match="it was changed"):
        VERIFIER.verify(json.dumps(envelope(), indent=1).encode())
    for data in (b"", b"[]", b"{}", b"\xff", b"[" * 10_000, b"x" * 1_000_001):
        with pytest.raises(VerdictInvalid):
            VERIFIER.verify(data)


def test_something_else_that_the_right_key_signed() -> None:
    other = SAID.model_copy(update={"predicate_type": "https://slsa.dev/provenance/v1"})
    with pytest.raises(VerdictInvalid, match="not a verdict over one version"):
        VERIFIER.verify(DsseSigner(proofs.KEY).sign(other))


@pytest.mark.parametrize(
    ("said", "says"),
    [
        (changed(verification_result="FAILED", verified_levels=["FAILED"]), "FAILED"),
        (proofs.statement(proofs.unsigned({"a.py": ""})), "of other files"),
        (changed(resource_uri="pkg:generic/towns@1.0.0"), "which version"),
        (changed(input_attestations=SAID.predicate.input_attestations[1:]), "not the one that the verdict was given"),
        (changed(input_attestations=[]), "not the one that the verdict was given"),
        (
            changed(
                input_attestations=[
                    *SAID.predicate.input_attestations,
                    SAID.predicate.input_attestations[0].model_copy(update={"uri": "urn:another"}),
                ]
            ),
            "which the bundle does not hold",
        ),
    ],
    ids=["FAILED", "other files", "another version", "an input less", "no inputs", "an input more"],
)
def test_a_verdict_that_is_signed_and_does_not_fit(said: Statement, says: str) -> None:
    with pytest.raises(VerdictInvalid, match=says):
        bundle.verify(proofs.signed(PARTS, said), VERIFIER)


def test_a_verdict_of_another_version_of_the_same_files() -> None:
    """Reports name their version by the verdict's URIs, so one cannot be put to another version's."""
    said = proofs.statement(PARTS, version="2.0.0")
    assert bundle.verify(proofs.signed(PARTS, said), VERIFIER)[1].version == "2.0.0"
    mixed = said.model_copy(update={"subject": SAID.subject})
    with pytest.raises(VerdictInvalid, match="which version"):
        bundle.verify(proofs.signed(PARTS, mixed), VERIFIER)


def pem() -> tuple[str, str]:
    key = ed25519.Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def test_keys_in_pem() -> None:
    private, public = pem()
    _, other = pem()
    verifier = DsseVerifier(VerifyingSettings(public_keys=f"{other}\n{public}").public_keys)
    signer = DsseSigner(SigningSettings(key=private).key.get_secret_value())
    assert verifier.verify(signer.sign(SAID)).statement == SAID


def _ec() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize("key", ["", "short", base64.b64encode(bytes(31)).decode(), "-----BEGIN x", _ec()])
def test_keys_that_are_none_are_refused_without_being_repeated(key: str) -> None:
    with pytest.raises(ValidationError) as error:
        SigningSettings(key=key)
    assert not key or key not in str(error.value)
    with pytest.raises(ValidationError):
        VerifyingSettings(public_keys=key)
