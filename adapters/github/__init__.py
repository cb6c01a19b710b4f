"""GitHub behind the port `CodeHost`, by PyGithub in threads; and its webhooks, verified and typed."""

from adapters.github.code_host import GitHubCodeHost
from adapters.github.inbox import GitHubInbox
from adapters.github.settings import GitHubSettings

__all__ = ["GitHubCodeHost", "GitHubInbox", "GitHubSettings"]
