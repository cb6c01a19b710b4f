"""Commands in comments: a line of its own that begins with `/ccb`, or names the bot. Everything else is talk.

What is quoted (`>`), or shown as code, is somebody else's words and never a command. So is a comment of ours, whoever's
account it was posted with: it begins with our mark.
"""

import re
from typing import Literal, get_args

from adapters.github import marks
from domain.base import Data

Name = Literal["help", "status", "approve", "request-changes", "abandon", "retry", "update", "test"]
_NAMES: frozenset[str] = frozenset(get_args(Name))
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_LONGEST = 65_536
"""Characters of a comment that GitHub takes."""

HELP = """A command is a line of its own, in a comment on the issue or the pull request:

| command | what it does | who may |
|---|---|---|
| `/ccb status` | says where it stands | everybody known here |
| `/ccb approve COMMIT` | approves what the pull request holds at this commit | reviewers |
| `/ccb request-changes WORDS` | asks for changes while it waits for review | reviewers |
| `/ccb update WORDS` | asks for the next version of what serves | developers |
| `/ccb test` | tests what serves | developers |
| `/ccb retry` | starts a run that failed again, from where it failed | developers |
| `/ccb abandon REASON` | stops the run and undoes what it did | developers |

Other comments are read by nobody here."""


class Command(Data):
    """`words` are all that follows the name: the rest of its line, and the lines below it."""

    name: Name | None
    given: str
    words: str = ""


def ours(text: str | None) -> bool:
    """Whether we wrote this: our mark is the first thing in it, where text from outside cannot come."""
    return (text or "").lstrip().startswith(marks.MARK)


def find(text: str, mention: str) -> Command | None:
    """The first command in a comment, as `/ccb …` or `@mention …`; its name is None where there is no such command."""
    if ours(text):
        return None
    begins = re.compile(
        rf"^ {{0,3}}(?:/ccb|@{re.escape(mention)}(?:\[bot\])?)(?:[ \t]+(\S+)[ \t]*(.*))?$", re.IGNORECASE
    )
    fence = ""
    lines = text[:_LONGEST].replace("\r\n", "\n").split("\n")
    for number, line in enumerate(lines):
        if opened := _FENCE.match(line):
            fence = _after(fence, opened[1])
        elif not fence and (found := begins.match(line)):
            given = (found[1] or "help").lower().strip("`.,:;!")
            rest = [found[2] or "", *(each for each in lines[number + 1 :] if not each.lstrip().startswith(">"))]
            words = "\n".join(rest).strip()
            return Command.model_validate({"name": given if given in _NAMES else None, "given": given, "words": words})
    return None


def _after(fence: str, marker: str) -> str:
    """The fence that is open behind a line of `marker`: it is closed by one like it, at least as long."""
    if not fence:
        return marker
    closes = marker[0] == fence[0] and len(marker) >= len(fence)
    return "" if closes else fence
