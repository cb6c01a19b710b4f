"""The tests put to the test: how many small faults in the code do they notice?"""

import hashlib
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints, ValidationError

from adapters.sandbox.jail import Limits
from adapters.sandbox.run import run
from adapters.validation import programs
from adapters.validation.tool import FAILED, failed
from adapters.validation.validator import Heartbeat
from adapters.validation.workspace import Workspace
from domain.proving import Mutation
from domain.reports import Finding, Kind, Level, MutationScore

TOOL = "mutants"
_LIMITS = Limits(memory=1 << 30, cpu=120, processes=64)
_GRACE_SECONDS = 30.0
_MODULES = ("mutants", "harness")

Text = Annotated[str, StringConstraints(max_length=300)]


class _Tried(BaseModel):
    path: Text
    line: int = Field(ge=0)
    kind: Text
    before: Text
    after: Text
    outcome: Literal["killed", "survived", "timeout"]


class _Answer(BaseModel):
    possible: int = Field(ge=0)
    seconds: float
    error: Text
    tried: list[_Tried] = Field(max_length=500)


class Mutants:
    """Puts faults into the code, one at a time, and runs the tests; a fault they do not fail for is a survivor.

    The sample is spread over functions, and the same for the same content. A mutant whose tests hang counts as killed;
    one that was not tried in time does not count. Nothing of it runs outside of a jail, and the sources that the jail
    sees are never changed.
    """

    tools = (TOOL,)

    def __init__(self, policy: Mutation | None = None) -> None:
        self._policy = policy or Mutation()

    async def run(self, workspace: Workspace, *, heartbeat: Heartbeat) -> tuple[MutationScore, list[Finding]]:
        """The score, and what is to be said of it. Meant for tests that pass: if they do not, that is the finding."""
        policy = self._policy
        done = await run(
            workspace.jail(_LIMITS),
            [workspace.python, *programs.ARGUMENTS],
            timeout=policy.seconds + _GRACE_SECONDS,
            heartbeat=heartbeat,
            stdin=programs.order(
                __package__,
                _MODULES,
                {"seed": _seed(workspace), "sample": policy.sample, "seconds": policy.seconds},
            ),
            label=TOOL,
        )
        try:
            answer = _Answer.model_validate_json(done.stdout)
        except ValidationError:
            return MutationScore(killed=0, sampled=0, possible=0), [failed(Kind.TESTS, TOOL, done)]
        tried = [one for one in answer.tried if one.path in workspace.files][: policy.sample]
        killed = sum(one.outcome != "survived" for one in tried)
        score = MutationScore(killed=killed, sampled=len(tried), possible=max(answer.possible, len(tried)))
        if answer.error or (score.possible and not score.sampled):
            return score, [_untested(answer.error, score.possible, policy.seconds)]
        return score, self._findings(score, [one for one in tried if one.outcome == "survived"])

    def _findings(self, score: MutationScore, survivors: Sequence[_Tried]) -> list[Finding]:
        weak = score.share < self._policy.minimum
        found = [_survivor(one, Level.ERROR if weak else Level.NOTE) for one in survivors]
        if not weak:
            return found
        summary = Finding(
            kind=Kind.TESTS,
            tool=TOOL,
            rule="weak-tests",
            level=Level.ERROR,
            message=f"the tests noticed {score.killed} of {score.sampled} small faults put into the code;"
            f" at least {self._policy.minimum:.0%} are wanted",
            fix="assert on what each changed place makes different; the survivors are named one by one",
        )
        return [summary, *found]


def _survivor(one: _Tried, level: Level) -> Finding:
    change = f"leaving out `{one.before}`" if one.after == "nothing" else f"`{one.before}` changed to `{one.after}`"
    return Finding(
        kind=Kind.TESTS,
        tool=TOOL,
        rule="surviving-mutant",
        level=level,
        message=f"all tests pass with {change} ({one.kind})",
        path=one.path,
        line=one.line,
        fix=f"add a test that fails with {change}",
    )


def _untested(why: str, possible: int, seconds: float) -> Finding:
    """Out of time, they may do better on a machine that does less: then it is the tool that failed."""
    slow = f"none of {possible} faults could be tried within {seconds:g} s"
    return Finding(
        kind=Kind.TESTS,
        tool=TOOL,
        rule="not-tested" if why else FAILED,
        level=Level.ERROR,
        message=f"the tests could not be tested: {why or slow}",
        fix="make the tests pass alone, in any order, without a network, and within seconds",
    )


def _seed(workspace: Workspace) -> str:
    """The same content, the same sample."""
    digest = hashlib.sha256()
    for path, text in sorted(workspace.files.items()):
        digest.update(f"{path}\0{text}\0".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
