"""The auditor: it shares no code with the product, and believes none of its parts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.faults.chaos import bill, judging, sweep
from tests.faults.chaos.bill import Kill
from tests.faults.chaos.judging import Expected, Finding, Kind
from tests.faults.chaos.seen import Where, look


@dataclass(frozen=True)
class Audit:
    """`ends` counts integrations by the stage they are in, `failures` by the reason why; `swept` is in bytes."""

    runs: int
    settled: int
    ends: Mapping[str, int]
    refused: int
    findings: Sequence[Finding]
    failures: Mapping[str, int]
    lost_replies: int
    lost_reply_tokens: int
    swept: int

    def count(self, kind: Kind) -> int:
        return sum(finding.amount for finding in self.findings if finding.kind == kind)


async def audited(
    where: Where, expected: Sequence[Expected], kills: Sequence[Kill], canaries: Mapping[str, str]
) -> Audit:
    """Look at everything once, at rest."""
    seen = await look(where)
    judge = judging.Judge(seen)
    paid = bill.checked(seen, kills)
    secrets = await sweep.swept(where, seen, canaries)
    findings = [*judge.findings(expected), *paid.findings, *secrets.findings]
    unsettled = {finding.of for finding in findings if finding.kind == "unsettled"}
    runs = judge.runs
    stages = [row["stage"] for row in judge.integrations.values()]
    return Audit(
        runs=len(runs),
        settled=sum(run.integration_id not in unsettled for run in runs),
        ends={stage: stages.count(stage) for stage in sorted(set(stages))},
        refused=sum(run.integration_id not in judge.integrations for run in runs),
        findings=findings,
        failures=Counter(str(row["failure"]) for row in judge.integrations.values() if row["failure"]),
        lost_replies=paid.lost,
        lost_reply_tokens=paid.lost_tokens,
        swept=secrets.swept,
    )
