"""One world for all sagas' tests."""

from collections.abc import AsyncIterator

import pytest

from tests.workflows.world import World, standing


@pytest.fixture(scope="session")
async def world() -> AsyncIterator[World]:
    async with standing() as world:
        yield world
