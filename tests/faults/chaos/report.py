"""From a play to its figures: the auditor is told where things are and what was promised, and nothing else."""

import json
from collections import Counter

from tests.faults.chaos.audit import Audit, audited
from tests.faults.chaos.bill import Kill
from tests.faults.chaos.figures import Figures
from tests.faults.chaos.judging import Expected
from tests.faults.chaos.play import Play
from tests.faults.chaos.seen import Where

_BUCKET = "ccb-artifacts"


def where(play: Play) -> Where:
    found = play.standing.addresses
    words = (line.split() for line in (found.data_dir / "valkey" / "valkey.conf").read_text().splitlines())
    return Where(
        data_dir=found.data_dir,
        traces=found.data_dir.parent / "traces",
        dsn=play.standing.dsn,
        redis_port=int(next(value for name, value, *_ in words if name == "port")),
        s3_url=f"{found.s3_url}",
        bucket=_BUCKET,
        temporal=found.temporal_address,
        namespace=found.temporal_namespace,
        simulators_url=f"{found.simulators_url}",
        runner_url=found.runner_url,
        repository=f"{found.repository}",
        secrets=json.loads((found.data_dir / "secrets.json").read_text()),
    )


async def audit(play: Play) -> Audit:
    expected = [Expected(each.name, each.integration_id, each.may_end) for each in play.asked]
    kills = [Kill(each.fault.target, each.at) for each in play.befallen if each.fault.kind == "kill"]
    return await audited(where(play), expected, kills, play.canaries)


async def judged(play: Play, seconds: float) -> Figures:
    """The figures of a play. A saga that its people could not end in time is not settled, whatever it looks like."""
    found = await audit(play)
    troubled = [each for each in play.asked if each.trouble]
    unsettled = {finding.of for finding in found.findings if finding.kind == "unsettled"}
    late = sum(each.integration_id not in unsettled for each in troubled)
    kills = [each for each in play.befallen if each.fault.kind == "kill"]
    recovered = sorted(each.recovered_s for each in kills if each.recovered_s is not None)
    problems = [f"{finding.kind}: {finding.what}" for finding in found.findings]
    problems += [f"{each.name}: {each.trouble}" for each in troubled]
    return Figures(
        runs=found.runs,
        settled=found.settled - late,
        kills=len(kills),
        orphans=found.count("orphan"),
        duplicates=found.count("duplicate"),
        lost_events=found.count("lost event"),
        paid_twice=found.count("paid twice"),
        canaries_found=found.count("canary"),
        recovery_p50_s=_quantile(recovered, 0.5),
        recovery_p99_s=_quantile(recovered, 0.99),
        seed=play.seed,
        seconds=seconds,
        faults=len(play.befallen) - len(kills),
        deployed=found.ends.get("active", 0),
        undone=found.ends.get("failed", 0),
        refused=found.refused,
        lost_replies=found.lost_replies,
        lost_reply_tokens=found.lost_reply_tokens,
        settled_in_s=round(play.settled_in, 1),
        swept_mb=round(found.swept / 1e6, 1),
        problems=problems,
        failures=dict(found.failures),
        kinds=dict(Counter(each.kind for each in play.asked)),
    )


def _quantile(ordered: list[float], part: float) -> float:
    """By rank: with few kills, p99 is the slowest."""
    return round(ordered[min(len(ordered) - 1, int(part * len(ordered)))], 2) if ordered else 0.0


def text(figures: Figures) -> str:
    rows = [f"{name:18} {value}" for name, value in figures.as_json().items() if name != "problems"]
    return "\n".join([*rows, *(f"  {problem}" for problem in figures.problems)])
