"""Deliveries that come at once are stored at once, and none is acknowledged that is not stored."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from api.storing import MOST, Storing
from domain.artifacts import ArtifactRef, content_hash
from domain.deliveries import Arrived
from domain.errors import StorageUnavailable
from domain.runs import Delivery


def arrived(number: int) -> Arrived:
    body = ArtifactRef(hash=content_hash(b"{}"), size=2)
    named = Delivery(source="github", id=f"d{number}", event="issues", received_at=datetime.now(UTC), body=body)
    return Arrived(named, b"{}")


class Disk:
    """A database that takes a group when it is let, and notes which it was given."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.let = asyncio.Semaphore(0)
        self.asked = asyncio.Semaphore(0)
        self.full = False

    async def store(self, group: Sequence[Arrived]) -> list[bool]:
        self.groups.append([one.delivery.id for one in group])
        self.asked.release()
        await self.let.acquire()
        if self.full:
            raise StorageUnavailable("The disk is full.")
        return [True] * len(group)


async def test_the_first_goes_at_once_and_those_that_come_meanwhile_go_together() -> None:
    disk = Disk()
    storing = Storing(disk)
    first = asyncio.create_task(storing.store(arrived(0)))
    await disk.asked.acquire()
    assert disk.groups == [["d0"]]
    others = [asyncio.create_task(storing.store(arrived(number))) for number in range(1, MOST + 3)]
    await asyncio.sleep(0)
    assert not first.done()
    for _ in range(3):
        disk.let.release()
    assert await asyncio.gather(first, *others) == [True] * (MOST + 3)
    assert [len(group) for group in disk.groups] == [1, MOST, 2]


async def test_a_group_that_cannot_be_stored_is_refused_as_a_whole_and_the_next_one_is_not() -> None:
    disk = Disk()
    storing = Storing(disk)
    disk.full = True
    refused = [asyncio.create_task(storing.store(arrived(number))) for number in range(3)]
    await disk.asked.acquire()
    disk.let.release()
    answers = await asyncio.gather(*refused, return_exceptions=True)
    assert [type(one) for one in answers] == [StorageUnavailable] * 3
    disk.full = False
    disk.let.release()
    assert await storing.store(arrived(3)) is True


async def test_who_gives_up_waiting_takes_nothing_from_the_others() -> None:
    disk = Disk()
    storing = Storing(disk)
    gone, stays = (asyncio.create_task(storing.store(arrived(number))) for number in range(2))
    await disk.asked.acquire()
    gone.cancel()
    disk.let.release()
    assert await stays is True
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert disk.groups == [["d0", "d1"]]
