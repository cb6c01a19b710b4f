"""Semantic versions (semver.org 2.0.0): how much a version's public interface differs from the one before.

The public interface is what the manifest says: capabilities with their routes, and what must be given to run it.
"""

import re
from collections.abc import Iterator
from enum import IntEnum

from domain.base import Data
from domain.manifest import Manifest

_PLACEHOLDER = re.compile(r"\{[^}]*\}")


class Change(IntEnum):
    """Which part of the version has to grow, at the least."""

    PATCH = 0
    MINOR = 1
    MAJOR = 2

    @property
    def word(self) -> str:
        return self.name.lower()


class Difference(Data):
    """One difference of two interfaces, in words."""

    change: Change
    what: str


def differences(before: Manifest, after: Manifest) -> list[Difference]:
    """What differs, the gravest first. Nothing is a patch: then only the inside has changed."""
    found = [*_capabilities(before, after), *_settings(before, after)]
    if before.health.endpoint != after.health.endpoint:
        found.append(Difference(change=Change.MAJOR, what=f"the health check moved from {before.health.endpoint}"))
    return sorted(found, key=lambda one: (-one.change, one.what))


def change(before: Manifest, after: Manifest) -> Change:
    return max((one.change for one in differences(before, after)), default=Change.PATCH)


def next_version(previous: str, change: Change) -> str:
    """The least version that says `change`. Below 1.0.0 nothing is promised, so a major change grows the minor part."""
    major, minor, patch = precedence(previous)
    if change is Change.MAJOR and major:
        return f"{major + 1}.0.0"
    if change >= Change.MINOR:
        return f"{major}.{minor + 1}.0"
    return f"{major}.{minor}.{patch + 1}"


def fits(version: str, *, previous: str, change: Change) -> bool:
    """Whether `version` says at least as much as `change`; more is the author's to say."""
    return precedence(version) >= precedence(next_version(previous, change))


def precedence(version: str) -> tuple[int, int, int]:
    """What versions are ordered by (semver.org §11; there are no pre-releases here)."""
    major, minor, patch = (int(part) for part in version.split("."))
    return major, minor, patch


def _capabilities(before: Manifest, after: Manifest) -> Iterator[Difference]:
    were = {one.name: _address(one.method, one.route) for one in before.capabilities}
    are = {one.name: _address(one.method, one.route) for one in after.capabilities}
    for name in were.keys() - are.keys():
        yield Difference(change=Change.MAJOR, what=f"the capability {name} is gone")
    for name in are.keys() - were.keys():
        yield Difference(change=Change.MINOR, what=f"the capability {name} is new")
    for name in were.keys() & are.keys():
        if were[name] != are[name]:
            yield Difference(change=Change.MAJOR, what=f"the capability {name} moved from {were[name]} to {are[name]}")


def _address(method: str, route: str) -> str:
    """How a route is called; what its placeholders are named is nobody's business outside."""
    return f"{method.upper()} {_PLACEHOLDER.sub('{}', route)}"


def _settings(before: Manifest, after: Manifest) -> Iterator[Difference]:
    """A setting that must be given is a break for whoever runs it; to take one away, or to free from it, is none."""
    were, are = _required(before), _required(after)
    for name in are.keys() - were.keys():
        required = are[name]
        how = "must be given" if required else "may be given"
        yield Difference(change=Change.MAJOR if required else Change.MINOR, what=f"the new setting {name} {how}")
    for name in were.keys() - are.keys():
        yield Difference(change=Change.MINOR, what=f"the setting {name} is gone")
    for name in were.keys() & are.keys():
        if are[name] and not were[name]:
            yield Difference(change=Change.MAJOR, what=f"the setting {name} must be given now")
        elif were[name] and not are[name]:
            yield Difference(change=Change.MINOR, what=f"the setting {name} may be left out now")


def _required(manifest: Manifest) -> dict[str, bool]:
    """Each setting and secret, and whether the integration cannot do without."""
    configuration = {key.name: key.default is None for key in manifest.configuration}
    return configuration | {secret.name: secret.required for secret in manifest.secrets}
