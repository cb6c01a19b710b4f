"""The queue `claude`: turns. It holds Claude's key and runs no tools."""

from activities.conversations import ConversationActivities
from adapters.claude.client import AnthropicClaude
from adapters.claude.settings import ClaudeSettings
from adapters.database import SqlBooks, SqlGate, SqlLimits, SqlLive
from adapters.policy import BudgetSettings
from workers.shared import Shared, Step, steps


def activities(shared: Shared) -> list[Step]:
    database = shared.database
    books = SqlBooks(database, SqlLimits(database, BudgetSettings().limits()))
    return steps(
        ConversationActivities(
            AnthropicClaude(ClaudeSettings()), books, SqlGate(database), SqlLive(database), shared.artifacts
        )
    )
