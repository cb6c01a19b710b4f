"""The ports of logging in by other means than a password."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from pydantic import JsonValue, SecretStr

from domain.federation import Asserted, Attested, DeviceGrant, Identity, Kind, Passkey, Payload, Proven


class IdentityProvider(Protocol):
    """One provider, by OAuth 2.0's authorization code flow with PKCE."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str:
        """As people call it."""

    async def begin(self, *, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
        """Where to send the browser. Raises VendorUnavailable, VendorRejected."""

    async def finish(self, code: str, *, redirect_uri: str, nonce: str, verifier: str, issuer: str | None) -> Proven:
        """Who has come back. `issuer` is what came back with the code, if anything did (RFC 9207).

        Raises Unauthenticated for a code or an ID token that is not good, Forbidden for somebody who may not come in,
        VendorUnavailable, VendorRejected.
        """


class Identities(Protocol):
    """Who is whom at the providers."""

    async def find(self, issuer: str, subject: str) -> Identity | None: ...

    async def link(self, identity: Identity) -> Identity:
        """Repeated: as stored. Raises Conflict if it is another person's."""

    async def used(self, identity_id: str, now: datetime) -> None: ...

    async def of(self, person_id: str) -> list[Identity]:
        """The oldest first."""

    async def unlink(self, identity_id: str, *, person_id: str) -> None:
        """Raises NotFound if this person has no such identity."""


class Passkeys(Protocol):
    """Passkeys, by what their authenticators gave."""

    async def add(self, passkey: Passkey) -> None:
        """Raises Conflict if the credential is known already."""

    async def by_credential(self, credential_id: str) -> Passkey | None: ...

    async def of(self, person_id: str) -> list[Passkey]:
        """The oldest first."""

    async def used(self, passkey: Passkey, asserted: Asserted, now: datetime) -> bool:
        """Note a use, if the count is still that of `passkey`; whether it was."""

    async def remove(self, passkey_id: str, *, person_id: str) -> None:
        """Raises NotFound if this person has no such passkey."""


class Authenticators(Protocol):
    """The ceremonies of WebAuthn. Options and credentials are JSON as browsers read and write it."""

    def to_register(
        self, *, person_id: str, name: str, challenge: bytes, known: Sequence[str]
    ) -> dict[str, JsonValue]: ...

    def to_log_in(self, *, challenge: bytes) -> dict[str, JsonValue]: ...

    def challenge_of(self, credential: Payload) -> str | None:
        """What the credential says it was made for, base64url; None if it cannot be read."""

    def registered(self, credential: Payload, *, challenge: bytes) -> Attested:
        """Raises InvalidInput for one that is not good."""

    def asserted(self, credential: Payload, *, challenge: bytes, passkey: Passkey) -> Asserted:
        """Raises Unauthenticated for one that is not good, or that was copied."""


class OneTime(Protocol):
    """What is good once, for a short while, whichever replica is asked. Known by the SHA-256 of its secret alone."""

    async def keep(self, kind: Kind, secret: SecretStr, payload: Payload, *, lasts: timedelta) -> None: ...

    async def take(self, kind: Kind, secret: SecretStr) -> Payload | None:
        """What was kept, the first time; None afterwards, or when it is over."""


class DeviceGrants(Protocol):
    """Requests of devices. A device code is known by its SHA-256 alone."""

    async def ask(self, device_code: SecretStr, grant: DeviceGrant) -> bool:
        """Keep a request; False if somebody has this user code now."""

    async def waiting(self, user_code: str, now: datetime) -> DeviceGrant | None:
        """What waits to be decided under this code, if it is not over."""

    async def decide(self, user_code: str, *, person_id: str, allow: bool, now: datetime) -> bool:
        """Decide, once; whether there was something to decide."""

    async def poll(self, device_code: SecretStr, now: datetime) -> tuple[DeviceGrant, bool] | None:
        """How the request stands, and whether it is asked too often, which lengthens its interval. None if unknown.

        One that was approved or denied is told once: it is gone then.
        """
