"""How much of the version a change of the public interface asks for."""

from typing import Any

import pytest

from domain.compatibility import Change, change, differences, fits, next_version
from domain.manifest import HealthCheck, Manifest
from domain.plan import Capability, ConfigurationKey, OperationUse, SecretKey


def capability(name: str = "cities.list", route: str = "/cities", method: str = "get") -> Capability:
    operation = OperationUse(method="get", path="/cities", purpose="Read.")
    return Capability.model_validate(
        {"name": name, "description": "Cities.", "method": method, "route": route, "operation": operation}
    )


def manifest(**changes: Any) -> Manifest:
    fields: dict[str, Any] = {
        "name": "cities",
        "version": "1.0.0",
        "description": "Lists cities.",
        "author": "ada",
        "base_url": "https://cities.example.com",
        "entrypoint": "cities_integration.app:app",
        "dependencies": [],
        "capabilities": [capability()],
        "hosts": ["cities.example.com"],
        "configuration": [ConfigurationKey(name="REGION", description="Where.", default="north")],
        "secrets": [SecretKey(name="TOKEN", description="The API's.")],
    }
    return Manifest.model_validate(fields | changes)


REGION = ConfigurationKey(name="REGION", description="Where.", default="north")
TOKEN = SecretKey(name="TOKEN", description="The API's.")


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, Change.PATCH),
        ({"description": "Other words.", "hosts": ["cities.example.com", "b.example.com"]}, Change.PATCH),
        ({"capabilities": [capability(), capability("cities.read", "/cities/{id}")]}, Change.MINOR),
        ({"capabilities": [capability("cities.all")]}, Change.MAJOR),
        ({"capabilities": [capability(route="/towns")]}, Change.MAJOR),
        ({"capabilities": [capability(method="post")]}, Change.MAJOR),
        ({"secrets": [TOKEN, SecretKey(name="KEY", description="New.")]}, Change.MAJOR),
        ({"secrets": [TOKEN, SecretKey(name="KEY", description="New.", required=False)]}, Change.MINOR),
        ({"secrets": [SecretKey(name="TOKEN", description="The API's.", required=False)]}, Change.MINOR),
        ({"secrets": []}, Change.MINOR),
        ({"configuration": [ConfigurationKey(name="REGION", description="Where.")]}, Change.MAJOR),
        ({"configuration": [ConfigurationKey(name="REGION", description="Where.", default="south")]}, Change.PATCH),
        ({"health": HealthCheck(endpoint="/alive")}, Change.MAJOR),
    ],
    ids=[
        "nothing",
        "the inside",
        "a capability more",
        "a capability renamed",
        "another route",
        "another method",
        "a secret that must be given",
        "a secret that may be given",
        "a secret freed",
        "a secret gone",
        "a setting without its default",
        "another default",
        "another health check",
    ],
)
def test_what_a_change_asks_for(changes: dict[str, Any], wanted: Change) -> None:
    assert change(manifest(), manifest(**changes)) is wanted


def test_what_placeholders_are_named_is_nobodys_business() -> None:
    one = manifest(capabilities=[capability(route="/cities/{id}")])
    other = manifest(capabilities=[capability(route="/cities/{city}")])
    assert differences(one, other) == []


def test_the_gravest_comes_first_and_is_said_in_words() -> None:
    after = manifest(capabilities=[capability("towns.list", "/towns")])
    assert [one.what for one in differences(manifest(), after)] == [
        "the capability cities.list is gone",
        "the capability towns.list is new",
    ]


@pytest.mark.parametrize(
    ("previous", "by", "version"),
    [
        ("1.2.3", Change.PATCH, "1.2.4"),
        ("1.2.3", Change.MINOR, "1.3.0"),
        ("1.2.3", Change.MAJOR, "2.0.0"),
        ("0.4.1", Change.MAJOR, "0.5.0"),
    ],
)
def test_the_next_version(previous: str, by: Change, version: str) -> None:
    assert next_version(previous, by) == version
    assert fits(version, previous=previous, change=by)
    assert not fits(previous, previous=previous, change=by)


def test_a_version_that_says_too_little_does_not_fit_and_one_that_says_more_does() -> None:
    assert not fits("1.2.4", previous="1.2.3", change=Change.MINOR)
    assert not fits("1.10.0", previous="1.9.9", change=Change.MAJOR)
    assert fits("1.10.0", previous="1.9.9", change=Change.MINOR)
    assert fits("3.0.0", previous="1.2.3", change=Change.PATCH)
