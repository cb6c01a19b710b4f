"""One world for all sagas' tests."""

import os
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from cli.stack import Stack, StackOptions
from cli.stack.layout import Layout, database, runner, simulators
from cli.stack.plan import Plan
from cli.stack.servers import temporal_server
from tests.workflows.world import World, opened


@pytest.fixture(scope="session")
async def world() -> AsyncIterator[World]:
    """Everything but API and workers, as `ccb up --simulate` starts it; workers are each test's own."""
    plans: list[Plan] = []

    def without_workers(options: StackOptions, data_dir: Path, environ: Mapping[str, str]) -> Layout:
        plan = Plan(options, data_dir, environ)
        plans.append(plan)
        parts = [temporal_server(plan), simulators(plan), database(plan), runner(plan)]
        return Layout(parts=[part for part in parts if part is not None], addresses=plan.addresses())

    with tempfile.TemporaryDirectory(prefix="ccb-world-", dir="/tmp") as folder:
        options = StackOptions.on_free_ports(Path(folder), simulate=True).model_copy(
            update={"temporal_config": ("frontend.WorkflowTimeSkippingEnabled=true",)}
        )
        environ = {name: value for name, value in os.environ.items() if not name.startswith("CCB_")}
        async with Stack(options, layout=without_workers, environ=environ) as stack:
            url = stack.addresses.simulators_url
            assert url is not None
            async with opened(plans[0].settings, url, Path(folder)) as world:
                # Nobody listens for webhooks here: requests come from the tests.
                await world.simulators.act("github", "configure", webhook_url=None)
                yield world
