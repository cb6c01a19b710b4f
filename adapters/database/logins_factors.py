"""Second factors. What is encrypted holds whose it is, so that a row moved to somebody else is found out."""

import json
from collections.abc import Sequence
from datetime import datetime

from cryptography.fernet import InvalidToken
from pydantic import SecretStr
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.database.engine import Database
from adapters.database.logins_deeds import noted
from adapters.database.logins_tables import recovery_codes, second_factors
from adapters.database.people_tables import people
from adapters.database.settings import SecretsSettings
from domain.accounts import Totp
from domain.errors import Conflict, Corrupted, NotFound

_LABEL = "totp"


class SqlFactors:
    """The `Factors` port."""

    def __init__(self, db: Database, settings: SecretsSettings) -> None:
        self._db = db
        self._cipher = settings.cipher()

    async def totp(self, person_id: str) -> Totp | None:
        query = select(second_factors).where(second_factors.c.person_id == person_id)
        async with self._db.read() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        if row is None:
            return None
        return Totp(secret=self._open(person_id, row["ciphertext"]), confirmed=row["confirmed"], step=row["step"])

    async def enrol(self, person_id: str, secret: SecretStr) -> None:
        sealed = self._cipher.encrypt(json.dumps([person_id, _LABEL, secret.get_secret_value()]).encode()).decode()
        row = {"ciphertext": sealed, "confirmed": False, "step": 0}
        statement = (
            self._db.insert(second_factors)
            .values(person_id=person_id, **row)
            .on_conflict_do_update(
                index_elements=[second_factors.c.person_id], set_=row, where=second_factors.c.confirmed.is_(False)
            )
            .returning(second_factors.c.person_id)
        )
        known = select(people.c.id).where(people.c.id == person_id)
        async with self._db.write() as connection:
            if (await connection.execute(known)).scalar_one_or_none() is None:
                raise NotFound(f"There is no person {person_id}.", person_id=person_id)
            if (await connection.execute(statement)).scalar_one_or_none() is None:
                raise Conflict("There is a second factor already: remove it first, with a code of it.")

    async def confirm(self, person_id: str, step: int, codes: Sequence[str], now: datetime) -> None:
        pending = (second_factors.c.person_id == person_id) & second_factors.c.confirmed.is_(False)
        confirmed = update(second_factors).where(pending).values(confirmed=True, confirmed_at=now, step=step)
        async with self._db.write() as connection:
            done = await connection.execute(confirmed.returning(second_factors.c.person_id))
            if done.scalar_one_or_none() is None:
                raise Conflict("There is no second factor to confirm: begin with a new secret.")
            await _replaced(connection, person_id, codes)
            await noted(connection, person_id, "factor.confirm", now)

    async def use_step(self, person_id: str, step: int) -> bool:
        unused = (second_factors.c.person_id == person_id) & (second_factors.c.step < step)
        used = update(second_factors).where(unused).values(step=step).returning(second_factors.c.person_id)
        async with self._db.write() as connection:
            return (await connection.execute(used)).scalar_one_or_none() is not None

    async def use_code(self, person_id: str, code: str, now: datetime) -> bool:
        unused = (
            (recovery_codes.c.person_id == person_id)
            & (recovery_codes.c.sha256 == code)
            & recovery_codes.c.used_at.is_(None)
        )
        used = update(recovery_codes).where(unused).values(used_at=now).returning(recovery_codes.c.sha256)
        async with self._db.write() as connection:
            if (await connection.execute(used)).scalar_one_or_none() is None:
                return False
            await noted(connection, person_id, "factor.recover", now)
            return True

    async def renew_codes(self, person_id: str, codes: Sequence[str]) -> None:
        async with self._db.write() as connection:
            await _replaced(connection, person_id, codes)

    async def codes_left(self, person_id: str) -> int:
        query = select(func.count()).where(recovery_codes.c.person_id == person_id, recovery_codes.c.used_at.is_(None))
        async with self._db.read() as connection:
            return (await connection.execute(query)).scalar_one()

    async def drop(self, person_id: str) -> None:
        async with self._db.write() as connection:
            await connection.execute(delete(second_factors).where(second_factors.c.person_id == person_id))
            await connection.execute(delete(recovery_codes).where(recovery_codes.c.person_id == person_id))

    def _open(self, person_id: str, sealed: str) -> SecretStr:
        try:
            owner, label, secret = json.loads(self._cipher.decrypt(sealed))
        except InvalidToken as error:
            raise Corrupted(
                f"The second factor of {person_id} was encrypted with a key that CCB_SECRETS_KEY no longer holds, or "
                "was altered: add the former key behind the present one, or have an operator remove it."
            ) from error
        if (owner, label) != (person_id, _LABEL):
            raise Corrupted(
                f"What is stored as the second factor of {person_id} is not it: have an operator remove it."
            )
        return SecretStr(secret)


async def _replaced(connection: AsyncConnection, person_id: str, codes: Sequence[str]) -> None:
    await connection.execute(delete(recovery_codes).where(recovery_codes.c.person_id == person_id))
    await connection.execute(insert(recovery_codes).values([{"person_id": person_id, "sha256": one} for one in codes]))
