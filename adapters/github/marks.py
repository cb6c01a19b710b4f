"""What we leave on GitHub to find our own deeds again: trailers of commits, hidden marks in text."""

import re

# GitHub refuses longer texts (65,536 characters); the rest of the room is for the mark.
LIMIT = 65_000

KEY = "Ccb-Key"
UNDO = "Ccb-Undo"

MARK = "<!-- ccb:"
"""What every comment, pull request and issue of ours begins with."""

_TRAILER = re.compile(rf"^{KEY}: (\S+)[ \t]*$", re.MULTILINE)

_OURS = re.compile(rf"^(?:{KEY}|{UNDO}): \S+[ \t]*$", re.MULTILINE)


def with_trailer(message: str, name: str, key: str) -> str:
    """`message` with a trailer (git-interpret-trailers) as its last paragraph."""
    return f"{message.strip()}\n\n{name}: {one_word(key)}"


def key_of(message: str) -> str | None:
    """The key in a commit's message: the last one, since what stands before it may quote another."""
    found = _TRAILER.findall(message)
    return found[-1] if found else None


def written(message: str) -> bool:
    """Whether a commit with this message says that it is ours."""
    return _OURS.search(message) is not None


def marker(key: str) -> str:
    """An HTML comment that GitHub does not show."""
    return f"{MARK}{one_word(key).replace('--', '- -')} -->"


def marked(text: str, key: str) -> str:
    """`text`, bounded to what GitHub takes, below the mark: first, where text from outside cannot come."""
    body = text if len(text) <= LIMIT else f"{text[:LIMIT]}\n\n… (cut: {len(text) - LIMIT} characters more)"
    return f"{marker(key)}\n{body}"


def one_word(key: str) -> str:
    return re.sub(r"\s+", "_", key)
