"""Sessions carried by tokens: a signed access token, and a refresh token that is 256 random bits."""

import hashlib
import secrets
from datetime import datetime, timedelta

from pydantic import SecretStr

from adapters.tokens.clock import Clock, utc_now
from adapters.tokens.settings import TokenSettings
from adapters.tokens.signing import Kind, Signer
from domain import ids
from domain.errors import Unauthenticated
from domain.ports import SessionStore
from domain.sessions import Bearer, ClientInfo, Method, Session, Tokens

REFRESH_PREFIX = "ccbr_"


class TokenSessions:
    """The `Sessions` port over a `SessionStore`."""

    def __init__(self, store: SessionStore, settings: TokenSettings, *, clock: Clock = utc_now) -> None:
        self._store = store
        self._settings = settings
        self._signer = Signer(settings)
        self._clock = clock

    async def open(self, person_id: str, *, method: Method, client: ClientInfo, second_factor: bool = False) -> Tokens:
        now = self._clock()
        session = Session(
            id=ids.new("ses"),
            person_id=person_id,
            method=method,
            second_factor=second_factor,
            ip=client.ip,
            user_agent=client.user_agent,
            created_at=now,
            last_seen_at=now,
            expires_at=now + self._settings.lasts,
        )
        refresh = _fresh()
        await self._store.begin(session, _digest(refresh), now + self._settings.idle)
        return self._tokens(session, refresh, now)

    async def refresh(self, token: SecretStr, client: ClientInfo) -> Tokens:
        now, fresh = self._clock(), _fresh()
        session = await self._store.rotate(
            _digest(token),
            _digest(fresh),
            client,
            now=now,
            unused_until=now + self._settings.idle,
            grace=timedelta(seconds=self._settings.grace_seconds),
        )
        return self._tokens(session, fresh, now)

    async def person_of(self, access_token: SecretStr) -> Bearer:
        now = self._clock()
        claims = self._signer.read(Kind.ACCESS, access_token, now=now)
        bearer = Bearer(person_id=claims["sub"], session_id=claims["sid"])
        if not await self._store.live(bearer.session_id, now):
            raise Unauthenticated("This session has ended: log in again.")
        return bearer

    async def lives(self, session_id: str) -> bool:
        return await self._store.live(session_id, self._clock())

    async def of(self, person_id: str) -> list[Session]:
        return await self._store.of(person_id, self._clock())

    async def end(self, session_id: str, *, person_id: str) -> None:
        await self._store.end(person_id, self._clock(), only=session_id)

    async def end_all(self, person_id: str, *, but: str | None = None) -> int:
        return len(await self._store.end(person_id, self._clock(), but=but))

    def _tokens(self, session: Session, refresh: SecretStr, now: datetime) -> Tokens:
        lasts = min(timedelta(seconds=self._settings.access_seconds), session.expires_at - now)
        access = self._signer.sign(
            Kind.ACCESS, session.person_id, {"sid": session.id, "jti": ids.new("tok")}, now=now, lasts=lasts
        )
        return Tokens(
            access_token=access,
            refresh_token=refresh.get_secret_value(),
            expires_in=int(lasts.total_seconds()),
        )


def _fresh() -> SecretStr:
    return SecretStr(REFRESH_PREFIX + secrets.token_urlsafe(32))


def _digest(token: SecretStr) -> str:
    return hashlib.sha256(token.get_secret_value().encode(errors="replace")).hexdigest()
