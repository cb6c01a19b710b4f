"""The audit: who did what, when, from where, to what, with which result, as a hash chain for each organisation.

An entry's hash is SHA-256 over the hash of the entry before it and over its own fields, so that none can be changed,
removed or moved without all that follow it. Whoever holds the database could compute them all anew: note the head now
and then where they cannot reach, and compare (`verified(…, noted=…)`).
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime

from pydantic import AwareDatetime, Field, JsonValue

from domain.base import Data
from domain.people import Actor

BEGINNING = ""
"""What stands before the first entry."""


class Deed(Data):
    """What somebody did. `subject` is what it was done to, `client` the network address that it came from, if any."""

    organization_id: str
    at: AwareDatetime
    actor: Actor
    action: str = Field(max_length=80)
    subject: str = Field(max_length=300)
    result: str = Field(max_length=80)
    detail: str = ""
    client: str | None = None


class AuditEntry(Deed):
    """A deed with its place in the chain. `sequence` counts an organisation's entries from 1."""

    sequence: int
    hash: str


class Head(Data):
    """The last entry of a chain; `sequence` 0 and no hash for an empty one."""

    sequence: int = 0
    hash: str = BEGINNING


class AuditPage(Data):
    """Entries in the order they happened, and how far the chain reaches."""

    items: list[AuditEntry]
    head: Head


class Break(Data):
    """The first place at which a chain does not hold."""

    sequence: int
    why: str


class Verified(Data):
    """What came of looking at a whole chain. It holds if there is no `broken`."""

    entries: int
    head: Head
    broken: Break | None = None


def chained(previous: str, sequence: int, deed: Deed) -> str:
    """The hash of `deed` as the entry `sequence` behind the one whose hash is `previous`, in hexadecimal."""
    fields: dict[str, JsonValue] = {
        "sequence": sequence,
        "organization_id": deed.organization_id,
        "at": _moment(deed.at),
        "actor": deed.actor.model_dump(mode="json"),
        "action": deed.action,
        "subject": deed.subject,
        "result": deed.result,
        "detail": deed.detail,
        "client": deed.client,
    }
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()


def verified(entries: Iterable[AuditEntry], head: Head, *, noted: str | None = None) -> Verified:
    """Look at a whole chain from its first entry on. `noted` is a hash that has to be in it."""
    last, met = Head(), noted is None
    for entry in entries:
        if entry.sequence != last.sequence + 1:
            return _broken(last, last.sequence + 1, f"the entry behind {last.sequence} is number {entry.sequence}")
        if entry.hash != chained(last.hash, entry.sequence, entry):
            return _broken(last, entry.sequence, "it was changed, or what was before it was")
        last = Head(sequence=entry.sequence, hash=entry.hash)
        met = met or entry.hash == noted
    if last != head:
        return _broken(last, last.sequence + 1, f"the chain ends here, and it once reached {head.sequence}")
    if not met:
        return _broken(last, 0, f"the hash {noted} is not in the chain: it is not the one that was noted")
    return Verified(entries=last.sequence, head=last)


def _broken(last: Head, sequence: int, why: str) -> Verified:
    return Verified(entries=last.sequence, head=last, broken=Break(sequence=sequence, why=why))


def _moment(at: datetime) -> str:
    """RFC 3339 in UTC, to the microsecond: as exact as both databases store it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
