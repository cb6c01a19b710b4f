"""Who may do what with an integration, by what is known of it."""

from datetime import UTC, datetime

import pytest

from domain.access import Acting, Condition, Grant, Permission, Rights
from domain.authorization import NOTHING, OWN, attributes, refusal, requested
from domain.lifecycle import Stage
from domain.people import Actor, Channel
from domain.registry import Integration

ADA, BOB = "per_" + "a" * 32, "per_" + "b" * 32
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def integration(owner: str, *, asked: str = ADA, name: str | None = "weather") -> Integration:
    return Integration(
        id="int_" + "1" * 32,
        organization_id="org_default",
        name=name,
        title="Weather",
        stage=Stage.ACTIVE,
        workflow_id="w",
        run_id="r",
        requester=Actor(channel=Channel.API, name="ada", person_id=asked),
        repository="acme/integrations",
        owner=owner,
        created_at=NOW,
        updated_at=NOW,
        revision=1,
    )


def acting(*conditions: Condition) -> Acting:
    grant = Grant(resource="runs", action="review", conditions=conditions)
    return Acting(id=BOB, name="bob", role="owners", rights=Rights.of([grant]))


def test_an_integration_is_its_owners_whoever_asked_for_it() -> None:
    assert attributes(integration(BOB), acting()) == {"owner": "self", "name": "weather", "stage": "active"}
    assert attributes(integration(ADA, asked=BOB), acting())["owner"] == ADA
    assert attributes(integration("github:octocat", name=None), acting()) == {
        "owner": "github:octocat",
        "stage": "active",
    }


def test_what_is_asked_for_will_be_the_callers() -> None:
    assert requested("weather") == {"owner": "self", "name": "weather"}
    assert requested(None) == OWN


@pytest.mark.parametrize(
    ("conditions", "owner", "why"),
    [
        ((), ADA, None),
        ((Condition(attribute="owner", values=("self",)),), BOB, None),
        ((Condition(attribute="owner", values=("self",)),), ADA, "only under conditions"),
    ],
)
def test_a_refusal_says_what_is_missing(conditions: tuple[Condition, ...], owner: str, why: str | None) -> None:
    bob = acting(*conditions)
    said = refusal(bob, Permission.RUNS_REVIEW, attributes(integration(owner), bob))
    assert (said is None) == (why is None)
    assert why is None or why in (said or "")
    none = refusal(bob, Permission.RUNS_STEER, NOTHING)
    assert none is not None
    assert "`runs:steer`, which the role owners of bob does not give" in none
