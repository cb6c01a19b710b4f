"""Claude, by Anthropic's Messages API."""

from adapters.claude.client import AnthropicClaude
from adapters.claude.settings import ClaudeSettings

__all__ = ["AnthropicClaude", "ClaudeSettings"]
