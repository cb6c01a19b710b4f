"""Requirements as people write them (PEP 508), admitted by name and put into one form."""

from collections.abc import Collection, Sequence
from threading import Lock

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from domain.errors import InvalidInput

MAX_REQUIREMENTS = 50
MAX_LENGTH = 200

# Markers are read with `ast`, which two threads cannot use at once before Python 3.11.8 (python/cpython#106905).
_PARSING = Lock()


def requirement(text: str) -> Requirement:
    """A requirement as its parser reads it, from any thread. Raises packaging's InvalidRequirement."""
    with _PARSING:
        return Requirement(text)


def canonical(requirements: Sequence[str]) -> list[str]:
    """The same requirements in one form, sorted. Raises InvalidInput for what is none, or names a file or an address.

    Each is a requirement and nothing else: a line that an installer would take for an option is refused here.
    """
    if not 0 < len(requirements) <= MAX_REQUIREMENTS:
        raise InvalidInput(f"There must be 1 to {MAX_REQUIREMENTS} requirements.", field="requirements")
    found = set()
    for text in requirements:
        parsed = _parsed(text)
        parsed.name = canonicalize_name(parsed.name)
        parsed.extras = {canonicalize_name(extra) for extra in parsed.extras}
        found.add(str(parsed))
    return sorted(found)


def admitted(requirements: Sequence[str], packages: Collection[str]) -> list[str]:
    """Requirements in one form, all of them for one of `packages`. Raises InvalidInput, which names the first other."""
    names = {canonicalize_name(package) for package in packages}
    for text in requirements:
        if canonicalize_name(_parsed(text).name) not in names:
            raise InvalidInput(
                f"{text!r} may not be required: integrations may use {', '.join(sorted(names))}.", field="requirements"
            )
    return canonical(requirements)


def _parsed(text: str) -> Requirement:
    try:
        parsed = requirement(text[:MAX_LENGTH])
    except InvalidRequirement as wrong:
        raise InvalidInput(f"{text[:MAX_LENGTH]!r} is not a requirement.", field="requirements") from wrong
    if len(text) > MAX_LENGTH:
        raise InvalidInput(f"{text[:50]!r}… is longer than {MAX_LENGTH} characters.", field="requirements")
    if parsed.url:
        raise InvalidInput(
            f"{text!r} names an address: packages come from the index alone, by name.", field="requirements"
        )
    return parsed
