"""One stack for all tests here: what `ccb up --simulate` runs, on free ports, with a policy of two approvals."""

import os
from collections.abc import AsyncIterator, Iterator

import pytest

from cli.stack import Stack, StackOptions
from tests import policies
from tests.e2e.outside import Outside, outside
from tests.e2e.world import World, inhabited


@pytest.fixture(scope="session")
def outside_api() -> Iterator[Outside]:
    with outside() as running:
        yield running


@pytest.fixture(scope="session")
async def world(tmp_path_factory: pytest.TempPathFactory, outside_api: Outside) -> AsyncIterator[World]:
    options = StackOptions.on_free_ports(tmp_path_factory.mktemp("stack"), simulate=True)
    options = options.model_copy(update={"start_timeout": 150.0})
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CCB_")}
    environ |= {"CCB_DOCUMENTS_ALLOW_PRIVATE": "true", "CCB_REVIEW_APPROVALS": "2"}
    environ |= {"CCB_RUNNER_PRIVATE_HOSTS": outside_api.host, **policies.environments()}
    environ |= policies.brief(tmp_path_factory.mktemp("policy"))
    async with Stack(options, environ=environ) as stack, inhabited(stack.addresses, outside_api) as world:
        yield world
