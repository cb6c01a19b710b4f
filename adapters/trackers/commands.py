"""Commands in a ticket's comments: `/ccb status` and `/ccb help`, at the beginning of a line."""

import re
from typing import Literal, get_args

from domain.registry import Integration

Command = Literal["status", "help"]

_COMMAND = re.compile(r"^[ \t]{0,3}/ccb(?!\S)(?:[ \t]+(\w+))?", re.MULTILINE)
HELP = (
    "I turn this ticket into a running integration once it asks for one; `API document: URL` in its description says "
    "for which API.\n\n- `/ccb status` says where it stands\n- `/ccb help` says this\n\n"
    "Cancel or complete the ticket to stop a run that is under way. Reviews are given in the pull request or the chat."
)


_SHOWN = re.compile(r"```.*?(?:```|\Z)|\{(code|noformat|quote)[^}\n]{0,50}\}.*?(?:\{\1\}|\Z)", re.DOTALL)
"""What is shown as code or quoted is no command."""

_LONGEST = 40_000


def read(text: str) -> Command | None:
    """The first command in `text`; one that is not known asks for help."""
    found = _COMMAND.search(_SHOWN.sub("", text[:_LONGEST]))
    if found is None:
        return None
    word = (found[1] or "help").lower()
    return next((known for known in get_args(Command) if known == word), "help")


def standing(found: Integration | None) -> str:
    """Where it stands, in Markdown. `found` is what the ticket asked for."""
    if found is None:
        return "This ticket has not asked for an integration yet. `/ccb help` says how."
    name = f"`{found.name}`" if found.name else "The integration"
    lines = [f"{name} is **{found.stage}**{f', version {found.version}' if found.version else ''}."]
    lines += [f"- A run is under way: {found.operation.words}."] if found.under_way else []
    lines += [f"- It runs at {found.url}"] if found.url else []
    if found.failure:
        why = " ".join(found.failure.replace("`", "'").split())
        lines.append(f"- The newest run failed: `{why[:500]}`")
    return "\n".join(lines)
