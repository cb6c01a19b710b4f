"""After the key was changed: what former keys encrypted is encrypted with the first one, so that they can be let go.

Answers that are kept for repeated requests are left: they are forgotten within days.
"""

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import Table, select, tuple_, update

from adapters.database.engine import Database
from adapters.database.logins_tables import second_factors
from adapters.database.settings import SecretsSettings
from adapters.database.tables import secrets
from domain.base import Data
from domain.errors import Corrupted

_AT_ONCE = 100
_TABLES = (secrets, second_factors)


class Reencrypted(Data):
    """How many values were under a former key, of how many there are."""

    renewed: int
    values: int


class SqlReencryption:
    """May be repeated, and be broken off: each value is under a key that is known at any moment."""

    def __init__(self, db: Database, settings: SecretsSettings) -> None:
        self._db = db
        self._cipher = settings.cipher()
        self._first = settings.first()

    async def run(self) -> Reencrypted:
        """Raises Corrupted for a value that none of the keys opens; those before it are done."""
        done = [await self._table(table) for table in _TABLES]
        return Reencrypted(renewed=sum(one.renewed for one in done), values=sum(one.values for one in done))

    async def _table(self, table: Table) -> Reencrypted:
        key = list(table.primary_key.columns)
        last: tuple[str, ...] | None = None
        renewed = values = 0
        while True:
            query = select(*key, table.c.ciphertext).order_by(*key).limit(_AT_ONCE).with_for_update()
            if last is not None:
                query = query.where(tuple_(*key) > last)
            async with self._db.write() as connection:
                rows = [tuple(row) for row in await connection.execute(query)]
                for *name, sealed in rows:
                    if not _opens(self._first, sealed):
                        here = update(table).where(tuple_(*key) == tuple(name))
                        await connection.execute(here.values(ciphertext=self._renewed(sealed, name)))
                        renewed += 1
            values += len(rows)
            if len(rows) < _AT_ONCE:
                return Reencrypted(renewed=renewed, values=values)
            last = rows[-1][:-1]

    def _renewed(self, sealed: str, name: list[str]) -> str:
        try:
            return self._cipher.rotate(sealed.encode()).decode()
        except InvalidToken as error:
            raise Corrupted(
                f"What is stored of {' '.join(name)} was encrypted with a key that CCB_SECRETS_KEY no longer holds: "
                "put that key behind the others, and try again."
            ) from error


def _opens(key: Fernet, sealed: str) -> bool:
    try:
        key.decrypt(sealed.encode())
    except InvalidToken:
        return False
    return True
