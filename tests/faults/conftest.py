"""One stack, as `ccb up --simulate` runs it, for all that is done to it here."""

from collections.abc import AsyncIterator

import pytest

from tests.e2e.outside import outside
from tests.e2e.world import World, inhabited
from tests.faults.up import Up


@pytest.fixture(scope="session")
async def up(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Up]:
    stack = Up(tmp_path_factory.mktemp("faults"))
    try:
        await stack.start()
        yield stack
    finally:
        await stack.stop()


@pytest.fixture(scope="session")
async def world(up: Up) -> AsyncIterator[World]:
    assert up.addresses is not None
    with outside() as api:
        async with inhabited(up.addresses, api) as world:
            yield world
