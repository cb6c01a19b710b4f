"""The words of requests: which say nothing, which are verbs, and what is the same word."""

import re

from simulators.claude.brain.naming import words

_STOP_WORDS = """
a an the of for to in on at by from with without into we i you it its our your their this that these those which
what when where who how is are be been was were will would should could can may must do does not no yes so than
as if all any each every some one two other new please need needs needed want wants wanted like use uses used
using build make made integration integrations integrate service api rest http https endpoint endpoints request
requests able ability let lets us me my here there have has had only just also etc e.g i.e ie eg via per call
calls base url simulate thanks thank hello hi platform team tool tools between single simple small about and or
key keys value values them they
"""
_READING = """
get list read show fetch describe retrieve view see find search look lookup count query display poll browse
check know watch download export return report give lists
"""
_POSTING = """
post create add start register send submit open signal cancel terminate run trigger make upload reset pause
unpause
"""
_SHORTER = """
repository:repo organization:org organisation:org configuration:config information:info application:app
environment:env parameter:param message:msg
"""

STOP = frozenset(_STOP_WORDS.split())
VERBS = {
    "get": frozenset(_READING.split()),
    "post": frozenset(_POSTING.split()),
    "put": frozenset({"put", "update", "replace", "set", "change", "add", "edit"}),
    "patch": frozenset({"patch", "update", "edit", "modify", "change", "rename", "close"}),
    "delete": frozenset({"delete", "remove", "drop", "destroy", "unregister", "clear", "cancel"}),
}
ALL_VERBS: frozenset[str] = frozenset().union(*VERBS.values())
CHANGING: frozenset[str] = ALL_VERBS - VERBS["get"]
_SHORT = dict(pair.split(":") for pair in _SHORTER.split())


def stem(word: str) -> str:
    """A word without its plural and without the endings of its verb forms, and in its short form."""
    bare = _singular(word)
    return _SHORT.get(bare, bare)


def _singular(word: str) -> str:
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("xes", "x")):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word[: -len(ending)] + instead
    if word.endswith("ing") and len(word) > 6:
        return word[:-3]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word


def meaning(text: str) -> list[str]:
    """The words of a text that say something, by their stems."""
    plain = re.sub(r"\bread[- ]only\b", " ", text, flags=re.IGNORECASE)
    return [stem(word) for word in words(plain) if word not in STOP and not word.isdigit() and len(word) > 1]
