"""Identities at providers, and passkeys."""

import hashlib
from datetime import datetime

from sqlalchemy import RowMapping, delete, select, update
from sqlalchemy.exc import IntegrityError

from adapters.database.engine import Database
from adapters.database.federation_tables import identities, passkeys
from domain.errors import Conflict, NotFound
from domain.federation import Asserted, Identity, Passkey

_PASSKEY = frozenset(Passkey.model_fields)


class SqlIdentities:
    """The `Identities` port."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def find(self, issuer: str, subject: str) -> Identity | None:
        query = select(identities).where(identities.c.issuer == issuer, identities.c.subject == subject)
        async with self._db.read() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return _identity(row) if row is not None else None

    async def link(self, identity: Identity) -> Identity:
        same = (identities.c.issuer == identity.issuer) & (identities.c.subject == identity.subject)
        statement = self._db.insert(identities).values(identity.model_dump()).on_conflict_do_nothing()
        async with self._db.write() as connection:
            await connection.execute(statement)
            stored = _identity((await connection.execute(select(identities).where(same))).mappings().one())
        if stored.person_id != identity.person_id:
            raise Conflict(f"This account at {identity.provider} is linked with somebody else here.")
        return stored

    async def used(self, identity_id: str, now: datetime) -> None:
        async with self._db.write() as connection:
            await connection.execute(update(identities).where(identities.c.id == identity_id).values(last_used_at=now))

    async def of(self, person_id: str) -> list[Identity]:
        query = select(identities).where(identities.c.person_id == person_id).order_by(identities.c.id)
        async with self._db.read() as connection:
            return [_identity(row) for row in (await connection.execute(query)).mappings()]

    async def unlink(self, identity_id: str, *, person_id: str) -> None:
        theirs = (identities.c.id == identity_id) & (identities.c.person_id == person_id)
        async with self._db.write() as connection:
            if (await connection.execute(delete(identities).where(theirs))).rowcount == 0:
                raise NotFound("You have no such linked account.")


class SqlPasskeys:
    """The `Passkeys` port."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, passkey: Passkey) -> None:
        values = passkey.model_dump() | {"credential_sha256": _digest(passkey.credential_id)}
        try:
            async with self._db.write() as connection:
                await connection.execute(self._db.insert(passkeys).values(values))
        except Conflict as error:
            if not isinstance(error.__cause__, IntegrityError):
                raise
            raise Conflict("This passkey is known already.") from error

    async def by_credential(self, credential_id: str) -> Passkey | None:
        query = select(passkeys).where(passkeys.c.credential_sha256 == _digest(credential_id))
        async with self._db.read() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return _passkey(row) if row is not None else None

    async def of(self, person_id: str) -> list[Passkey]:
        query = select(passkeys).where(passkeys.c.person_id == person_id).order_by(passkeys.c.id)
        async with self._db.read() as connection:
            return [_passkey(row) for row in (await connection.execute(query)).mappings()]

    async def used(self, passkey: Passkey, asserted: Asserted, now: datetime) -> bool:
        unchanged = (passkeys.c.id == passkey.id) & (passkeys.c.sign_count == passkey.sign_count)
        values = {"sign_count": asserted.sign_count, "backed_up": asserted.backed_up, "last_used_at": now}
        async with self._db.write() as connection:
            return (await connection.execute(update(passkeys).where(unchanged).values(values))).rowcount == 1

    async def remove(self, passkey_id: str, *, person_id: str) -> None:
        theirs = (passkeys.c.id == passkey_id) & (passkeys.c.person_id == person_id)
        async with self._db.write() as connection:
            if (await connection.execute(delete(passkeys).where(theirs))).rowcount == 0:
                raise NotFound("You have no such passkey.")


def _identity(row: RowMapping) -> Identity:
    return Identity.model_validate(dict(row))


def _passkey(row: RowMapping) -> Passkey:
    return Passkey.model_validate({name: value for name, value in row.items() if name in _PASSKEY})


def _digest(credential_id: str) -> str:
    return hashlib.sha256(credential_id.encode()).hexdigest()
