"""The queue `claude`: turns. It holds Claude's key and runs no tools."""

from activities.conversations import ConversationActivities
from adapters.claude.client import AnthropicClaude
from adapters.claude.settings import ClaudeSettings
from adapters.database import SqlBooks
from workers.shared import Shared, Step, steps


def activities(shared: Shared) -> list[Step]:
    claude = AnthropicClaude(ClaudeSettings())
    return steps(ConversationActivities(claude, SqlBooks(shared.database), shared.artifacts))
