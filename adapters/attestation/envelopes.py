"""DSSE envelopes (github.com/secure-systems-lab/dsse, v1) around verdicts, by securesystemslib.

An envelope is written in one way only, with one signature, so that a changed byte of it is found.
"""

import json

from pydantic import BaseModel, ConfigDict, ValidationError
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import CryptoSigner, SSlibKey  # type: ignore[attr-defined] # its own, re-exported

from adapters.attestation import keys
from domain.errors import VerdictInvalid
from domain.ports import Signed
from domain.verdict import PAYLOAD_TYPE, Statement

_MAX_BYTES = 1_000_000


class _Signature(BaseModel):
    model_config = ConfigDict(extra="forbid")

    keyid: str
    sig: str


class _Written(BaseModel):
    """An envelope as it is written."""

    model_config = ConfigDict(extra="forbid")

    payload: str
    payloadType: str  # noqa: N815 - DSSE's name
    signatures: list[_Signature]


class DsseSigner:
    """`domain.ports.Signer` with an Ed25519 key. Raises ValueError if `key` is none (see keys.private)."""

    def __init__(self, key: str) -> None:
        private = keys.private(key)
        public = private.public_key()
        self.key_id = keys.key_id(public)
        self._signer = CryptoSigner(private, SSlibKey.from_crypto(public, keyid=self.key_id))

    def sign(self, statement: Statement) -> bytes:
        """Ed25519 has no randomness: the same statement is the same bytes."""
        envelope = Envelope(statement.encoded(), PAYLOAD_TYPE, {})
        envelope.sign(self._signer)
        return _encoded(envelope)


class DsseVerifier:
    """`domain.ports.Verifier` with one or more Ed25519 keys. Raises ValueError if there is none (see keys.public)."""

    def __init__(self, public_keys: str) -> None:
        found = keys.public(public_keys)
        if not found:
            raise ValueError("there is no public key")
        self._keys = {keys.key_id(key): SSlibKey.from_crypto(key, keyid=keys.key_id(key)) for key in found}

    def verify(self, envelope: bytes) -> Signed:
        read = _read(envelope)
        (signature,) = read.signatures.values()
        key = self._keys.get(signature.keyid)
        if key is None:
            raise VerdictInvalid(
                f"The verdict is signed with the key {signature.keyid[:16]}…, which is not among those believed here.",
                key_id=signature.keyid[:64],
            )
        try:
            read.verify([key], 1)
        except VerificationError as error:
            raise VerdictInvalid(
                "The verdict's signature does not fit what it says: it was changed after it was signed.",
                key_id=signature.keyid,
            ) from error
        if read.payload_type != PAYLOAD_TYPE:
            raise VerdictInvalid(f"What is signed is {read.payload_type[:100]!r}, not an in-toto statement.")
        try:
            return Signed(statement=Statement.model_validate_json(read.payload), key_id=signature.keyid)
        except ValidationError as error:
            raise VerdictInvalid("What is signed is not a verdict over one version.") from error


def _read(data: bytes) -> Envelope:
    """The envelope with its one signature. Raises VerdictInvalid."""
    if len(data) > _MAX_BYTES:
        raise VerdictInvalid(f"The verdict is larger than {_MAX_BYTES} bytes.")
    try:
        written = _Written.model_validate_json(data)
        envelope = Envelope.from_dict(written.model_dump())
    except (ValidationError, ValueError) as error:  # the latter, of Base64, among others
        raise VerdictInvalid("The verdict is not a signed envelope (DSSE).") from error
    if len(envelope.signatures) != 1:
        raise VerdictInvalid(
            f"The verdict has {len(envelope.signatures)} signatures; it must have exactly one."
            if envelope.signatures
            else "The verdict is not signed."
        )
    if _encoded(envelope) != data:
        raise VerdictInvalid("The verdict is not written as verdicts are: it was changed.")
    return envelope


def _encoded(envelope: Envelope) -> bytes:
    return json.dumps(envelope.to_dict(), sort_keys=True, separators=(",", ":")).encode()
