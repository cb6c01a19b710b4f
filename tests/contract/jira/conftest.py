"""The Jira adapter over the simulated site."""

import pytest

from adapters.jira.settings import JiraSettings
from adapters.jira.tracker import JiraTracker
from domain.vendors import TicketRef
from simulators.kit import Simulators
from tests.contract.receiver import Receiver


@pytest.fixture(autouse=True)
async def clean(simulators: Simulators, receiver: Receiver) -> None:
    """No fault and nothing received is left over from another test."""
    await simulators.reset_faults("jira")
    receiver.clear()


@pytest.fixture
def settings(simulators: Simulators) -> JiraSettings:
    config = simulators.config["jira"]
    return JiraSettings(base_url=simulators.jira_url, email=config["email"], token=config["token"])


@pytest.fixture
def tracker(settings: JiraSettings) -> JiraTracker:
    return JiraTracker(settings)


@pytest.fixture
async def ticket(simulators: Simulators) -> TicketRef:
    opened = await simulators.act("jira", "issues", user="ada", summary="List the cities")
    return TicketRef(tracker="jira", id=opened["result"]["id"], key=opened["result"]["key"])
