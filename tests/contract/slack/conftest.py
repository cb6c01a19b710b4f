"""The Slack adapter over the simulated workspace."""

import secrets
from collections.abc import Callable

import pytest

from adapters.slack.client import SlackChat
from adapters.slack.settings import SlackSettings
from domain.vendors import Button, ChatMessage
from simulators.kit import Simulators
from tests.contract.receiver import Receiver

CHANNEL = "C0INTEGRATIONS"


@pytest.fixture(autouse=True)
async def clean(simulators: Simulators, receiver: Receiver) -> None:
    """No fault and nothing received is left over from another test."""
    await simulators.reset_faults("slack")
    receiver.clear()


@pytest.fixture
def settings(simulators: Simulators) -> SlackSettings:
    config = simulators.config["slack"]
    return SlackSettings(
        token=config["token"],
        signing_secret=config["signing_secret"],
        base_url=simulators.slack_url,
        channel=config["channel"],
    )


@pytest.fixture
def chat(settings: SlackSettings) -> SlackChat:
    return SlackChat(settings)


@pytest.fixture
def key() -> str:
    return f"integration/int_{secrets.token_hex(16)}/review"


@pytest.fixture
def message() -> Callable[..., ChatMessage]:
    def build(text: str = "Please review **temporal-namespaces** 1.0.0.", **changes: object) -> ChatMessage:
        buttons = [
            Button(text="Approve", action="approve", value='{"hash": "sha256:00"}', style="primary"),
            Button(text="Request changes", action="request_changes", value='{"hash": "sha256:00"}'),
        ]
        return ChatMessage(title="Review wanted", text=text, buttons=buttons).model_copy(update=changes)

    return build
