"""Taking secrets out of what a deployment wrote."""

from collections.abc import Iterable

from domain.text import redact

LINE_CHARACTERS = 16_000
_SHORTEST = 4
"""A shorter value would be found everywhere."""


class Redaction:
    """Replaces `secrets` in lines, longest first, so that none leaves a part of another, and cuts lines."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = sorted({secret for secret in secrets if len(secret) >= _SHORTEST}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "[redacted]")
        return redact(text)[:LINE_CHARACTERS]
