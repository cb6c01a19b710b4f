"""What the drift watch keeps. On both databases."""

from datetime import UTC, datetime, timedelta

import pytest

from adapters.database import Database, SqlDrift, SqlIntegrations
from domain import ids
from domain.artifacts import ArtifactRef
from domain.drift import Difference, DriftFound, DriftPolicy
from domain.manifest import HealthCheck
from domain.registry import RegistryEntry, Version
from domain.runs import DocumentSource

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
FIRST, SECOND = ("sha256:" + digit * 64 for digit in "12")
REF = ArtifactRef(hash=FIRST, size=1, media_type="application/json")
BREAKS = Difference(kind="operation_gone", breaking=True, where="GET /cities", what="is gone")


@pytest.fixture
def book(db: Database) -> SqlDrift:
    return SqlDrift(db)


async def serving(db: Database, requested, name: str, url: str | None) -> str:
    integrations, cmd = SqlIntegrations(db), requested(name=name)
    await integrations.accept(cmd, workflow_id="w", run_id="r")
    source = DocumentSource(url=url, artifact=None if url else REF)
    version = Version(
        integration_id=cmd.integration_id,
        version="1.0.0",
        content_hash=FIRST,
        files=REF,
        plan=REF,
        document=REF,
        source=source,
    )
    await integrations.record_version(version, key="version")
    entry = RegistryEntry(
        integration_id=cmd.integration_id,
        name=name,
        version="1.0.0",
        description="…",
        author="ada",
        dependencies=[],
        capabilities=[],
        hosts=[],
        health=HealthCheck(),
        url="http://127.0.0.1/i/x",
        deployment_id=ids.new("dep"),
        content_hash=FIRST,
    )
    await integrations.register(entry)
    return str(cmd.integration_id)


async def test_pages_of_what_has_a_url(db: Database, book: SqlDrift, requested) -> None:
    with_url = [await serving(db, requested, f"cities-{n}", "https://example.com/openapi.json") for n in range(3)]
    await serving(db, requested, "uploaded", None)
    found, cursor = [], None
    while True:
        page = await book.page(cursor=cursor, limit=2)
        found += [one.integration_id for one in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == sorted(with_url)


async def test_a_new_document_is_acted_on_once(db: Database, book: SqlDrift, requested) -> None:
    name = await serving(db, requested, "cities", "https://example.com/openapi.json")
    found = DriftFound(integration_id=name, version="1.0.0", at=AT, document_hash=SECOND, differences=[BREAKS])
    assert (await book.record(found)).to_act_on
    await book.acted(name, SECOND, "run-1")
    again = await book.record(found.model_copy(update={"at": AT + timedelta(hours=6)}))
    assert (again.to_act_on, again.breaking, again.update_run) == (False, True, "run-1")
    other = await book.record(found.model_copy(update={"document_hash": FIRST}))
    assert other.to_act_on


async def test_one_that_is_away_is_told_of_once(db: Database, book: SqlDrift, requested) -> None:
    name = await serving(db, requested, "cities", "https://example.com/openapi.json")
    read = DriftFound(integration_id=name, version="1.0.0", at=AT, document_hash=SECOND, differences=[BREAKS])
    away = DriftFound(integration_id=name, version="1.0.0", at=AT, error="it answered HTTP 404")
    policy = DriftPolicy(tell_after=timedelta(days=3))
    await book.record(read)
    assert not (await book.record(away)).to_be_told(policy)
    later = await book.record(away.model_copy(update={"at": AT + timedelta(days=3)}))
    assert (later.to_be_told(policy), later.unreachable_since, later.document_hash) == (True, AT, SECOND)
    assert later.differences == [BREAKS], "what was found before is the newest that is known"
    await book.told(name)
    assert not (await book.record(away.model_copy(update={"at": AT + timedelta(days=9)}))).to_be_told(policy)
    back = await book.record(read.model_copy(update={"at": AT + timedelta(days=10)}))
    assert (back.unreachable_since, back.told_at, back.error) == (None, None, "")


async def test_what_was_found_of_what_serves_no_more_is_forgotten_in_time(
    db: Database, book: SqlDrift, requested
) -> None:
    serves, ended = [await serving(db, requested, name, "https://example.com/o.json") for name in ("serves", "ended")]
    for one in (serves, ended):
        await book.record(DriftFound(integration_id=one, version="1.0.0", at=AT, document_hash=SECOND))
    await SqlIntegrations(db).deregister(ended, "1.0.0")
    await book.prune(AT)
    assert [await book.read(one) is not None for one in (serves, ended)] == [True, True]
    await book.prune(AT + timedelta(seconds=1))
    assert [await book.read(one) is not None for one in (serves, ended)] == [True, False]
