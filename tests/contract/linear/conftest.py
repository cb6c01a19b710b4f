"""The Linear adapter over the simulated workspace."""

import pytest

from adapters.linear.settings import LinearSettings
from adapters.linear.tracker import LinearTracker
from domain.vendors import TicketRef
from simulators.kit import Simulators
from tests.contract.receiver import Receiver


@pytest.fixture(autouse=True)
async def clean(simulators: Simulators, receiver: Receiver) -> None:
    """No fault and nothing received is left over from another test."""
    await simulators.reset_faults("linear")
    receiver.clear()


@pytest.fixture
def settings(simulators: Simulators) -> LinearSettings:
    return LinearSettings(token=simulators.config["linear"]["token"], base_url=simulators.linear_url)


@pytest.fixture
def tracker(settings: LinearSettings) -> LinearTracker:
    return LinearTracker(settings)


@pytest.fixture
async def ticket(simulators: Simulators) -> TicketRef:
    opened = await simulators.act("linear", "issues", user="ada", title="List the cities")
    issue = opened["result"]
    return TicketRef(tracker="linear", id=issue["id"], key=issue["identifier"], url=issue["url"])
