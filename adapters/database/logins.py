"""Accounts and the tokens that were mailed."""

from datetime import datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import Delete, RowMapping, Select, delete, exists, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.database.engine import Database
from adapters.database.logins_deeds import noted, turned_away
from adapters.database.logins_tables import first_logins, login_places, logins, mailed_tokens, second_factors
from adapters.database.people_tables import people
from domain.accounts import Account, Mailed, Purpose, email_key
from domain.errors import Conflict

_PLACES_KEPT = timedelta(days=180)


class SqlLogins:
    """The `Logins` port."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def by_email(self, address: str) -> Account | None:
        return await self._one(_accounts().where(logins.c.email_key == email_key(address)))

    async def by_person(self, person_id: str) -> Account | None:
        return await self._one(_accounts().where(logins.c.person_id == person_id))

    async def _one(self, query: Select[tuple[object, ...]]) -> Account | None:
        async with self._db.read() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return _account(row) if row is not None else None

    async def mail(self, digest: str, mailed: Mailed) -> None:
        row = {
            "sha256": digest,
            "purpose": mailed.purpose,
            "document": _document(mailed),
            "expires_at": mailed.expires_at,
        }
        over = delete(mailed_tokens).where(mailed_tokens.c.expires_at < mailed.expires_at - timedelta(days=30))
        async with self._db.write() as connection:
            await connection.execute(over)
            await connection.execute(insert(mailed_tokens).values(row))

    async def mailed(self, digest: str, purpose: Purpose, now: datetime) -> Mailed | None:
        query = select(mailed_tokens.c.document).where(
            mailed_tokens.c.sha256 == digest,
            mailed_tokens.c.purpose == purpose,
            mailed_tokens.c.used_at.is_(None),
            mailed_tokens.c.expires_at > now,
        )
        async with self._db.read() as connection:
            document = (await connection.execute(query)).scalar_one_or_none()
        return Mailed.model_validate(document) if document is not None else None

    async def create(self, account: Account, digest: str | None = None) -> Account:
        try:
            async with self._db.write() as connection:
                if digest is not None:
                    await _used_up(connection, digest, account.created_at)
                await connection.execute(insert(logins).values(_values(account)))
                await noted(connection, account.person_id, "account.create", account.created_at)
        except Conflict as error:
            if not isinstance(error.__cause__, IntegrityError):
                raise
            raise Conflict("There is an account for this person or address already: log in, or reset it.") from error
        return account

    async def create_first(self, account: Account) -> bool:
        try:
            async with self._db.write() as connection:
                if (await connection.execute(select(exists(select(logins.c.person_id))))).scalar_one():
                    return False
                # Two processes that both see none: the second cannot insert the one row.
                await connection.execute(insert(first_logins).values(only=1, person_id=account.person_id))
                await connection.execute(insert(logins).values(_values(account)))
                await noted(connection, account.person_id, "account.create", account.created_at, detail="the first")
        except Conflict as error:
            if isinstance(error.__cause__, IntegrityError):
                return False
            raise
        return True

    async def set_password(
        self, person_id: str, password: SecretStr, now: datetime, *, digest: str | None = None
    ) -> None:
        changed = update(logins).where(logins.c.person_id == person_id).values(password=password.get_secret_value())
        async with self._db.write() as connection:
            if digest is not None:
                await _used_up(connection, digest, now)
            await connection.execute(changed)
            by = "by a code that was mailed" if digest is not None else ""
            await noted(connection, person_id, "password.set", now, detail=by)

    async def move(self, person_id: str, email: str, now: datetime, *, digest: str) -> str:
        mine = logins.c.person_id == person_id
        to = {"email": email, "email_key": email_key(email)}
        try:
            async with self._db.write() as connection:
                await _used_up(connection, digest, now)
                held = select(logins.c.email).where(mine).with_for_update()
                former: str = (await connection.execute(held)).scalar_one()
                await connection.execute(update(logins).where(mine).values(**to))
                await connection.execute(update(people).where(people.c.id == person_id).values(email=email))
                await connection.execute(_void(person_id))
                await noted(connection, person_id, "email.set", now, detail=f"before: {former}")
        except Conflict as error:
            if not isinstance(error.__cause__, IntegrityError):
                raise
            raise Conflict("There is an account for this address already.") from error
        return former

    async def rehash(self, person_id: str, former: SecretStr, password: SecretStr) -> None:
        changed = (
            update(logins)
            .where(logins.c.person_id == person_id, logins.c.password == former.get_secret_value())
            .values(password=password.get_secret_value())
        )
        async with self._db.write() as connection:
            await connection.execute(changed)

    async def refused(self, person_id: str | None, action: str, now: datetime, *, client: str) -> None:
        async with self._db.write() as connection:
            await turned_away(connection, person_id, action, now, client=client)

    async def logged_in(self, person_id: str, place: str, now: datetime) -> None:
        row = {"last_login": now}
        same = [login_places.c.person_id, login_places.c.place]
        statement = self._db.insert(login_places).values(person_id=person_id, place=place, **row)
        forgotten = delete(login_places).where(
            login_places.c.person_id == person_id, login_places.c.last_login < now - _PLACES_KEPT
        )
        async with self._db.write() as connection:
            await connection.execute(forgotten)
            await connection.execute(statement.on_conflict_do_update(index_elements=same, set_=row))

    async def last_from(self, person_id: str, place: str) -> datetime | None:
        query = select(login_places.c.last_login).where(
            login_places.c.person_id == person_id, login_places.c.place == place
        )
        async with self._db.read() as connection:
            return (await connection.execute(query)).scalar_one_or_none()


def _void(person_id: str) -> Delete:
    """What was mailed to the former address opens nothing any more: who has it may be somebody else by now."""
    of_them = mailed_tokens.c.document["person_id"].as_string() == person_id
    return delete(mailed_tokens).where(of_them, mailed_tokens.c.used_at.is_(None))


async def _used_up(connection: AsyncConnection, digest: str, now: datetime) -> None:
    unused = (mailed_tokens.c.sha256 == digest) & mailed_tokens.c.used_at.is_(None)
    used = update(mailed_tokens).where(unused).values(used_at=now).returning(mailed_tokens.c.sha256)
    if (await connection.execute(used)).scalar_one_or_none() is None:
        raise Conflict("This link has been used meanwhile: ask for a new one if it was not you.")


def _accounts() -> Select[tuple[object, ...]]:
    confirmed = exists().where(second_factors.c.person_id == logins.c.person_id, second_factors.c.confirmed)
    return select(logins, confirmed.label("second_factor"))


def _account(row: RowMapping) -> Account:
    return Account.model_validate({name: row[name] for name in Account.model_fields})


def _values(account: Account) -> dict[str, object]:
    password = account.password.get_secret_value() if account.password else None
    kept = account.model_dump(exclude={"password", "second_factor"})
    return kept | {"email_key": email_key(account.email), "password": password}


def _document(mailed: Mailed) -> dict[str, object]:
    password = mailed.password.get_secret_value() if mailed.password else None
    return mailed.model_dump(mode="json") | {"password": password}
