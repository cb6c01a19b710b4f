"""Names are safe whatever the outside says; ids sort by time; hashes bind to content."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from domain import ids
from domain.artifacts import files_hash
from domain.plan import Name, Plan, package_name

PLAN = {
    "name": "pets",
    "summary": "Reads pets.",
    "base_url": "https://api.example.com/v1",
    "hosts": ["api.example.com"],
    "acceptance": ["It lists pets."],
    "capabilities": [
        {
            "name": "pets.list",
            "description": "Lists pets.",
            "method": "get",
            "route": "/pets",
            "operation": {"method": "get", "path": "/pets", "purpose": "list"},
        }
    ],
}


@given(st.text(max_size=200))
def test_a_slug_is_always_a_name_and_its_package_an_identifier(text: str) -> None:
    name = TypeAdapter(Name).validate_python(ids.slug(text))
    assert package_name(name).isidentifier()


def test_ids_sort_by_time_and_derived_ones_are_repeatable() -> None:
    first = ids.new("int")
    assert first < ids.new("int")
    at = datetime(2026, 1, 1, tzinfo=UTC)
    one = ids.derived("int", "github:acme/x#1", at)
    assert one == ids.derived("int", "github:acme/x#1", at)
    assert one != ids.derived("int", "github:acme/x#2", at)
    assert one < ids.derived("int", "github:acme/x#1", at + timedelta(milliseconds=1)) < first
    assert TypeAdapter(ids.IntegrationId).validate_python(one) == one


def test_the_hash_of_files_depends_on_paths_and_bytes_only() -> None:
    files = {"a.py": "1", "b.py": "2"}
    assert files_hash(files) == files_hash(dict(reversed(files.items())))
    assert files_hash(files) != files_hash({"a.py": "2", "b.py": "1"})
    assert files_hash({"a": "b"}) != files_hash({"ab": ""})


def test_a_sound_plan_is_a_plan() -> None:
    assert Plan.model_validate(PLAN).package == "pets_integration"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"hosts": ["other.example.com"]}, "hosts must name api.example.com"),
        ({"base_url": "file:///etc/passwd"}, "base_url"),
        ({"base_url": "https://x.example.com/'; import os"}, "base_url"),
        ({"name": "../../etc"}, "name"),
        ({"hosts": ["api.example.com", "evil.example.com/path"]}, "hosts"),
        ({"capabilities": []}, "capabilities"),
        ({"capabilities": PLAN["capabilities"] * 2}, "named twice"),
        ({"secrets": [{"name": "path", "description": "x"}]}, "secrets"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_an_unsound_plan_is_refused_with_the_place(change: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Plan.model_validate(PLAN | change)


@pytest.mark.parametrize("route", ["/health", "/../x", "/pets/{Pet}", "pets", "/pets?x=1", "/pets/{a}{b}", "/"])
def test_routes_are_plain(route: str) -> None:
    capability = {**PLAN["capabilities"][0], "route": route}  # type: ignore[index]
    with pytest.raises(ValidationError, match="route"):
        Plan.model_validate(PLAN | {"capabilities": [capability]})
