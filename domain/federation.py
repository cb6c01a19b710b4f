"""Logging in by other means than a password: at an identity provider, with a passkey, or on another device."""

from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field, JsonValue, StringConstraints

from domain.base import Data
from domain.ids import PersonId

ProviderName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
IdentityId = Annotated[str, StringConstraints(pattern=r"^idn_[0-9a-f]{32}$")]
PasskeyId = Annotated[str, StringConstraints(pattern=r"^pky_[0-9a-f]{32}$")]


class Proven(Data):
    """Whom a provider says somebody is. `subject` is theirs for good at `issuer`; all else may change.

    `email` is one that the provider has verified, else None. `trusted`: the provider is the one that says who has an
    address of this domain. `login` is a name of GitHub's.
    """

    issuer: str
    subject: str
    name: str = ""
    email: str | None = None
    trusted: bool = False
    login: str | None = None


class Identity(Data):
    """Somebody's account at a provider, which is theirs here."""

    id: IdentityId
    person_id: PersonId
    provider: str
    issuer: str
    subject: str
    email: str | None = None
    created_at: AwareDatetime
    last_used_at: AwareDatetime | None = None


class Passkey(Data):
    """A WebAuthn credential. `sign_count` is what the authenticator last said, 0 if it does not count."""

    id: PasskeyId
    person_id: PersonId
    name: str
    credential_id: str
    public_key: str
    sign_count: int
    backed_up: bool
    created_at: AwareDatetime
    last_used_at: AwareDatetime | None = None


class Attested(Data):
    """What an authenticator gave when it made a passkey. Bytes are base64url, without padding."""

    credential_id: str
    public_key: str
    sign_count: int
    backed_up: bool


class Asserted(Data):
    """What an authenticator proved: the new count, and whether it is one that counts."""

    sign_count: int
    backed_up: bool


class Kind(StrEnum):
    """What a token that is good once is for."""

    OAUTH = "oauth"
    HANDOFF = "handoff"
    PASSKEY_NEW = "passkey_new"
    PASSKEY_LOGIN = "passkey_login"


class GrantState(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"


class DeviceGrant(Data):
    """Somebody's request, from a device without a browser, to act for a person (RFC 8628)."""

    user_code: str
    client: str = Field(max_length=80)
    ip: str = Field(default="", max_length=64)
    state: GrantState = GrantState.PENDING
    person_id: PersonId | None = None
    interval: int
    created_at: AwareDatetime
    expires_at: AwareDatetime


Payload = dict[str, JsonValue]
