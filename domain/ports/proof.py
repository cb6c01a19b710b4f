"""Signing what was proven, and telling whether it was signed."""

from typing import Protocol

from domain.base import Data
from domain.verdict import Statement


class Signed(Data):
    """A statement whose signature is good. `key_id` is the SHA-256 of the public key that it was checked with."""

    statement: Statement
    key_id: str


class Signer(Protocol):
    """Holds a private key."""

    def sign(self, statement: Statement) -> bytes:
        """The statement in a signed envelope (DSSE)."""


class Verifier(Protocol):
    """Holds public keys."""

    def verify(self, envelope: bytes) -> Signed:
        """What an envelope says. Raises VerdictInvalid unless a key that is known signed exactly this."""
