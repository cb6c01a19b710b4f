"""`python -m benchmarks.validation`: what validation takes, and a jail. docs/benchmarks.md says how it is measured."""

import argparse
import sys

from benchmarks.command import run
from benchmarks.validation.measure import NotClean, measure
from benchmarks.validation.report import last_line, text
from benchmarks.validation.world import NotReady
from domain.errors import CcbError


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.validation", description=__doc__)
    parser.add_argument("--json", action="store_true", help="end with one line of named figures")
    parser.add_argument("--rounds", type=int, default=7, help="rounds, warm (default: 7)")
    parser.add_argument("--cold-rounds", type=int, default=2, help="rounds with everything built anew (default: 2)")
    parser.add_argument("--launches", type=int, default=50, help="launches of each sort (default: 50)")
    given = parser.parse_args()
    if min(given.rounds, given.cold_rounds, given.launches) < 1:
        parser.error("--rounds, --cold-rounds and --launches must be at least 1")
    return run(
        measure(rounds=given.rounds, cold_rounds=given.cold_rounds, launches=given.launches),
        text=text,
        last_line=last_line if given.json else None,
        sentences=(CcbError, NotReady, NotClean),
    )


if __name__ == "__main__":
    sys.exit(main())
