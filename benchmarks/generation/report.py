"""What was measured, for people and for programs."""

import json
import os

from benchmarks.generation.measure import Measured


def figures(found: Measured) -> dict[str, object]:
    """The named figures: sums over all documents; `seconds` is the time that all took together."""
    outcomes = found.outcomes
    later = sum(one.later_input_tokens for one in outcomes)
    return {
        "documents": len(outcomes),
        "passed": sum(one.passed for one in outcomes),
        "turns": sum(one.turns for one in outcomes),
        "input_tokens": sum(one.input_tokens for one in outcomes),
        "cached_share": round(sum(one.cached_tokens for one in outcomes) / later, 4) if later else 0.0,
        "cost_usd": round(float(sum(one.cost_usd for one in outcomes)), 4),
        "repairs": sum(one.repairs for one in outcomes),
        "seconds": round(found.seconds, 1),
        "output_tokens": sum(one.output_tokens for one in outcomes),
        "operations_asked": sum(one.asked for one in outcomes),
        "operations_found": sum(one.found for one in outcomes),
        "real": found.real,
        "seed": found.seed,
        "chosen": [f"{one.name} {one.version}".strip() for one in outcomes],
        "results": [one.as_json() for one in outcomes],
    }


def text(found: Measured) -> str:
    outcomes = found.outcomes
    named = figures(found)
    lines = [
        f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the end, {found.at_once} at once, "
        f"{'the real' if found.real else 'the simulated'} Claude, seed {found.seed}",
        "",
        f"{'document':<52}{'MB':>6}{'passed':>8}{'asked':>7}{'found':>7}{'turns':>7}{'input':>10}{'cached':>8}"
        f"{'repairs':>9}{'USD':>8}{'s':>6}",
    ]
    for one in outcomes:
        cached = one.cached_tokens / one.later_input_tokens if one.later_input_tokens else 0.0
        lines.append(
            f"{f'{one.name} {one.version}'[:51]:<52}{one.bytes / 1e6:>6.2f}{'yes' if one.passed else 'NO':>8}"
            f"{one.asked:>7}{one.found:>7}{one.turns:>7}{one.input_tokens:>10}{cached:>8.0%}{one.repairs:>9}"
            f"{one.cost_usd:>8.3f}{one.seconds:>6.0f}"
        )
    lines += [f"  {one.name}: {one.failure}" for one in outcomes if not one.passed]
    lines += [
        "",
        f"{named['passed']} of {named['documents']} passed; {named['turns']} turns; {named['repairs']} repairs; "
        f"{named['input_tokens']} input tokens; cached from the second turn on: {named['cached_share']:.1%}; "
        f"${named['cost_usd']:.2f}; {named['seconds']} s",
    ]
    return "\n".join(lines)


def last_line(found: Measured) -> str:
    return json.dumps(figures(found))
