"""What the account endpoints stand on, built once."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Header, Request
from pydantic import SecretStr

from adapters.bus.settings import RedisSettings
from adapters.database import Database, SecretsSettings, SqlFactors, SqlLogins, SqlSessions
from adapters.mail import SmtpSettings, open_mail
from adapters.tokens import Clock, Passwords, PasswordSettings, Signer, TokenSessions, TokenSettings, utc_now
from api.clients import host_of, neighbourhood
from api.entering import Entering
from api.letters import Letters
from api.posting import Posting
from api.registering import Registering
from api.settings import AccountSettings
from api.throttle import Place, Throttle, place
from domain.ports import Counters, Factors, Logins, People
from domain.sessions import ClientInfo


@dataclass(frozen=True)
class Doorkeeper:
    """Accounts and sessions. `close` sends the letters that wait, and ends the threads."""

    settings: AccountSettings
    logins: Logins
    factors: Factors
    sessions: TokenSessions
    registering: Registering
    entering: Entering
    posting: Posting
    passwords: Passwords

    async def close(self) -> None:
        await self.posting.close()
        self.passwords.close()


@dataclass(frozen=True)
class DoorSettings:
    """The settings of all of it, from the environment."""

    accounts: AccountSettings = field(default_factory=AccountSettings)
    tokens: TokenSettings = field(default_factory=TokenSettings)
    passwords: PasswordSettings = field(default_factory=PasswordSettings)
    smtp: SmtpSettings = field(default_factory=SmtpSettings)
    redis: RedisSettings = field(default_factory=RedisSettings)


def open_door(
    database: Database,
    people: People,
    counters: Counters,
    settings: DoorSettings,
    *,
    secrets: SecretsSettings,
    data_dir: Path,
    api_url: str,
    clock: Clock = utc_now,
) -> Doorkeeper:
    """`database` and `counters` stay the caller's to close. `api_url` is where people find the API, for letters."""
    logins, factors = SqlLogins(database), SqlFactors(database, secrets)
    sessions = TokenSessions(SqlSessions(database), settings.tokens, clock=clock)
    passwords, throttle = Passwords(settings.passwords), Throttle(counters)
    posting = Posting(open_mail(settings.smtp, data_dir))
    registering = Registering(
        settings=settings.accounts,
        logins=logins,
        people=people,
        sessions=sessions,
        passwords=passwords,
        throttle=throttle,
        posting=posting,
        letters=Letters(api=api_url, pages=settings.accounts.pages_url),
        clock=clock,
    )
    entering = Entering(
        logins=logins,
        factors=factors,
        sessions=sessions,
        passwords=passwords,
        signer=Signer(settings.tokens),
        throttle=throttle,
        clock=clock,
    )
    return Doorkeeper(
        settings=settings.accounts,
        logins=logins,
        factors=factors,
        sessions=sessions,
        registering=registering,
        entering=entering,
        posting=posting,
        passwords=passwords,
    )


async def _client(request: Request) -> ClientInfo:
    return ClientInfo(ip=host_of(request.scope)[:64], user_agent=request.headers.get("user-agent", "")[:300])


Client = Annotated[ClientInfo, Depends(_client)]
"""From where the request comes, for the list of sessions and the throttle."""


async def _device(
    device: Annotated[
        str | None,
        Header(
            alias="CCB-Device",
            max_length=100,
            description="The device token of an earlier login: others' failed attempts do not hold this device up.",
        ),
    ] = None,
) -> SecretStr | None:
    return SecretStr(device) if device else None


Device = Annotated[SecretStr | None, Depends(_device)]


def place_of(client: ClientInfo) -> Place:
    network = neighbourhood(client.ip)
    return Place(place("network", network), network)
