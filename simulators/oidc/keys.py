"""The provider's signing keys: RSA, kept in a file, rotated on demand."""

import base64
import hmac
import json
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

PUBLISHED = 2
"""A key stays in the set for one rotation after it last signed, as providers do it."""


class KeyRing:
    """The newest key signs; the newest two are published."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pems: list[str] = json.loads(path.read_text()) if path.exists() else []
        self._keys = [_loaded(pem) for pem in self._pems]
        self._stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        if not self._keys:
            self.rotate()

    def rotate(self) -> str:
        """Make a new key; its id."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._keys.append(key)
        self._pems.append(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())
        self._path.write_text(json.dumps(self._pems))
        return self._kid()

    def published(self) -> dict[str, Any]:
        """The JSON Web Key Set (RFC 7517)."""
        newest = list(enumerate(self._keys))[-PUBLISHED:]
        return {"keys": [_public(key, f"key-{number}") for number, key in newest]}

    def signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self._keys[-1], algorithm="RS256", headers={"kid": self._kid()})

    def signed_by_stranger(self, claims: dict[str, Any], *, kid: str | None = None) -> str:
        """With a key that is in no set; under the name of one that is, or of its own."""
        return jwt.encode(claims, self._stranger, algorithm="RS256", headers={"kid": kid or "key-of-a-stranger"})

    def unsigned(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, "", algorithm="none", headers={"kid": self._kid()})

    def signed_with_public_key(self, claims: dict[str, Any]) -> str:
        """HS256 with what everybody knows as its secret: the confusion of RFC 8725 §2.1."""
        secret = json.dumps(self.published()["keys"][-1], sort_keys=True)
        signed = ".".join(_part(part) for part in ({"alg": "HS256", "kid": self._kid()}, claims))  # PyJWT refuses to
        mac = hmac.new(secret.encode(), signed.encode(), "sha256").digest()
        return f"{signed}.{_text(mac)}"

    def _kid(self) -> str:
        return f"key-{len(self._keys) - 1}"


def _loaded(pem: str) -> rsa.RSAPrivateKey:
    key = load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("the file of keys holds another kind of key")
    return key


def _public(key: rsa.RSAPrivateKey, kid: str) -> dict[str, Any]:
    numbers = key.public_key().public_numbers()
    return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": _b64(numbers.n), "e": _b64(numbers.e)}


def _b64(number: int) -> str:
    return _text(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def _part(value: dict[str, Any]) -> str:
    return _text(json.dumps(value).encode())


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
