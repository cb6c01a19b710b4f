"""Dependencies: ranges are kept, circles are refused, and each is deployed after what it needs."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.dependencies import Node, admits, around, check, find_circle, order, relations
from domain.errors import DependencyUnmet
from domain.plan import Dependency

quickly = settings(max_examples=40, deadline=None)
NAMES = [f"one-{letter}" for letter in "abcdefgh"]


def node(name: str, version: str = "1.0.0", **needs: str) -> Node:
    """`needs` are ranges by name, with underscores for hyphens."""
    wanted = [Dependency(name=other.replace("_", "-"), version_range=text) for other, text in needs.items()]
    return Node(name=name, version=version, dependencies=wanted)


@st.composite
def graphs(draw: st.DrawFn, *, circles: bool) -> list[Node]:
    """Integrations that need each other; without circles each needs only those before it."""
    names = draw(st.permutations(NAMES))
    found = []
    for index, name in enumerate(names):
        others = [other for other in names if other != name] if circles else names[:index]
        wanted = draw(st.lists(st.sampled_from(others), unique=True)) if others else []
        needs = [Dependency(name=other, version_range=">=1") for other in wanted]
        found.append(Node(name=name, version="1.0.0", dependencies=needs))
    return found


@quickly
@given(graphs(circles=False))
def test_each_is_deployed_after_all_it_needs(nodes: list[Node]) -> None:
    groups = order(nodes)
    place = {name: number for number, group in enumerate(groups) for name in group}
    assert sorted(place) == sorted(NAMES)
    assert all(place[need.name] < place[one.name] for one in nodes for need in one.dependencies)
    assert find_circle(nodes) == []
    for one in nodes:
        check(one, nodes)


@quickly
@given(graphs(circles=True))
def test_a_circle_is_one_and_is_refused(nodes: list[Node]) -> None:
    circle = find_circle(nodes)
    needs = {one.name: {need.name for need in one.dependencies} for one in nodes}
    if not circle:
        assert order(nodes)
        return
    assert circle[0] == circle[-1]
    assert all(second in needs[first] for first, second in pairwise(circle))
    with pytest.raises(DependencyUnmet, match="in a circle"):
        order(nodes)
    with pytest.raises(DependencyUnmet, match="in a circle"):
        check(next(one for one in nodes if one.name == circle[0]), nodes)


@quickly
@given(graphs(circles=True), st.sampled_from(NAMES))
def test_around_is_closed_in_both_directions(nodes: list[Node], name: str) -> None:
    near = {one.name for one in around(name, nodes)}
    assert name in near
    below = {need.name for one in nodes if one.name == name for need in one.dependencies}
    above = {one.name for one in nodes if name in {need.name for need in one.dependencies}}
    assert below | above <= near


@quickly
@given(*(st.integers(min_value=0, max_value=30) for _ in range(6)))
def test_versions_are_ordered_as_semantic_ones(a: int, b: int, c: int, d: int, e: int, f: int) -> None:
    assert admits(f">={a}.{b}.{c}", f"{d}.{e}.{f}") == ((d, e, f) >= (a, b, c))


@pytest.mark.parametrize(
    ("version_range", "version", "wanted"),
    [
        (">=1,<2", "1.9.3", True),
        (">=1,<2", "2.0.0", False),
        ("~=1.2", "1.9.0", True),
        ("~=1.2.0", "1.3.0", False),
        ("==1.*", "1.4.0", True),
        ("!=1.4.0", "1.4.0", False),
        (">=1, <2", "1.0.0", True),
    ],
)
def test_ranges(version_range: str, version: str, wanted: bool) -> None:
    assert admits(version_range, version) is wanted


@pytest.mark.parametrize("text", ["^1.0", "1.0", ">=one", "latest", ">= <1"])
def test_what_is_no_range_is_refused_where_it_is_written(text: str) -> None:
    with pytest.raises(ValidationError):
        Dependency(name="weather", version_range=text)


def test_all_that_stands_against_a_version_is_said() -> None:
    living = [node("weather", "1.4.0"), node("maps", "1.0.0", trips=">=1,<2"), node("trips", "1.0.0")]
    with pytest.raises(DependencyUnmet) as refused:
        check(node("trips", "2.0.0", weather="<1.4", hotels=">=1"), living)
    assert refused.value.details["problems"] == [
        "it needs weather <1.4, and 1.4.0 is what serves",
        "it needs hotels >=1, and there is none",
        "maps 1.0.0 needs trips >=1,<2",
    ]


def test_whoever_is_patient_is_told_what_to_wait_for_but_not_where_waiting_is_of_no_use() -> None:
    missing = check(node("trips", weather=">=1.2"), [node("weather")], patient=True)
    assert [need.words for need in missing] == ["weather >=1.2, and 1.0.0 is what serves"]
    others = [node("weather"), node("maps", trips="<2")]
    with pytest.raises(DependencyUnmet, match=r"needs weather >=1\.2.*maps 1\.0\.0 needs trips <2"):
        check(node("trips", "2.0.0", weather=">=1.2"), others, patient=True)
    with pytest.raises(DependencyUnmet, match="circle"):
        check(node("trips", "1.0.1", maps=">=1"), [node("trips"), node("maps", trips=">=1")], patient=True)


def test_in_staging_others_are_not_asked() -> None:
    living = [node("maps", "1.0.0", trips=">=1,<2"), node("trips", "1.0.0")]
    check(node("trips", "2.0.0"), living, serves=False)
    with pytest.raises(DependencyUnmet):
        check(node("trips", "2.0.0"), living)


def test_it_may_not_need_itself_or_what_needs_it() -> None:
    with pytest.raises(DependencyUnmet, match="trips → trips"):
        check(node("trips", trips=">=1"), [])
    with pytest.raises(DependencyUnmet, match="in a circle"):
        check(node("trips", "1.0.1", maps=">=1"), [node("trips"), node("maps", trips=">=1")])


def test_relations() -> None:
    living = [
        node("weather", "1.4.0"),
        node("trips", "1.0.0", weather=">=2"),
        node("maps", "1.0.0", trips="<2"),
        node("hotels", "1.0.0"),
    ]
    found = relations("trips", living)
    assert [(need.name, need.version, need.met) for need in found.needs] == [("weather", "1.4.0", False)]
    assert [(one.name, one.met) for one in found.needed_by] == [("maps", True)]
    assert found.order == [["weather"], ["trips"], ["maps"]]
    gone = relations("trains", living)
    assert (gone.version, gone.needs, gone.order) == (None, [], [])
