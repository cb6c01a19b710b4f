"""What people type: `/ccb` and what follows, or the same words after our name in a message."""

import re
from enum import StrEnum

from pydantic import TypeAdapter, ValidationError

from domain.base import Data
from domain.errors import InvalidInput
from domain.ids import IntegrationId
from domain.plan import Name

COMMAND = "/ccb"
LONGEST = 2000

_MENTIONS = re.compile(r"^(?:\s*<@[A-Z0-9]{1,40}(?:\|[^<>]{0,100})?>[,:]?)+")
_NAME: TypeAdapter[str] = TypeAdapter(IntegrationId | Name)


class Verb(StrEnum):
    HELP = "help"
    LIST = "list"
    STATUS = "status"
    CREATE = "create"
    APPROVE = "approve"
    CHANGES = "changes"


READING = {Verb.HELP, Verb.LIST, Verb.STATUS}
"""What changes nothing."""

_ALSO = {
    "": Verb.HELP,
    "?": Verb.HELP,
    "ls": Verb.LIST,
    "new": Verb.CREATE,
    "reject": Verb.CHANGES,
    "request-changes": Verb.CHANGES,
}
_NAMED = {Verb.APPROVE, Verb.CHANGES}

HELP = f"""\
`{COMMAND} create`: ask for an integration, in a form
`{COMMAND} list`: the newest integrations
`{COMMAND} status`: what is under way, and what waits for you
`{COMMAND} status NAME`: where one stands, with buttons if it waits for a review
`{COMMAND} approve NAME`: approve what is under review now
`{COMMAND} changes NAME WORDS`: send it back with your words; without words a form asks for them (also: `reject`)
`{COMMAND} help`: this"""


class Asked(Data):
    """`name` is empty where none was given, `words` is what follows it."""

    verb: Verb
    name: str = ""
    words: str = ""


def read(text: str) -> Asked:
    """Raises InvalidInput, with words for whoever typed it."""
    first, rest = _split(text[:LONGEST])
    word = first.lower()
    verb = _ALSO.get(word) or next((one for one in Verb if one == word), None)
    if verb is None:
        raise InvalidInput(f"I do not know `{_shown(first)}`.\n{HELP}", field="text")
    name, words = _split(rest)
    if verb in _NAMED and not name:
        raise InvalidInput(f"Say which integration: `{COMMAND} {verb} NAME`.", field="text")
    if verb is Verb.STATUS or verb in _NAMED:
        return Asked(verb=verb, name=_named(name), words=words)
    return Asked(verb=verb, words=rest)


def mentioned(text: str) -> Asked:
    """What a message that begins with our name asks for. Raises InvalidInput."""
    return read(_MENTIONS.sub("", text))


def _split(text: str) -> tuple[str, str]:
    first, *rest = text.split(maxsplit=1) or [""]
    return first, rest[0].strip() if rest else ""


def _named(given: str) -> str:
    if not given:
        return ""
    try:
        return _NAME.validate_python(given.strip("`*_\"'").lower())
    except ValidationError as error:
        raise InvalidInput(
            f"`{_shown(given)}` is no name of an integration: a name has small letters, digits and hyphens.",
            field="text",
        ) from error


def _shown(given: str) -> str:
    """What somebody typed, short, and unable to end the code that it is shown as."""
    return given.replace("`", "'")[:60]
