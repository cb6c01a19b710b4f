"""Whether somebody may do something with an integration: one rule for API, chat, GitHub and trackers."""

from collections.abc import Mapping

from domain.access import Acting, Attribute, Permission
from domain.people import Person
from domain.registry import Integration

SELF = "self"
OWN: Mapping[str, str] = {Attribute.OWNER: SELF}
"""What is known of integrations that are the caller's, all of them."""
NOTHING: Mapping[str, str] = {}
"""What is known where it is about no integration in particular."""


def attributes(found: Integration, caller: Person) -> dict[str, str]:
    """What conditions can ask of an integration. Its owner is who answers for it now, `self` if that is the caller."""
    owner = SELF if found.owner == caller.id else found.owner
    known = {Attribute.OWNER: owner, Attribute.NAME: found.name, Attribute.STAGE: found.stage}
    return {name: value for name, value in known.items() if value}


def requested(name: str | None) -> dict[str, str]:
    """Of an integration that is asked for: it will be the caller's, and is named as they say, if they say."""
    return {**OWN} | ({} if name is None else {Attribute.NAME: name})


def refusal(caller: Acting, permission: Permission, about: Mapping[str, str]) -> str | None:
    """Why they may not do it with a thing that has these attributes, in a sentence; None if they may."""
    if caller.may(permission, about):
        return None
    if caller.rights.has(permission):
        why = "only under conditions that this does not meet"
        return f"This needs the permission `{permission}`, which the role {caller.role} gives {caller.name} {why}."
    return f"This needs the permission `{permission}`, which the role {caller.role} of {caller.name} does not give."
