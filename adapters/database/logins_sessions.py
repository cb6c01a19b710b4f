"""Sessions and their refresh tokens.

A rotation locks the session's row first, so that two replicas that are given one token take turns, and the second sees
what the first did.
"""

from datetime import datetime, timedelta

from sqlalchemy import RowMapping, String, bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.database.engine import Database
from adapters.database.logins_deeds import noted
from adapters.database.logins_tables import logins, refresh_tokens, sessions
from adapters.database.looking import Look
from adapters.database.people_tables import people
from adapters.database.tables import Moment
from domain.errors import Conflict, NotFound, Unauthenticated
from domain.sessions import ClientInfo, Session

KEPT = timedelta(days=30)
"""How long a session that is over can still be read in the database; then its person's next login removes it."""

_AGAIN = "Log in again."

_LIVE = Look(
    select(sessions.c.id).where(
        sessions.c.id == bindparam("session", type_=String),
        sessions.c.ended_at.is_(None),
        sessions.c.expires_at > bindparam("now", type_=Moment),
    )
)


class SqlSessions:
    """The `SessionStore` port."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def begin(self, session: Session, refresh: str, unused_until: datetime) -> None:
        until = min(unused_until, session.expires_at)
        token = {"sha256": refresh, "session_id": session.id, "expires_at": until}
        known = select(people.c.id).where(people.c.id == session.person_id)
        async with self._db.write() as connection:
            if (await connection.execute(known)).scalar_one_or_none() is None:
                raise NotFound(f"There is no person {session.person_id}.", person_id=session.person_id)
            await _removed(connection, session.person_id, session.created_at - KEPT)
            await connection.execute(insert(sessions).values(session.model_dump()))
            await connection.execute(insert(refresh_tokens).values(token))
            last = update(logins).where(logins.c.person_id == session.person_id)
            await connection.execute(last.values(last_login=session.created_at))
            how = f"{session.method}, with a second factor" if session.second_factor else session.method
            await noted(
                connection, session.person_id, "session.open", session.created_at, detail=how, client=session.ip
            )

    async def rotate(
        self, refresh: str, fresh: str, client: ClientInfo, *, now: datetime, unused_until: datetime, grace: timedelta
    ) -> Session:
        async with self._db.write() as connection:
            found = await self._rotated(connection, refresh, fresh, client, now, unused_until, grace)
        if isinstance(found, Session):
            return found
        # Raised here: the end of a session whose token was copied has to be committed.
        raise found

    async def _rotated(
        self,
        connection: AsyncConnection,
        refresh: str,
        fresh: str,
        client: ClientInfo,
        now: datetime,
        unused_until: datetime,
        grace: timedelta,
    ) -> Session | Unauthenticated | Conflict:
        session = await _locked(connection, refresh)
        if session is None:
            return Unauthenticated(f"This refresh token is not known. {_AGAIN}")
        # Read after the lock: a rival may have used it while this one waited.
        query = select(refresh_tokens).where(refresh_tokens.c.sha256 == refresh)
        token = (await connection.execute(query)).mappings().one()
        if session["ended_at"] is not None:
            return Unauthenticated(f"This session has ended. {_AGAIN}")
        if token["used_at"] is not None:
            return await _used_again(connection, session, client, now, token["used_at"] + grace)
        if min(session["expires_at"], token["expires_at"]) <= now:
            return Unauthenticated(f"This refresh token is over. {_AGAIN}")
        seen = {"last_seen_at": now, "ip": client.ip, "user_agent": client.user_agent}
        until = min(session["expires_at"], unused_until)
        here = sessions.c.id == session["id"]
        await connection.execute(update(refresh_tokens).where(refresh_tokens.c.sha256 == refresh).values(used_at=now))
        await connection.execute(
            insert(refresh_tokens).values(sha256=fresh, session_id=session["id"], expires_at=until)
        )
        changed = update(sessions).where(here).values(seen).returning(sessions)
        return _session((await connection.execute(changed)).mappings().one())

    async def live(self, session_id: str, now: datetime) -> bool:
        return bool(await self._db.look(_LIVE, session=session_id, now=now))

    async def of(self, person_id: str, now: datetime) -> list[Session]:
        query = (
            select(sessions)
            .where(sessions.c.person_id == person_id, sessions.c.ended_at.is_(None), sessions.c.expires_at > now)
            .order_by(sessions.c.created_at.desc(), sessions.c.id.desc())
        )
        async with self._db.read() as connection:
            return [_session(row) for row in (await connection.execute(query)).mappings()]

    async def end(self, person_id: str, now: datetime, *, only: str | None = None, but: str | None = None) -> list[str]:
        chosen = sessions.c.person_id == person_id
        if only is not None:
            chosen &= sessions.c.id == only
        if but is not None:
            chosen &= sessions.c.id != but
        ended = update(sessions).where(chosen, sessions.c.ended_at.is_(None)).values(ended_at=now)
        async with self._db.write() as connection:
            known = (await connection.execute(select(sessions.c.id).where(chosen).limit(1))).scalar_one_or_none()
            if only is not None and known is None:
                raise NotFound(f"This person has no session {only}.", session_id=only)
            return sorted((await connection.execute(ended.returning(sessions.c.id))).scalars())


async def _locked(connection: AsyncConnection, refresh: str) -> RowMapping | None:
    owner = select(refresh_tokens.c.session_id).where(refresh_tokens.c.sha256 == refresh).scalar_subquery()
    query = select(sessions).where(sessions.c.id == owner).with_for_update()
    return (await connection.execute(query)).mappings().one_or_none()


async def _used_again(
    connection: AsyncConnection, session: RowMapping, client: ClientInfo, now: datetime, until: datetime
) -> Unauthenticated | Conflict:
    if now < until:
        return Conflict(
            "This refresh token has just been used. Go on with the tokens that were answered then; if they were lost, "
            "log in again.",
            session_id=session["id"],
        )
    await connection.execute(update(sessions).where(sessions.c.id == session["id"]).values(ended_at=now))
    copied = "a refresh token was used twice"
    await noted(connection, session["person_id"], "session.end", now, result="reused", detail=copied, client=client.ip)
    return Unauthenticated(
        f"This refresh token was used before, so that somebody may have copied it: the session has ended. {_AGAIN}",
        reused=True,
    )


async def _removed(connection: AsyncConnection, person_id: str, before: datetime) -> None:
    over = select(sessions.c.id).where(
        sessions.c.person_id == person_id, (sessions.c.ended_at < before) | (sessions.c.expires_at < before)
    )
    ids = list((await connection.execute(over)).scalars())
    if ids:
        await connection.execute(delete(refresh_tokens).where(refresh_tokens.c.session_id.in_(ids)))
        await connection.execute(delete(sessions).where(sessions.c.id.in_(ids)))


def _session(row: RowMapping) -> Session:
    return Session.model_validate(dict(row))
