"""Secrets of integrations: encrypted where they lie, and bound to whose they are.

What is encrypted holds the integration's id and the secret's name beside the value, so that a row that was moved to
another integration, or to another name, is found out when it is read.
"""

import json
from datetime import UTC, datetime

from cryptography.fernet import InvalidToken
from pydantic import SecretStr, TypeAdapter, ValidationError
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.database import auditing, journal
from adapters.database.engine import Database
from adapters.database.settings import SecretsSettings
from adapters.database.tables import integrations, secrets
from domain.audit import Deed
from domain.errors import Conflict, Corrupted, InvalidInput
from domain.lifecycle import Stage
from domain.people import Actor
from domain.plan import EnvironmentName

MAX_BYTES = 65_536
_NAME: TypeAdapter[str] = TypeAdapter(EnvironmentName)
_OVER = (Stage.FAILED, Stage.RETIRED)


class SqlSecrets:
    """The `Secrets` port."""

    def __init__(self, db: Database, settings: SecretsSettings) -> None:
        self._db = db
        self._cipher = settings.cipher()

    async def put(self, integration_id: str, name: str, value: SecretStr, *, actor: Actor = journal.SYSTEM) -> None:
        """Raises InvalidInput, NotFound, and Conflict for an integration that failed or is retired: it needs none."""
        _check(name, value)
        sealed = self._seal(integration_id, name, value)
        now = datetime.now(UTC)
        row = {"ciphertext": sealed, "updated_at": now}
        statement = self._db.insert(secrets).values(integration_id=integration_id, name=name, **row)
        same = [secrets.c.integration_id, secrets.c.name]
        async with self._db.write() as connection:
            stage = Stage((await journal.locked(connection, integration_id))["stage"])
            if stage in _OVER:
                raise Conflict(f"This integration is {stage}: it takes no secrets.", stage=stage)
            await connection.execute(statement.on_conflict_do_update(index_elements=same, set_=row))
            await _note(connection, integration_id, "secret.put", name, actor)

    async def names(self, integration_id: str) -> list[str]:
        query = select(secrets.c.name).where(secrets.c.integration_id == integration_id)
        async with self._db.read() as connection:
            # Sorted here: databases differ in how they order `_`.
            return sorted((await connection.execute(query)).scalars())

    async def reveal(self, integration_id: str) -> dict[str, SecretStr]:
        query = select(secrets.c.name, secrets.c.ciphertext).where(secrets.c.integration_id == integration_id)
        async with self._db.read() as connection:
            rows = (await connection.execute(query)).all()
        return {name: self._open(integration_id, name, sealed) for name, sealed in sorted(tuple(row) for row in rows)}

    async def forget(self, integration_id: str) -> None:
        gone = delete(secrets).where(secrets.c.integration_id == integration_id).returning(secrets.c.name)
        async with self._db.write() as connection:
            for name in sorted((await connection.execute(gone)).scalars()):
                await _note(connection, integration_id, "secret.forget", name, journal.SYSTEM)

    def _seal(self, integration_id: str, name: str, value: SecretStr) -> str:
        return self._cipher.encrypt(json.dumps([integration_id, name, value.get_secret_value()]).encode()).decode()

    def _open(self, integration_id: str, name: str, sealed: str) -> SecretStr:
        try:
            owner, called, value = json.loads(self._cipher.decrypt(sealed))
        except InvalidToken as error:
            raise Corrupted(
                f"The secret {name} of {integration_id} was encrypted with a key that CCB_SECRETS_KEY no longer holds, "
                "or was altered: add the former key behind the present one, or set the secret again.",
                name=name,
            ) from error
        if (owner, called) != (integration_id, name):
            raise Corrupted(
                f"What is stored as the secret {name} of {integration_id} is not it: set the secret again.", name=name
            )
        return SecretStr(value)


def _check(name: str, value: SecretStr) -> None:
    """The rules of an environment variable, and ours of its length. The messages never hold the value."""
    try:
        _NAME.validate_python(name)
    except ValidationError as error:
        raise InvalidInput(
            "A secret's name is that of an environment variable: capital letters, digits and underscores, at most 64.",
            field="name",
        ) from error
    text = value.get_secret_value()
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        # Without its cause, which quotes the value.
        raise InvalidInput("The value cannot be taken: it is not Unicode.", field="value") from None
    if not 0 < size <= MAX_BYTES:
        raise InvalidInput(f"The value has {size} bytes; it may have 1 to {MAX_BYTES}.", field="value")
    if "\x00" in text:
        raise InvalidInput("The value holds a NUL character, which no environment variable can hold.", field="value")


async def _note(connection: AsyncConnection, integration_id: str, action: str, name: str, actor: Actor) -> None:
    query = select(integrations.c.organization_id).where(integrations.c.id == integration_id)
    organization_id = (await connection.execute(query)).scalar_one()
    deed = Deed(
        organization_id=organization_id,
        at=datetime.now(UTC),
        actor=actor,
        action=action,
        subject=integration_id,
        result=name,
    )
    auditing.note(connection, deed)
