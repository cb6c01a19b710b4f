"""Sessions: the next tokens, and who is logged in from where."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, status
from pydantic import AwareDatetime, Field, SecretStr

from api.logins import Client
from api.problems import documented
from api.security import Account, Caller, may
from api.services import Wired
from domain.access import Permission
from domain.base import Data
from domain.errors import Conflict, Forbidden, NotFound
from domain.people import Person
from domain.sessions import Method, Session, SessionId, Tokens

router = APIRouter(prefix="/api/v1/auth", tags=["sessions"])
others = APIRouter(prefix="/api/v1/people/{person_id}", tags=["sessions"])

PersonPath = Annotated[str, Path(max_length=100, examples=["per_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f"])]
SessionPath = Annotated[str, Path(max_length=100, examples=["ses_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f"])]
Watcher = Annotated[Person, Depends(may(Permission.SESSIONS_READ))]
Revoker = Annotated[Person, Depends(may(Permission.SESSIONS_REVOKE))]


class RefreshToken(Data):
    refresh_token: SecretStr = Field(min_length=1, max_length=200, json_schema_extra={"writeOnly": True})


class SessionView(Data):
    """A session that has not ended. `current`: the one that asks."""

    id: SessionId
    method: Method
    second_factor: bool
    ip: str
    user_agent: str
    created_at: AwareDatetime
    last_seen_at: AwareDatetime
    expires_at: AwareDatetime
    current: bool


class Ended(Data):
    """How many sessions were ended."""

    sessions: int


@router.post("/refresh", responses=documented(Conflict))
async def refresh_tokens(body: RefreshToken, client: Client, services: Wired) -> Tokens:
    """The next pair of tokens. A refresh token is good once: sent again later, it ends its session."""
    return await services.sessions.refresh(body.refresh_token, client)


@router.post("/logout", status_code=status.HTTP_204_NO_CONTENT, responses=documented(Conflict))
async def log_out(caller: Caller, services: Wired) -> None:
    """End the session that asks."""
    if caller.session_id is None:
        raise Conflict("This request came with an API key, which is no session: send a session's access token.")
    await services.sessions.end(caller.session_id, person_id=caller.id)


@router.get("/sessions", responses=documented())
async def list_sessions(caller: Account, services: Wired) -> list[SessionView]:
    """The caller's sessions, the newest first."""
    return _views(await services.sessions.of(caller.id), caller.session_id)


@router.delete("/sessions", responses=documented())
async def end_other_sessions(caller: Account, services: Wired) -> Ended:
    """End all sessions of the caller but the one that asks."""
    return Ended(sessions=await services.sessions.end_all(caller.id, but=caller.session_id))


@router.delete("/sessions/{session_id}", status_code=status.HTTP_204_NO_CONTENT, responses=documented(NotFound))
async def end_session(session_id: SessionPath, caller: Account, services: Wired) -> None:
    """End one of the caller's sessions. Its tokens open nothing from now on."""
    await services.sessions.end(session_id, person_id=caller.id)


@others.get("/sessions", responses=documented(NotFound))
async def list_sessions_of(person_id: PersonPath, caller: Watcher, services: Wired) -> list[SessionView]:
    """The sessions of a member of the organisation."""
    person = await services.people.get(person_id, caller.organization_id, at_home=True)
    return _views(await services.sessions.of(person.id), None)


@others.delete("/sessions", responses=documented(NotFound))
async def end_sessions_of(person_id: PersonPath, caller: Revoker, services: Wired) -> Ended:
    """End all sessions of a member of the organisation."""
    person = await services.people.get(person_id, caller.organization_id, at_home=True)
    return Ended(sessions=await services.sessions.end_all(person.id))


@others.delete("/sessions/{session_id}", status_code=status.HTTP_204_NO_CONTENT, responses=documented(NotFound))
async def end_session_of(person_id: PersonPath, session_id: SessionPath, caller: Revoker, services: Wired) -> None:
    """End one session of a member of the organisation."""
    person = await services.people.get(person_id, caller.organization_id, at_home=True)
    await services.sessions.end(session_id, person_id=person.id)


@others.delete("/second-factor", status_code=status.HTTP_204_NO_CONTENT, responses=documented(NotFound))
async def remove_second_factor_of(
    person_id: PersonPath,
    caller: Annotated[Person, Depends(may(Permission.ROLES_UPDATE, house=True))],
    services: Wired,
) -> None:
    """Take away the second factor of somebody who has lost it, and end their sessions. Make sure who asks for it."""
    person = await services.people.get(person_id, caller.organization_id, at_home=True)
    if person.id == caller.id:
        raise Forbidden("Your own second factor is removed with a code of it, or by another admin.")
    await services.door.factors.drop(person.id)
    await services.sessions.end_all(person.id)


def _views(found: list[Session], current: str | None) -> list[SessionView]:
    return [
        SessionView(
            **one.model_dump(exclude={"person_id", "ended_at"}),
            current=one.id == current,
        )
        for one in found
    ]
