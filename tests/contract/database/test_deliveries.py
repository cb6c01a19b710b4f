"""Deliveries looked through, handled again and forgotten; and where the App is installed."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from adapters.database import Database, SqlDeliveries, SqlInstallations
from domain.artifacts import ArtifactRef, content_hash
from domain.deliveries import Arrived, Looked
from domain.errors import Corrupted, InvalidInput, NotFound
from domain.installations import InstallationChange
from domain.runs import Delivery, DeliveryOutcome

BODY = ArtifactRef(hash=content_hash(b"{}"), size=2, media_type="application/json")


def delivery(number: int, source: str = "github") -> Delivery:
    return Delivery.model_validate(
        {"source": source, "id": f"d{number}", "event": "issues", "received_at": datetime.now(UTC), "body": BODY}
    )


async def stored(store: SqlDeliveries, *actions: str) -> None:
    """One delivery for each action, d0 the oldest; without an action it waits."""
    for number, action in enumerate(actions):
        one = delivery(number, "slack" if number % 2 else "github")
        assert await store.store([Arrived(one, b"{}")]) == [True]
        if action:
            await store.finish(one.source, one.id, DeliveryOutcome.model_validate({"action": action, "detail": "x"}))


async def test_they_are_looked_through_by_source_outcome_and_time(db: Database) -> None:
    store = SqlDeliveries(db)
    await stored(store, "started", "failed", "", "failed", "ignored")
    found = (await store.page(Looked())).items
    assert [(one.id, one.outcome and one.outcome.action) for one in found] == [
        ("d4", "ignored"),
        ("d3", "failed"),
        ("d2", None),
        ("d1", "failed"),
        ("d0", "started"),
    ]
    assert [one.id for one in (await store.page(Looked(outcome="failed"))).items] == ["d3", "d1"]
    assert [one.id for one in (await store.page(Looked(outcome="waiting"))).items] == ["d2"]
    assert [one.id for one in (await store.page(Looked(source="slack"))).items] == ["d3", "d1"]
    later = datetime.now(UTC) + timedelta(seconds=1)
    assert (await store.page(Looked(since=later))).items == []
    assert len((await store.page(Looked(until=later))).items) == 5


async def test_pages_follow_each_other_without_a_gap(db: Database) -> None:
    store = SqlDeliveries(db)
    await asyncio.gather(*(store.store([Arrived(delivery(number), b"{}")]) for number in range(7)))
    seen, cursor = [], None
    while True:
        page = await store.page(Looked(cursor=cursor, limit=3))
        seen += [one.id for one in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert sorted(seen) == [f"d{number}" for number in range(7)]


@pytest.mark.parametrize("cursor", ["", "x", "W10=", "WyJ4Il0=", "WyIyMDI2LTExLTIzIiwgImEiLCAiYiJd", "é", "W1tbW1tb"])
async def test_a_cursor_of_somebody_elses_is_refused(db: Database, cursor: str) -> None:
    with pytest.raises(InvalidInput):
        await SqlDeliveries(db).page(Looked(cursor=cursor))


async def test_what_changed_nothing_is_reopened_by_one_of_many(db: Database) -> None:
    store = SqlDeliveries(db)
    await stored(store, "failed", "started", "")
    tries = await asyncio.gather(*(store.reopen("github", "d0") for _ in range(5)))
    (reopened,) = [one for one in tries if one is not None]
    assert reopened.attempt == 2
    assert await store.reopen("slack", "d1") is None
    assert await store.reopen("github", "d2") is None
    waiting = {one.id: one.attempt for one in await store.unfinished(older_than_seconds=0)}
    assert waiting == {"d0": 2, "d2": 1}
    read = await store.read("github", "d0")
    assert (read.attempts, read.outcome, read.workflow_id) == (2, None, "webhook/github/d0/replay-2")
    with pytest.raises(NotFound):
        await store.read("github", "nothing")


async def test_old_ones_are_forgotten_unless_they_wait(db: Database) -> None:
    store = SqlDeliveries(db)
    await stored(store, "started", "failed", "", "ignored")
    assert await store.prune(before=datetime.now(UTC) - timedelta(days=1)) == 0
    assert await store.prune(before=datetime.now(UTC) + timedelta(seconds=1), limit=2) == 2
    assert [one.id for one in (await store.page(Looked())).items] == ["d3", "d2"]
    assert await store.prune(before=datetime.now(UTC) + timedelta(seconds=1)) == 1
    assert [one.id for one in (await store.page(Looked())).items] == ["d2"]


def change(minute: int, **fields: object) -> InstallationChange:
    at = datetime(2026, 11, 23, 12, minute, tzinfo=UTC)
    return InstallationChange.model_validate({"installation_id": 42, "account": "acme", "at": at, **fields})


async def test_a_removed_installation_says_why_nothing_can_be_done(db: Database) -> None:
    known = SqlInstallations(db)
    assert await known.why_not("acme/one") is None
    await known.record(change(1, state="active", added=["Acme/One", "acme/two"]))
    assert await known.why_not("acme/one") is None
    await known.record(change(2, removed=["acme/one"]))
    assert "taken out" in str(await known.why_not("ACME/one"))
    await known.record(change(3, added=["acme/one"]))
    await known.record(change(4, state="suspended"))
    assert "suspended" in str(await known.why_not("acme/one"))
    await known.record(change(5, state="active"))
    assert await known.why_not("acme/one") is None
    await known.record(change(6, state="removed"))
    assert "uninstalled" in str(await known.why_not("acme/two"))
    await known.record(InstallationChange(installation_id=43, state="active", added=["acme/two"], at=change(7).at))
    assert await known.why_not("acme/two") is None


async def test_word_that_comes_late_changes_nothing(db: Database) -> None:
    known = SqlInstallations(db)
    for told in (
        change(5, removed=["acme/one"]),
        change(4, added=["acme/one"]),
        change(3, state="removed"),
        change(9, state="active"),
    ):
        await known.record(told)
    assert "uninstalled" in str(await known.why_not("acme/one"))


async def test_a_group_with_one_of_them_twice_is_stored_once(db: Database) -> None:
    store = SqlDeliveries(db)
    assert await store.store([Arrived(delivery(0), b"{}")]) == [True]
    group = [Arrived(delivery(number), b"{}") for number in (0, 1, 2, 1)]
    assert await store.store(group) == [False, True, True, False]
    assert {one.id for one in await store.unfinished(older_than_seconds=0)} == {"d0", "d1", "d2"}


async def test_the_body_is_in_the_row_and_goes_with_it(db: Database) -> None:
    store = SqlDeliveries(db)
    await stored(store, "failed")
    assert await store.body(delivery(0)) == b"{}"
    assert await store.body(delivery(7)) is None
    other = delivery(0).model_copy(update={"body": BODY.model_copy(update={"hash": content_hash(b"other")})})
    with pytest.raises(Corrupted):
        await store.body(other)
    assert await store.prune(before=datetime.now(UTC) + timedelta(seconds=1)) == 1
    assert await store.body(delivery(0)) is None


async def test_the_unfinished_are_read_a_page_at_a_time(db: Database) -> None:
    store = SqlDeliveries(db)
    await store.store([Arrived(delivery(number), b"{}") for number in range(5)])
    seen: list[str] = []
    last = None
    while page := await store.unfinished(older_than_seconds=0, after=last, limit=2):
        assert len(page) <= 2
        seen += [one.id for one in page]
        last = page[-1]
    assert seen == [f"d{number}" for number in range(5)]
