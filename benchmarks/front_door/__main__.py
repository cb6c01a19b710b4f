"""`python -m benchmarks.front_door`: what the front door costs. docs/benchmarks.md says how it is measured."""

import argparse
import sys

from benchmarks.command import run
from benchmarks.front_door.load import Refused
from benchmarks.front_door.measure import NotMeasured, measure
from benchmarks.front_door.report import last_line, text
from domain.errors import CcbError


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.front_door", description=__doc__)
    parser.add_argument("--json", action="store_true", help="end with one line of named figures")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of product and floor (default: 5)")
    parser.add_argument("--seconds", type=float, default=5, help="of load on each, in a round (default: 5)")
    parser.add_argument("--connections", type=int, default=32, help="open at once (default: 32)")
    parser.add_argument("--integrations", type=int, default=100_000, help="in the registry (default: 100,000)")
    given = parser.parse_args()
    if min(given.rounds, given.seconds, given.connections) <= 0 or given.integrations < 51:
        parser.error("--rounds, --seconds and --connections must be above 0, and --integrations at least 51")
    return run(
        measure(
            rounds=given.rounds,
            seconds=given.seconds,
            connections=given.connections,
            integrations=given.integrations,
        ),
        text=text,
        last_line=last_line if given.json else None,
        sentences=(CcbError, Refused, NotMeasured, OSError, RuntimeError),
    )


if __name__ == "__main__":
    sys.exit(main())
