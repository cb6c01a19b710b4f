"""Who is logged in: sessions, and the tokens that speak for one.

A session begins with a login and ends by itself, by its person or by an operator. It is carried by two tokens: a short
access token (a JWT, RFC 7519) that goes with each request, and a refresh token that is used once and gives the next
pair. A refresh token that comes twice was copied: its session ends (RFC 9700 §4.14.2).
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from domain.base import Data
from domain.ids import PersonId

SessionId = Annotated[str, StringConstraints(pattern=r"^ses_[0-9a-f]{32}$")]


class Method(StrEnum):
    """How a session was opened."""

    PASSWORD = "password"  # noqa: S105 - the name of a method
    PASSKEY = "passkey"
    OIDC = "oidc"
    DEVICE = "device"


class ClientInfo(Data):
    """From where somebody came, as the API saw it. The agent is the caller's word."""

    ip: str = Field(default="", max_length=64)
    user_agent: str = Field(default="", max_length=300)


class Tokens(Data):
    """`expires_in` is of the access token, in seconds (names of RFC 6749 §5.1). Shown once."""

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the name of a kind
    expires_in: int


class Session(Data):
    """`second_factor` says whether one was given when it was opened; `expires_at` is when it ends at the latest."""

    id: SessionId
    person_id: PersonId
    method: Method
    second_factor: bool = False
    ip: str = ""
    user_agent: str = ""
    created_at: AwareDatetime
    last_seen_at: AwareDatetime
    expires_at: AwareDatetime
    ended_at: AwareDatetime | None = None


class Bearer(Data):
    """Whom an access token speaks for."""

    person_id: PersonId
    session_id: SessionId
