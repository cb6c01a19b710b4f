"""One stack, as `ccb up --simulate` runs it, for all that is done to it here."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.e2e.outside import Outside, outside
from tests.e2e.world import World, inhabited
from tests.faults.up import Up


@pytest.fixture(scope="session")
def outside_api() -> Iterator[Outside]:
    with outside() as running:
        yield running


@pytest.fixture(scope="session")
async def up(tmp_path_factory: pytest.TempPathFactory, outside_api: Outside) -> AsyncIterator[Up]:
    stack = Up(tmp_path_factory.mktemp("faults"), outside_api.host)
    try:
        await stack.start()
        yield stack
    finally:
        await stack.stop()


@pytest.fixture(scope="session")
async def world(up: Up, outside_api: Outside) -> AsyncIterator[World]:
    assert up.addresses is not None
    async with inhabited(up.addresses, outside_api) as world:
        yield world
