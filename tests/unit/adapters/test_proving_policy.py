"""The policy file: what is shipped is whole, and what is wrong with an operator's own is said by file and field."""

from pathlib import Path

import pytest
import yaml

from adapters.policy import ProvingSettings
from domain.errors import InvalidInput
from domain.manifest import REQUIREMENTS
from domain.proving import ProvingPolicy
from domain.reports import Effect, Finding, Kind, Level

SHIPPED = Path(__file__).parents[3] / "adapters" / "policy" / "proving.yaml"


@pytest.fixture
def policy() -> ProvingPolicy:
    return ProvingSettings(file=None).load()


def found(tool: str, rule: str, level: Level, kind: Kind = Kind.SECURITY) -> Finding:
    return Finding(kind=kind, tool=tool, rule=rule, level=level, message="m")


def test_what_is_shipped_names_every_field(policy: ProvingPolicy) -> None:
    assert set(yaml.safe_load(SHIPPED.read_text())) == set(ProvingPolicy.model_fields)
    assert set(policy.packages) == set(REQUIREMENTS)
    assert {"MIT", "BSD-3-Clause", "Apache-2.0"} <= set(policy.licenses)
    assert not [name for name in policy.licenses if "GPL" in name]


@pytest.mark.parametrize(
    ("finding", "effect"),
    [
        (found("mypy", "arg-type", Level.ERROR, Kind.TYPES), Effect.BLOCK),
        (found("ruff", "S324", Level.ERROR), Effect.BLOCK),
        (found("detect-secrets", "aws-access-key", Level.ERROR), Effect.BLOCK),
        (found("bandit", "B413", Level.NOTE), Effect.NOTE),
        (found("osv", "GHSA-aaaa-bbbb-cccc", Level.ERROR), Effect.BLOCK),
        (found("osv", "GHSA-aaaa-bbbb-cccc", Level.WARNING), Effect.PERSON),
        (found("osv", "unknown", Level.WARNING), Effect.PERSON),
        (found("osv", "unknown", Level.NOTE), Effect.PERSON),
    ],
    ids=lambda value: f"{value.tool}-{value.rule}-{value.level}" if isinstance(value, Finding) else str(value),
)
def test_what_findings_do(policy: ProvingPolicy, finding: Finding, effect: Effect) -> None:
    assert policy.judged(finding).effect is effect


def test_the_first_rule_that_matches_decides(tmp_path: Path) -> None:
    own = yaml.safe_load(SHIPPED.read_text())
    own["rules"] = [{"tool": "ruff", "rule": "S3*", "effect": "note"}, {"kind": "security", "effect": "person"}]
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(own))
    policy = ProvingSettings(file=tmp_path / "own.yaml").load()
    assert policy.judged(found("ruff", "S324", Level.ERROR)).effect is Effect.NOTE
    assert policy.judged(found("ruff", "S501", Level.ERROR)).effect is Effect.PERSON
    assert policy.judged(found("mypy", "x", Level.ERROR, Kind.TYPES)).effect is Effect.BLOCK


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rules: [", "not YAML"),
        ("rules: []", "licenses: Field required"),
        ("licenses: [MIT]\npackages: []\nrules:\n- tool: osv\n  effect: ignore\n", "rules.0.effect"),
        ("licenses: [MIT]\npackages: []\nmeasures: {memory_mib: -1}\n", "measures.memory_mib"),
        ("licenses: [MIT]\npackages: []\nrule: []\n", "rule: Extra inputs"),
        ("just words", "the whole file"),
    ],
    ids=["yaml", "missing", "effect", "range", "typo", "words"],
)
def test_a_policy_that_is_none(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(text)
    with pytest.raises(InvalidInput) as wrong:
        ProvingSettings(file=file).load()
    assert str(file) in wrong.value.message
    assert words in wrong.value.message


def test_a_policy_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"CCB_POLICY_FILE: .*gone.yaml cannot be read"):
        ProvingSettings(file=tmp_path / "gone.yaml").load()
