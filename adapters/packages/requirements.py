"""Requirements as people write them (PEP 508), admitted by name and put into one form."""

from collections.abc import Collection, Sequence

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from domain.errors import InvalidInput

MAX_REQUIREMENTS = 50
MAX_LENGTH = 200


def canonical(requirements: Sequence[str]) -> list[str]:
    """The same requirements in one form, sorted. Raises InvalidInput for what is none, or names a file or an address.

    Each is a requirement and nothing else: a line that an installer would take for an option is refused here.
    """
    if not 0 < len(requirements) <= MAX_REQUIREMENTS:
        raise InvalidInput(f"There must be 1 to {MAX_REQUIREMENTS} requirements.", field="requirements")
    found = set()
    for text in requirements:
        requirement = _parsed(text)
        requirement.name = canonicalize_name(requirement.name)
        requirement.extras = {canonicalize_name(extra) for extra in requirement.extras}
        found.add(str(requirement))
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
        requirement = Requirement(text[:MAX_LENGTH])
    except InvalidRequirement as wrong:
        raise InvalidInput(f"{text[:MAX_LENGTH]!r} is not a requirement.", field="requirements") from wrong
    if len(text) > MAX_LENGTH:
        raise InvalidInput(f"{text[:50]!r}… is longer than {MAX_LENGTH} characters.", field="requirements")
    if requirement.url:
        raise InvalidInput(
            f"{text!r} names an address: packages come from the index alone, by name.", field="requirements"
        )
    return requirement
