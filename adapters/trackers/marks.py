"""What we leave in a comment to know it as ours, whoever's account posted it.

Invisible operators (Unicode U+2061 to U+2064) at the end of the first line: a tracker keeps them as it keeps letters,
where it would drop an HTML comment.
"""

import re

MARK = "\u2063\u2061\u2064\u2062\u2063"
LIMIT = 30_000
"""Characters of a comment. Jira refuses longer ones (32,767); Linear names no limit."""

_QUOTED = re.compile(r"^\s*(?:>|bq\.|\|)")


def marked(text: str) -> str:
    """`text`, bounded, with the mark."""
    body = text if len(text) <= LIMIT else f"{text[:LIMIT]}\n\n… (cut: {len(text) - LIMIT} characters more)"
    first, newline, rest = body.partition("\n")
    return f"{first}{MARK}{newline}{rest}"


def ours(text: str) -> bool:
    """Whether we wrote `text`. Somebody who quotes us wrote the rest."""
    return any(MARK in line and not _QUOTED.match(line) for line in text.splitlines())
