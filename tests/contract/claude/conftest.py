"""The Claude adapter over the simulated Messages API."""

from collections.abc import AsyncIterator, Callable

import pytest

from adapters.claude.client import AnthropicClaude
from adapters.claude.settings import ClaudeSettings
from domain.conversation import Conversation, Message, Text
from simulators.kit import Simulators

MODEL = "claude-sonnet-5-5"


@pytest.fixture(autouse=True)
async def clean(simulators: Simulators) -> None:
    """No fault and no scripted answer is left over from another test."""
    await simulators.reset_faults("claude")
    await simulators.act("claude", "forget")


@pytest.fixture
def settings(simulators: Simulators) -> ClaudeSettings:
    return ClaudeSettings(api_key=simulators.config["claude"]["api_key"], base_url=simulators.claude_url)


@pytest.fixture
async def claude(settings: ClaudeSettings) -> AsyncIterator[AnthropicClaude]:
    adapter = AnthropicClaude(settings)
    yield adapter
    await adapter.close()


@pytest.fixture
def ask() -> Callable[..., Conversation]:
    def build(text: str = "Hello", **changes: object) -> Conversation:
        return Conversation(
            purpose="analysis",
            model=MODEL,
            max_tokens=4000,
            system=["You plan integrations."],
            tools=[],
            messages=[Message(role="user", content=[Text(text=text)])],
        ).model_copy(update=changes)

    return build
