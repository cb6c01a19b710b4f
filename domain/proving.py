"""The policy of proving: what a finding does, which licences and packages are admitted, how fast is fast enough.

An operator keeps it in a file (`CCB_POLICY_FILE`); the one that is shipped is adapters/policy/proving.yaml.
"""

from fnmatch import fnmatchcase

from pydantic import Field

from domain.base import Data
from domain.reports import Effect, Finding, Kind, Level


class Rule(Data):
    """What findings that match do. `tool` and `rule` are patterns as in a shell; what is left out matches all."""

    kind: Kind | None = None
    tool: str = "*"
    rule: str = "*"
    level: Level | None = None
    effect: Effect
    why: str = ""

    def matches(self, finding: Finding) -> bool:
        return (
            self.kind in {None, finding.kind}
            and self.level in {None, finding.level}
            and fnmatchcase(finding.tool, self.tool)
            and fnmatchcase(finding.rule, self.rule)
        )


class Measures(Data):
    """Limits of what is measured in the sandbox: an integration that needs more is a finding.

    Times are in seconds or milliseconds as named, memory in MiB. The load is `requests` in all, `rate` a second, to
    `/health` and then to each route, whether or not earlier ones are answered; of these `concurrency` at once, and what
    is due meanwhile is late by so much.
    """

    import_seconds: float = Field(default=5.0, gt=0)
    startup_seconds: float = Field(default=10.0, gt=0)
    memory_mib: int = Field(default=256, gt=0)
    health_p95_ms: float = Field(default=250.0, gt=0)
    route_p95_ms: float = Field(default=1_000.0, gt=0)
    requests: int = Field(default=40, ge=1, le=10_000)
    rate: float = Field(default=250.0, gt=0, le=100_000)
    concurrency: int = Field(default=4, ge=1, le=100)


class Mutation(Data):
    """How the tests are tested: at most `sample` mutants in at most `seconds`, of which `minimum` must be killed."""

    sample: int = Field(default=20, ge=1, le=500)
    seconds: float = Field(default=60.0, gt=0)
    minimum: float = Field(default=0.6, ge=0, le=1)


class ProvingPolicy(Data):
    """`rules` are looked through from the top, and the first that matches says what a finding does.

    A finding that none matches does what its level says: an error blocks, a warning asks for a person, a note is one.
    `licenses` are SPDX ids; `packages` are the distributions that an integration may require.
    """

    rules: list[Rule] = []
    licenses: list[str]
    packages: list[str]
    measures: Measures = Measures()
    mutation: Mutation = Mutation()

    def judged(self, finding: Finding) -> Finding:
        """The finding with its effect."""
        matching = next((rule.effect for rule in self.rules if rule.matches(finding)), None)
        return finding.model_copy(update={"effect": matching or _BY_LEVEL[finding.level]})


_BY_LEVEL = {Level.ERROR: Effect.BLOCK, Level.WARNING: Effect.PERSON, Level.NOTE: Effect.NOTE}
