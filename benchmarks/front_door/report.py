"""What was measured, for people and for programs."""

import json
import os
from collections.abc import Sequence

from benchmarks.front_door.load import Loaded, processor_us
from benchmarks.front_door.measure import FEW, KINDS, Measured


def quantile(rounds: Sequence[Loaded], part: float) -> float:
    """Of all rounds together, in milliseconds."""
    ordered = sorted(one for each in rounds for one in each.latencies)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] * 1000


def figures(found: Measured) -> dict[str, float | int]:
    named: dict[str, float | int] = {}
    for kind in KINDS:
        pair = found.pairs[kind]
        named[f"{kind}_over_floor"] = round(pair.over, 3)
        named[f"{kind}_p99_over_floor"] = round(quantile(pair.product, 0.99) / quantile(pair.floor, 0.99), 2)
    named |= {"auth_us": round(found.auth_us), "peak_rss_mb": round(found.peak_rss_mb, 1)}
    named |= {f"{kind}_growth": round(ratio, 2) for kind, ratio in found.growth.items()}
    for kind in KINDS:
        for side in ("product", "floor"):
            rounds: list[Loaded] = getattr(found.pairs[kind], side)
            named[f"{kind}_{side}_per_second"] = round(sum(one.rate for one in rounds) / len(rounds))
            named[f"{kind}_{side}_p99_ms"] = round(quantile(rounds, 0.99), 1)
            named[f"{kind}_{side}_processor_us"] = round(processor_us(rounds))
    return named | {"processors": os.cpu_count() or 0, "load": round(os.getloadavg()[0], 1)}


def text(found: Measured) -> str:
    lines = [
        f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the end; {found.connections} connections, "
        f"{found.seconds:g} s a round, {found.integrations:,} integrations",
        "",
        f"{'':<10}{'product/s':>11}{'floor/s':>9}{'over':>7}{'p50 ms':>9}{'floor':>7}{'p99 ms':>9}{'floor':>7}"
        f"{'over':>7}{'cpu µs':>9}{'floor':>7}",
    ]
    named = figures(found)
    for kind in KINDS:
        pair = found.pairs[kind]
        lines.append(
            f"{kind:<10}{named[f'{kind}_product_per_second']:>11}{named[f'{kind}_floor_per_second']:>9}"
            f"{pair.over:>7.2f}{quantile(pair.product, 0.5):>9.1f}{quantile(pair.floor, 0.5):>7.1f}"
            f"{named[f'{kind}_product_p99_ms']:>9}{named[f'{kind}_floor_p99_ms']:>7}"
            f"{named[f'{kind}_p99_over_floor']:>7}{named[f'{kind}_product_processor_us']:>9}"
            f"{named[f'{kind}_floor_processor_us']:>7}"
        )
    lines += ["", f"who asks, and what they may: {found.auth_us:.0f} µs", f"API, peak: {found.peak_rss_mb:.0f} MB"]
    lines += [f"{kind}, of its processor time with {FEW:,}: {ratio:.2f}" for kind, ratio in found.growth.items()]
    return "\n".join(lines)


def last_line(found: Measured) -> str:
    return json.dumps(figures(found))
