"""Rights: granted, conditioned, narrowed, given on."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.access import BUILT_IN, NONE, RIGHTS, Acting, Condition, Grant, NewRole, Permission, Rights
from domain.people import Person, Role

DEPLOY = Permission.INTEGRATIONS_DEPLOY
STAGING = Condition(attribute="environment", values=("staging",))
OWN = Condition(attribute="owner", values=("self",))


def rights(*conditions: Condition, permission: Permission = DEPLOY) -> Rights:
    resource, _, action = permission.partition(":")
    return Rights.of([Grant(resource=resource, action=action, conditions=conditions)])


def test_each_built_in_role_has_what_the_one_before_has_and_more():
    ranks = [RIGHTS[role] for role in Role]
    for lower, higher in pairwise(ranks):
        assert higher.cover(lower)
        assert not lower.cover(higher)
    assert set(RIGHTS[Role.ADMIN].grants) == set(Permission)
    assert all(role.built_in for role in BUILT_IN.values())


def test_what_is_not_granted_is_refused():
    assert not NONE.has(DEPLOY)
    assert not NONE.allow(DEPLOY, {"environment": "staging", "owner": "self"})
    assert rights().allow(DEPLOY, {})


@pytest.mark.parametrize(
    ("condition", "about", "met"),
    [
        (STAGING, {"environment": "staging"}, True),
        (STAGING, {"environment": "production"}, False),
        (STAGING, {}, False),
        (OWN, {"owner": "self"}, True),
        (OWN, {"owner": "per_" + "1" * 32}, False),
        (Condition(attribute="stage", values=("active", "failed")), {"stage": "failed"}, True),
        (Condition(attribute="name", values=("billing-*",)), {"name": "billing-invoices"}, True),
        (Condition(attribute="name", values=("billing-*",)), {"name": "my-billing-invoices"}, False),
        (Condition(attribute="name", values=("billing",)), {"name": "billing-invoices"}, False),
        (Condition(attribute="team", values=("payments",)), {"team": "payments"}, False),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_condition_is_met_by_what_it_names_alone(condition: Condition, about: dict[str, str], met: bool):
    assert rights(condition).allow(DEPLOY, about) is met


def test_all_conditions_of_a_grant_count_and_one_grant_is_enough():
    both = rights(STAGING, OWN)
    assert both.allow(DEPLOY, {"environment": "staging", "owner": "self"})
    assert not both.allow(DEPLOY, {"environment": "staging"})
    either = Rights.of([Grant(resource="integrations", action="deploy", conditions=(one,)) for one in (STAGING, OWN)])
    assert either.allow(DEPLOY, {"owner": "self"})
    assert either.depends(DEPLOY)
    assert not Rights.of([*_grants(either), Grant(resource="integrations", action="deploy")]).depends(DEPLOY)


def _grants(of: Rights) -> list[Grant]:
    return [
        Grant(resource=name.partition(":")[0], action=name.partition(":")[2], conditions=way)
        for name, ways in of.grants.items()
        for way in ways
    ]


def test_nobody_covers_more_than_they_have():
    assert rights().cover(rights(STAGING))
    assert rights(STAGING).cover(rights(STAGING, OWN))
    assert not rights(STAGING).cover(rights())
    assert not rights(STAGING).cover(rights(OWN))
    assert not rights().cover(rights(permission=Permission.KEYS_CREATE))


def test_scopes_only_take_away():
    narrowed = RIGHTS[Role.DEVELOPER].within(["runs:read", "keys:create", "no:such"])
    assert narrowed.names == ["runs:read"]
    assert RIGHTS[Role.DEVELOPER].within(None) is RIGHTS[Role.DEVELOPER]
    assert RIGHTS[Role.ADMIN].within([]).names == []


@pytest.mark.parametrize(
    "grant",
    [
        {"resource": "integrations", "action": "fly"},
        {"resource": "*", "action": "*"},
        {"resource": "runs", "action": "read", "conditions": [{"attribute": "team", "values": ["a"]}]},
        {"resource": "runs", "action": "read", "conditions": [{"attribute": "name", "values": []}]},
        {"resource": "runs", "action": "read", "conditions": [{"attribute": "name", "values": ["[a-z]"]}]},
    ],
    ids=["action", "star", "attribute", "values", "pattern"],
)
def test_what_is_not_known_cannot_be_given(grant: object):
    with pytest.raises(ValidationError):
        NewRole.model_validate({"permissions": [grant]})


def test_rights_are_not_told_with_the_person():
    acting = Acting(id="per_" + "0" * 32, name="ada", rights=RIGHTS[Role.ADMIN], key_id="key_1", narrow=True)
    assert Person.model_validate(acting.model_dump()).name == "ada"
    assert acting.limited
    assert acting.may(DEPLOY)


CONDITIONS = st.tuples(
    st.sampled_from(["owner", "name", "stage", "environment", "team"]),
    st.lists(st.sampled_from(["self", "staging", "a*", "b"]), min_size=1, max_size=3),
).map(lambda pair: Condition(attribute=pair[0], values=tuple(pair[1])))
GRANTS = st.lists(
    st.tuples(st.sampled_from(list(Permission)[:4]), st.lists(CONDITIONS, max_size=2)).map(
        lambda pair: rights(*pair[1], permission=pair[0])
    ),
    max_size=4,
).map(lambda all_of: Rights.of([grant for each in all_of for grant in _grants(each)]))
ABOUT = st.dictionaries(
    st.sampled_from(["owner", "name", "stage", "environment", "team"]), st.sampled_from(["self", "staging", "ab", "b"])
)


@given(mine=GRANTS, theirs=GRANTS, about=ABOUT, permission=st.sampled_from(list(Permission)[:4]))
def test_who_covers_rights_is_allowed_all_that_they_allow(
    mine: Rights, theirs: Rights, about: dict[str, str], permission: Permission
):
    if mine.cover(theirs) and theirs.allow(permission, about):
        assert mine.allow(permission, about)
    if mine.allow(permission, about):
        assert mine.has(permission)
