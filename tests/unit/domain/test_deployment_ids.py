"""Deployments and stable URLs are named so that nothing collides, and those that exist keep their names."""

import hashlib
import re

from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from domain import ids
from domain.operations import Environment
from domain.plan import Name

HASH = "sha256:" + "ab" * 32
PRODUCTION, STAGING = Environment.PRODUCTION, Environment.STAGING
NAMES = st.from_regex(re.compile(r"[a-z][a-z0-9-]{1,48}[a-z0-9]"), fullmatch=True)


def test_production_s_are_those_from_before_there_were_environments() -> None:
    expected = "dep_" + hashlib.sha256(f"int_1/{HASH}".encode()).hexdigest()[:32]
    assert ids.deployment("int_1", HASH) == ids.deployment("int_1", HASH, PRODUCTION) == expected
    assert ids.route("cities") == ids.route("cities", PRODUCTION) == "cities"


def test_a_version_has_two_in_each_environment_and_never_the_one_that_serves() -> None:
    seen = set()
    for environment in Environment:
        first = ids.deployment("int_1", HASH, environment)
        second = ids.deployment("int_1", HASH, environment, beside=first)
        assert ids.deployment("int_1", HASH, environment, beside=second) == first
        assert ids.deployment("int_1", HASH, environment, beside="dep_of_another_version") == first
        seen |= {first, second}
    assert len(seen) == 4
    assert all(TypeAdapter(ids.DeploymentId).validate_python(one) for one in seen)


@given(NAMES)
def test_a_stable_url_s_name_leads_back_and_is_no_integration_s(name: str) -> None:
    TypeAdapter(Name).validate_python(name)
    for environment in Environment:
        route = ids.route(name, environment)
        assert TypeAdapter(ids.RouteName).validate_python(route) == route
        assert ids.routed(route) == name
    assert re.fullmatch(r"[a-z][a-z0-9-]{1,48}[a-z0-9]", ids.route(name, STAGING)) is None
