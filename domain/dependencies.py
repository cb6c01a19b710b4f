"""Dependencies between integrations: which versions will do, no circles, and in which order to deploy.

Ranges are specifiers of PEP 440; a semantic version `X.Y.Z` is a version there too, and ordered the same.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from packaging.specifiers import SpecifierSet

from domain.base import Data
from domain.errors import DependencyUnmet
from domain.ids import IntegrationId
from domain.plan import Dependency, Name


class Node(Data):
    """An integration in the registry: the version that serves, whose it is, and what it needs of others."""

    integration_id: IntegrationId | None = None
    name: Name
    version: str
    owner: str = ""
    deprecated: bool = False
    dependencies: list[Dependency] = []


class Need(Data):
    """Something an integration needs. `version` is the one that serves; without it there is none."""

    name: Name
    version_range: str
    version: str | None = None
    deprecated: bool = False
    met: bool

    @property
    def words(self) -> str:
        """What is needed, and what is there instead."""
        there = f"{self.version} is what serves" if self.version else "there is none"
        return f"{self.name} {self.version_range}, and {there}"


class Dependent(Data):
    """An integration that needs this one. `met`: the version that serves is in its range."""

    name: Name
    version: str
    integration_id: IntegrationId | None = None
    owner: str = ""
    version_range: str
    met: bool = True


class Order(Data):
    """In which order to deploy: group by group; those of a group need nothing of each other."""

    order: list[list[str]]


class Relations(Order):
    """Both directions of one integration; the order is that of all it needs and all that need it, however far."""

    name: str
    version: str | None
    needs: list[Need]
    needed_by: list[Dependent]


def relations(name: str, living: Collection[Node]) -> Relations:
    """Of an integration that is not registered nothing is known but who needs it."""
    by_name = {node.name: node for node in living}
    mine = by_name.get(name)
    version = mine.version if mine else None
    return Relations(
        name=name,
        version=version,
        needs=needs(mine, by_name) if mine else [],
        needed_by=dependents(name, version, living),
        order=order(around(name, living)),
    )


def admits(version_range: str, version: str) -> bool:
    """Whether a version is in the range."""
    return SpecifierSet(version_range).contains(version)


def needs(node: Node, living: Mapping[str, Node]) -> list[Need]:
    """What the integration needs, and whether it is there."""
    found = [(need, living.get(need.name)) for need in node.dependencies]
    return [
        Need(
            name=need.name,
            version_range=need.version_range,
            version=there.version if there else None,
            deprecated=there.deprecated if there else False,
            met=there is not None and admits(need.version_range, there.version),
        )
        for need, there in found
    ]


def dependents(name: str, version: str | None, living: Iterable[Node]) -> list[Dependent]:
    """Who needs the integration of this name, by name; `version` is the one that serves, or is to."""
    return [
        Dependent(
            name=node.name,
            version=node.version,
            integration_id=node.integration_id,
            owner=node.owner,
            version_range=need.version_range,
            met=version is not None and admits(need.version_range, version),
        )
        for node in sorted(living, key=lambda one: one.name)
        for need in node.dependencies
        if need.name == name and node.name != name
    ]


def check(candidate: Node, living: Iterable[Node], *, serves: bool = True, patient: bool = False) -> list[Need]:
    """Whether this version may be deployed; `serves`: in place of the one before, for those who need it.

    Answers what it needs that is missing or out of range, for whoever is `patient`: that can come. Raises
    DependencyUnmet, with all that stands against it: such a need for whoever is not, others need another version of it,
    or there would be a circle.
    """
    after = {node.name: node for node in living} | {candidate.name: candidate}
    missing = [need for need in needs(candidate, after) if not need.met]
    problems = [
        f"{other.name} {other.version} needs {candidate.name} {other.version_range}"
        for other in dependents(candidate.name, candidate.version, after.values())
        if serves and not other.met
    ]
    if circle := find_circle(after.values()):
        problems.append(f"they would need each other in a circle: {' → '.join(circle)}")
    if problems or (missing and not patient):
        problems = [f"it needs {need.words}" for need in missing] + problems
        raise DependencyUnmet(f"{candidate.name} {candidate.version}: {'; '.join(problems)}.", problems=[*problems])
    return missing


def order(living: Iterable[Node]) -> list[list[str]]:
    """In which order to deploy: those of one group need nothing of each other, and only what earlier groups hold.

    What is needed and not there is left out. Raises DependencyUnmet for a circle.
    """
    sorter = TopologicalSorter(_graph(living))
    try:
        sorter.prepare()
    except CycleError as error:
        raise DependencyUnmet(f"They need each other in a circle: {' → '.join(_words(error))}.") from error
    groups = []
    while ready := sorted(sorter.get_ready()):
        groups.append(ready)
        sorter.done(*ready)
    return groups


def around(name: str, living: Collection[Node]) -> list[Node]:
    """The integration, with all it needs and all that need it, however far."""
    down = {node.name: [need.name for need in node.dependencies] for node in living}
    up: dict[str, list[str]] = {}
    for node, wanted in down.items():
        for need in wanted:
            up.setdefault(need, []).append(node)
    reached = _reached(name, down) | _reached(name, up)
    return [node for node in living if node.name in reached]


def find_circle(living: Iterable[Node]) -> list[str]:
    """A circle, each needing the next and the last the first again; empty if there is none."""
    try:
        TopologicalSorter(_graph(living)).prepare()
    except CycleError as error:
        return _words(error)
    return []


def _graph(living: Iterable[Node]) -> dict[str, list[str]]:
    nodes = {node.name: node for node in living}
    return {name: [need.name for need in node.dependencies if need.name in nodes] for name, node in nodes.items()}


def _words(error: CycleError) -> list[str]:
    # The sorter names each before what needs it.
    found: Sequence[str] = error.args[1]
    return [*reversed(found)]


def _reached(start: str, edges: Mapping[str, list[str]]) -> set[str]:
    seen, ahead = {start}, [start]
    while ahead:
        for following in edges.get(ahead.pop(), []):
            if following not in seen:
                seen.add(following)
                ahead.append(following)
    return seen
