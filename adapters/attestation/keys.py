"""Ed25519 keys as text: PEM, or the 32 bytes in Base64."""

import base64
import binascii
import hashlib
import re

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

_PEM = re.compile(r"-----BEGIN [A-Z ]+-----.+?-----END [A-Z ]+-----", re.DOTALL)
_SIZE = 32


def private(text: str) -> Ed25519PrivateKey:
    """A private key from PEM (PKCS #8), or its 32-byte seed in Base64. Raises ValueError, without a word of it."""
    if not text.lstrip().startswith("-----"):
        return Ed25519PrivateKey.from_private_bytes(_raw(text))
    try:
        key = load_pem_private_key(text.strip().encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("it is not a PEM private key without a password") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("it is a key of another kind than Ed25519")  # noqa: TRY004 - it is about what a text says
    return key


def public(text: str) -> list[Ed25519PublicKey]:
    """Public keys: PEM blocks, or 32 bytes in Base64 each, apart by commas or white space. Raises ValueError."""
    blocks = _PEM.findall(text)
    rest = _PEM.sub(" ", text).replace(",", " ").split()
    return [_from_pem(block) for block in blocks] + [Ed25519PublicKey.from_public_bytes(_raw(word)) for word in rest]


def key_id(key: Ed25519PublicKey) -> str:
    """SHA-256 in hex of the key's 32 bytes."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()


def public_of(text: str) -> str:
    """The public key of a private one, as PEM. Raises ValueError, as `private`."""
    pem = private(text).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem.decode()


def listed(text: str) -> str:
    """Public keys on one line, as `public` reads them: for an environment variable."""
    return ",".join(base64.b64encode(key.public_bytes_raw()).decode() for key in public(text))


def _from_pem(block: str) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(block.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("a PEM block is not a public key") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("a key is of another kind than Ed25519")  # noqa: TRY004 - it is about what a text says
    return key


def _raw(word: str) -> bytes:
    try:
        raw = base64.b64decode(word.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("a key is neither PEM nor Base64") from None
    if len(raw) != _SIZE:
        raise ValueError(f"a key has {len(raw)} bytes; Ed25519's have {_SIZE}")
    return raw
