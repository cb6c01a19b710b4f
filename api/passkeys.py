"""Passkeys: making one, logging in with one, taking them away."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, cast

from fastapi import APIRouter, Path, Request, status
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, SecretStr, StringConstraints

from api.entered import entered
from api.logins import Client
from api.problems import documented
from api.recent import Recent
from api.security import Account
from api.services import Wired
from domain import ids
from domain.base import Data
from domain.errors import Conflict, NotFound, Unauthenticated
from domain.federation import Kind, Passkey, Payload
from domain.sessions import Method, Tokens

router = APIRouter(prefix="/api/v1/auth/passkeys", tags=["login"])

PATIENCE = timedelta(minutes=5)
"""For so long a challenge is good: somebody has to find their phone."""
_MOST = 20

Options = Annotated[dict[str, JsonValue], Field(description="For PublicKeyCredential.parse…OptionsFromJSON().")]


class Ceremony(Data):
    """What `navigator.credentials` is called with, as `publicKey`. Good once, for five minutes."""

    options: Options


Encoded = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$", max_length=20_000)]
"""Bytes as base64url without padding."""


class _Answer(BaseModel):
    """What an authenticator answers; what else browsers tell of it is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    clientDataJSON: Encoded  # noqa: N815  # as WebAuthn names it, here and below


class Made(_Answer):
    attestationObject: Encoded  # noqa: N815


class Signed(_Answer):
    authenticatorData: Encoded  # noqa: N815
    signature: Encoded
    userHandle: Encoded | None = None  # noqa: N815


class _Credential(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    id: Encoded
    rawId: Encoded  # noqa: N815
    type: Literal["public-key"]


class NewCredential(_Credential):
    """What `navigator.credentials.create()` gave, as `toJSON()` writes it."""

    response: Made


class UsedCredential(_Credential):
    """What `navigator.credentials.get()` gave, as `toJSON()` writes it."""

    response: Signed


class NewPasskey(Data):
    name: str = Field(min_length=1, max_length=80, examples=["phone"])
    credential: NewCredential


class PasskeyLogin(Data):
    credential: UsedCredential


class PasskeyView(Data):
    """A passkey, without its key. `backed_up`: its maker keeps it on other devices too."""

    id: str
    name: str
    backed_up: bool
    created_at: AwareDatetime
    last_used_at: AwareDatetime | None


@router.post("/registration", responses=documented(Conflict))
async def begin_passkey(caller: Recent, services: Wired) -> Ceremony:
    """Begin to make a passkey for the caller."""
    federation = services.federation
    known = await federation.passkeys.of(caller.id)
    if len(known) >= _MOST:
        raise Conflict(f"You have {_MOST} passkeys: take one away first.")
    challenge = secrets.token_bytes(32)
    options = federation.authenticators.to_register(
        person_id=caller.id, name=caller.name, challenge=challenge, known=[one.credential_id for one in known]
    )
    payload: Payload = {"person_id": caller.id, "challenge": challenge.hex()}
    await federation.once.keep(Kind.PASSKEY_NEW, _secret(options), payload, lasts=PATIENCE)
    return Ceremony(options=options)


@router.post("", status_code=status.HTTP_201_CREATED, responses=documented(Conflict))
async def add_passkey(body: NewPasskey, caller: Account, services: Wired) -> PasskeyView:
    """Keep the passkey that the caller's authenticator has made."""
    federation = services.federation
    credential: Payload = body.credential.model_dump()
    challenge = federation.authenticators.challenge_of(credential)
    kept = await federation.once.take(Kind.PASSKEY_NEW, SecretStr(challenge)) if challenge else None
    if kept is None or kept["person_id"] != caller.id:
        raise Conflict("This passkey was not asked for, the time is over, or it was sent before: begin again.")
    made = federation.authenticators.registered(credential, challenge=bytes.fromhex(str(kept["challenge"])))
    passkey = Passkey(
        id=ids.new("pky"),
        person_id=caller.id,
        name=body.name,
        created_at=datetime.now(UTC),
        **made.model_dump(),
    )
    await federation.passkeys.add(passkey)
    return _view(passkey)


@router.get("", responses=documented())
async def list_passkeys(caller: Account, services: Wired) -> list[PasskeyView]:
    """The caller's passkeys, the oldest first."""
    return [_view(one) for one in await services.federation.passkeys.of(caller.id)]


@router.delete("/{passkey}", status_code=status.HTTP_204_NO_CONTENT, responses=documented(NotFound))
async def remove_passkey(passkey: Annotated[str, Path(max_length=100)], caller: Account, services: Wired) -> None:
    """It lets nobody in any more. Sessions that it opened stay until they are ended."""
    await services.federation.passkeys.remove(passkey, person_id=caller.id)


@router.post("/authentication", responses=documented())
async def begin_passkey_login(services: Wired) -> Ceremony:
    """Begin to log in with a passkey; no name is needed, the passkey knows it."""
    federation = services.federation
    challenge = secrets.token_bytes(32)
    options = federation.authenticators.to_log_in(challenge=challenge)
    payload: Payload = {"challenge": challenge.hex()}
    await federation.once.keep(Kind.PASSKEY_LOGIN, _secret(options), payload, lasts=PATIENCE)
    return Ceremony(options=options)


@router.post("/login", responses=documented())
async def log_in_with_passkey(body: PasskeyLogin, request: Request, services: Wired, client: Client) -> Tokens:
    """Open a session with what the passkey signed. It counts as two factors: the device, and what unlocks it."""
    federation = services.federation
    credential: Payload = body.credential.model_dump(exclude_none=True)
    challenge = federation.authenticators.challenge_of(credential)
    kept = await federation.once.take(Kind.PASSKEY_LOGIN, SecretStr(challenge)) if challenge else None
    if kept is None:
        raise Unauthenticated("This challenge is over, or was used: begin again.")
    passkey = await federation.passkeys.by_credential(body.credential.rawId)
    if passkey is None:
        raise Unauthenticated("This passkey is not known here: log in by other means, and add it.")
    asserted = federation.authenticators.asserted(
        credential, challenge=bytes.fromhex(str(kept["challenge"])), passkey=passkey
    )
    if not await federation.passkeys.used(passkey, asserted, datetime.now(UTC)):
        raise Unauthenticated("This passkey was used at the same moment elsewhere: begin again.")
    tokens = await services.sessions.open(passkey.person_id, method=Method.PASSKEY, client=client, second_factor=True)
    await entered(request, passkey.person_id, services)
    return tokens


def _secret(options: dict[str, JsonValue]) -> SecretStr:
    """What the answer is found by: the challenge, which comes back within what was signed."""
    return SecretStr(cast("str", options["challenge"]))


def _view(passkey: Passkey) -> PasskeyView:
    return PasskeyView.model_validate(passkey.model_dump(include=set(PasskeyView.model_fields)))
