"""What was measured, for people and for programs."""

import json
import os
from statistics import median

from benchmarks.validation.measure import KINDS, Measured

_FIGURES = ("together_over_slowest", "together_over_serial", "cold_seconds", "warm_seconds", "launch_overhead_ms")


def figures(found: Measured) -> dict[str, float]:
    """The named figures, of medians."""
    together = median(found.together)
    values = (
        round(together / median(found.alone[found.slowest]), 3),
        round(together / median(found.serial), 3),
        round(median(found.cold), 2),
        round(median(found.warm), 2),
        round((median(found.jail) - median(found.bare)) * 1000, 2),
    )
    return dict(zip(_FIGURES, values, strict=True))


def text(found: Measured) -> str:
    load = os.getloadavg()[0]
    rows = [(f"{kind} alone", found.alone[kind]) for kind in KINDS]
    rows += [("one after another", found.serial), ("together", found.together)]
    rows += [("a whole check, warm", found.warm), ("a whole check, cold", found.cold)]
    rows += [("a launch in a jail", found.jail), ("a launch without", found.bare)]
    lines = [
        f"{os.cpu_count()} processors, load {load:.1f} at the end; the slowest alone: {found.slowest}",
        "",
        f"{'':<24}{'median, ms':>12}{'lowest':>10}{'highest':>10}{'rounds':>8}",
    ]
    lines += [
        f"{title:<24}{median(times) * 1000:>12.1f}{min(times) * 1000:>10.1f}{max(times) * 1000:>10.1f}{len(times):>8}"
        for title, times in rows
    ]
    return "\n".join([*lines, "", *(f"{name:<24}{value:>10}" for name, value in figures(found).items())])


def last_line(found: Measured) -> str:
    return json.dumps(figures(found))
