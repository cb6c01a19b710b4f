"""Encrypted histories: what workflows are given, answer and say is ciphertext wherever Temporal keeps it.

Keys are rotated by putting a new one first: it encrypts from then on, the others still decrypt what is there.
"""

import base64
import binascii
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.protobuf.message import DecodeError
from pydantic import SecretStr
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from domain.errors import Corrupted, InvalidInput

ENCODING = b"binary/encrypted"
_KEY_ID = "encryption-key-id"
_NONCE_BYTES = 12  # NIST SP 800-38D §8.2
_KEY_BYTES = 32


class EncryptionCodec(PayloadCodec):
    """AES-256-GCM, a fresh nonce for every payload. The key's id travels in the clear and is authenticated."""

    def __init__(self, keys: dict[str, bytes]) -> None:
        """`keys` by id; the first encrypts, all decrypt."""
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._current = next(iter(keys))

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self._encrypted(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """What was never encrypted is passed as it is, so that histories begun before can go on.

        Raises:
            Corrupted: encrypted with a key that is not here any more, or changed since.
        """
        return [self._decrypted(p) if p.metadata.get("encoding") == ENCODING else p for p in payloads]

    def _encrypted(self, payload: Payload) -> Payload:
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self._current].encrypt(nonce, payload.SerializeToString(), self._current.encode())
        return Payload(metadata={"encoding": ENCODING, _KEY_ID: self._current.encode()}, data=nonce + sealed)

    def _decrypted(self, payload: Payload) -> Payload:
        key_id = payload.metadata.get(_KEY_ID, b"").decode(errors="replace")
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise Corrupted(
                f"A payload was encrypted with the key {key_id!r}, which CCB_TEMPORAL_PAYLOAD_KEYS does not name.",
                key_id=key_id,
            )
        nonce, sealed = payload.data[:_NONCE_BYTES], payload.data[_NONCE_BYTES:]
        try:
            return Payload.FromString(cipher.decrypt(nonce, sealed, key_id.encode()))
        except (InvalidTag, ValueError, DecodeError) as error:
            raise Corrupted("A payload of a history cannot be decrypted: it was changed.", key_id=key_id) from error


def parse_keys(text: SecretStr) -> dict[str, bytes]:
    """`ID:KEY,ID:KEY`, each key 32 bytes in URL-safe base64. Raises InvalidInput, which never holds a key."""
    keys: dict[str, bytes] = {}
    for number, entry in enumerate(text.get_secret_value().split(","), 1):
        key_id, _, encoded = entry.strip().partition(":")
        try:
            key = base64.b64decode(encoded, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not key_id or len(key) != _KEY_BYTES or key_id in keys:
            raise InvalidInput(
                f"CCB_TEMPORAL_PAYLOAD_KEYS: entry {number} is not ID:KEY with an id of its own and a key of"
                f" {_KEY_BYTES} bytes in URL-safe base64. `openssl rand -base64 32 | tr +/ -_` makes one.",
                field="CCB_TEMPORAL_PAYLOAD_KEYS",
            )
        keys[key_id] = key
    return keys
