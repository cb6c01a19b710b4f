"""Requests that were sent with an Idempotency-Key, and how they were answered.

Answers are encrypted, for they may hold a key that is shown only once; what is encrypted names its request too, so
that an answer that was moved to another request is found out. Scope and key are kept as a hash alone.
"""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from cryptography.fernet import InvalidToken
from sqlalchemy import ColumnElement, Row, delete, select, update

from adapters.database.engine import Database
from adapters.database.repeats_tables import repeats
from adapters.database.settings import SecretsSettings
from domain import ids
from domain.errors import Corrupted, KeyReused, StillUnderWay
from domain.repeats import Claim, GivenAnswer

_BATCH = 1000


class SqlRepeats:
    """The `Repeats` port. Leases run by the clocks of the processes, which may differ by less than a lease."""

    def __init__(self, db: Database, settings: SecretsSettings) -> None:
        self._db = db
        self._cipher = settings.cipher()

    async def claim(self, scope: str, key: str, fingerprint: str, *, lease: timedelta) -> Claim | GivenAnswer:
        known, holder = _known(scope, key), ids.new("hld")
        async with self._db.write() as connection:
            now = datetime.now(UTC)  # others may have been waited for
            mine = {"holder": holder, "held_until": now + lease}
            row = {"id": known, "request_id": ids.new("req"), "fingerprint": fingerprint, "created_at": now, **mine}
            first = self._db.insert(repeats).values(**row).on_conflict_do_nothing().returning(repeats.c.request_id)
            if (request_id := (await connection.execute(first)).scalar()) is not None:
                return Claim(request_id=request_id, holder=holder)
            found = (await connection.execute(select(repeats).where(repeats.c.id == known).with_for_update())).one()
            if found.fingerprint != fingerprint:
                raise KeyReused("This Idempotency-Key was sent with another request; use a new key for a new request.")
            if found.answer is None:
                now = datetime.now(UTC)
                _free(found, now)
                mine["held_until"] = now + lease
                await connection.execute(update(repeats).where(repeats.c.id == known).values(**mine))
                return Claim(request_id=found.request_id, holder=holder, again=True)
        return self._opened(known, found.answer)

    async def renew(self, scope: str, key: str, claim: Claim, *, lease: timedelta) -> None:
        await self._change(scope, key, claim, held_until=datetime.now(UTC) + lease)

    async def answer(self, scope: str, key: str, claim: Claim, given: GivenAnswer) -> None:
        sealed = self._cipher.encrypt(json.dumps([_known(scope, key), given.model_dump_json()]).encode())
        await self._change(scope, key, claim, answer=sealed.decode())

    async def release(self, scope: str, key: str, claim: Claim) -> None:
        await self._change(scope, key, claim, held_until=datetime.now(UTC))

    async def prune(self, *, kept: timedelta) -> int:
        """In short transactions: SQLite has one writer."""
        before, gone = datetime.now(UTC) - kept, 0
        old = select(repeats.c.id).where(repeats.c.created_at < before).order_by(repeats.c.created_at).limit(_BATCH)
        while True:
            async with self._db.write() as connection:
                count = (await connection.execute(delete(repeats).where(repeats.c.id.in_(old)))).rowcount
            gone += count
            if count < _BATCH:
                return gone

    async def _change(self, scope: str, key: str, claim: Claim, **values: object) -> None:
        async with self._db.write() as connection:
            await connection.execute(update(repeats).where(*_held(_known(scope, key), claim)).values(**values))

    def _opened(self, known: str, sealed: str) -> GivenAnswer:
        try:
            named, given = json.loads(self._cipher.decrypt(sealed))
        except InvalidToken as error:
            raise Corrupted(
                "The answer to this request was encrypted with a key that CCB_SECRETS_KEY no longer holds, or was "
                "altered: look at what the request made, or send it with a new Idempotency-Key."
            ) from error
        if named != known:
            raise Corrupted("What is stored as the answer to this request is not it. Send it with a new key.")
        return GivenAnswer.model_validate_json(given)


def _known(scope: str, key: str) -> str:
    return sha256(json.dumps([scope, key]).encode()).hexdigest()


def _held(known: str, claim: Claim) -> tuple[ColumnElement[bool], ...]:
    return repeats.c.id == known, repeats.c.holder == claim.holder, repeats.c.answer.is_(None)


def _free(found: Row[tuple[object, ...]], now: datetime) -> None:
    """Raises StillUnderWay while another holds the claim."""
    left = (found.held_until - now).total_seconds()
    if left > 0:
        raise StillUnderWay(
            "The same request is still being worked on. Send it again in a moment, with the same key.",
            retry_after=max(1.0, left),
        )
