"""Sessions and refresh tokens as they are stored, on both databases."""

import asyncio
from datetime import timedelta

import pytest

from adapters.database import SqlAudit, SqlLogins, SqlSessions
from domain import ids
from domain.errors import Conflict, NotFound, Unauthenticated
from domain.ids import DEFAULT_ORGANIZATION
from domain.sessions import Session
from tests.contract.database.at_the_door import DAY, GRACE, HERE, NOW, THERE, account, rotated, session


async def test_a_refresh_token_is_used_up_and_its_successor_goes_on(db, ada):
    store, begun = SqlSessions(db), session(ada)
    await store.begin(begun, "first", NOW + DAY)
    later = NOW + timedelta(minutes=5)
    seen = await rotated(store, "first", "second", at=later)
    assert (seen.id, seen.person_id, seen.last_seen_at) == (begun.id, ada, later)
    assert (seen.ip, seen.user_agent) == (THERE.ip, THERE.user_agent)
    await rotated(store, "second", "third", at=later)
    assert await store.live(begun.id, later)


async def test_a_token_that_comes_again_ends_its_whole_session(db, ada):
    store, begun, other = SqlSessions(db), session(ada), session(ada)
    await store.begin(begun, "first", NOW + DAY)
    await store.begin(other, "others", NOW + DAY)
    await rotated(store, "first", "second")
    with pytest.raises(Unauthenticated, match="used before") as caught:
        await rotated(store, "first", "thief", at=NOW + GRACE)
    assert caught.value.details == {"reused": True}
    assert not await store.live(begun.id, NOW)
    for token in ("second", "thief"):
        with pytest.raises(Unauthenticated):
            await rotated(store, token, "x", at=NOW + GRACE)
    assert [one.id for one in await store.of(ada, NOW)] == [other.id]


async def test_within_seconds_a_second_use_gives_nothing_and_ends_nothing(db, ada):
    store, begun = SqlSessions(db), session(ada)
    await store.begin(begun, "first", NOW + DAY)
    await rotated(store, "first", "second")
    with pytest.raises(Conflict):
        await rotated(store, "first", "third", at=NOW + GRACE - timedelta(seconds=1))
    assert await store.live(begun.id, NOW)
    with pytest.raises(Unauthenticated, match="not known"):
        await rotated(store, "third", "x")
    await rotated(store, "second", "fourth")


async def test_two_replicas_that_race_one_token_give_one_pair(db, other_db, ada):
    begun = session(ada)
    await SqlSessions(db).begin(begun, "0", NOW + DAY)
    for number in range(10):
        outcomes = await asyncio.gather(
            *(rotated(SqlSessions(one), str(number), f"{number}.{way}") for way, one in enumerate((db, other_db))),
            return_exceptions=True,
        )
        assert sorted(type(one) for one in outcomes if not isinstance(one, Session)) == [Conflict]
        winner = next(way for way, one in enumerate(outcomes) if isinstance(one, Session))
        await rotated(SqlSessions(db), f"{number}.{winner}", str(number + 1))
    assert await SqlSessions(db).live(begun.id, NOW)


async def test_a_token_unused_for_too_long_and_a_session_at_its_end_are_over(db, ada):
    store, begun = SqlSessions(db), session(ada, lasts=2 * DAY)
    await store.begin(begun, "first", NOW + DAY)
    with pytest.raises(Unauthenticated, match="over"):
        await rotated(store, "first", "second", at=NOW + DAY)
    assert await store.live(begun.id, NOW + DAY)
    await rotated(store, "first", "second", at=NOW + DAY - GRACE)
    await rotated(store, "second", "third", at=NOW + DAY + DAY / 2)
    with pytest.raises(Unauthenticated, match="over"):
        await rotated(store, "third", "fourth", at=NOW + 2 * DAY)
    assert not await store.live(begun.id, NOW + 2 * DAY)
    assert await store.of(ada, NOW + 2 * DAY) == []


async def test_sessions_end_one_by_one_or_all_but_one_and_only_ones_own(db, ada, bob):
    store = SqlSessions(db)
    mine = [session(ada, at=NOW + timedelta(seconds=second)) for second in range(4)]
    theirs = session(bob)
    for one in (*mine, theirs):
        await store.begin(one, one.id, NOW + DAY)
    assert [one.id for one in await store.of(ada, NOW)] == [one.id for one in reversed(mine)]
    with pytest.raises(NotFound):
        await store.end(ada, NOW, only=theirs.id)
    assert await store.end(ada, NOW, only=mine[0].id) == [mine[0].id]
    assert await store.end(ada, NOW, only=mine[0].id) == []
    with pytest.raises(Unauthenticated, match="ended"):
        await rotated(store, mine[0].id, "x")
    assert await store.end(ada, NOW, but=mine[1].id) == sorted([mine[2].id, mine[3].id])
    assert [one.id for one in await store.of(ada, NOW)] == [mine[1].id]
    assert await store.end(ada, NOW) == [mine[1].id]
    assert await store.live(theirs.id, NOW)


async def test_sessions_long_over_are_removed_by_their_persons_next(db, ada, scalars):
    store = SqlSessions(db)
    old, ended = session(ada, lasts=DAY), session(ada, lasts=365 * DAY)
    for one in (old, ended):
        await store.begin(one, one.id, NOW + DAY)
    await store.end(ada, NOW, only=ended.id)
    await store.begin(session(ada, at=NOW + 40 * DAY), "fresh", NOW + 50 * DAY)
    assert await scalars("SELECT count(*) FROM sessions") == [1]
    assert await scalars("SELECT sha256 FROM refresh_tokens") == ["fresh"]


async def test_nobody_has_no_session(db):
    with pytest.raises(NotFound):
        await SqlSessions(db).begin(session(ids.new("per")), "first", NOW + DAY)


async def test_who_came_in_and_what_was_copied_is_in_the_audit(db, ada):
    store = SqlSessions(db)
    await SqlLogins(db).create(account(ada))
    await store.begin(session(ada), "first", NOW + DAY)
    await rotated(store, "first", "second")
    with pytest.raises(Unauthenticated):
        await rotated(store, "first", "third", at=NOW + DAY)
    page = await SqlAudit(db).page(DEFAULT_ORGANIZATION, subject=ada)
    assert [(one.action, one.result, one.client) for one in page.items] == [
        ("account.create", "done", None),
        ("session.open", "done", HERE.ip),
        ("session.end", "reused", THERE.ip),
    ]
    assert {one.actor.person_id for one in page.items} == {ada}
