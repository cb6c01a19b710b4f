"""`python -m benchmarks.scale`: how time, memory and histories grow with runs. docs/benchmarks.md says how."""

import argparse
import json
import sys

from benchmarks import command
from benchmarks.scale.measure import Measured, measure
from benchmarks.scale.report import figures, text
from cli.stack import NotReady, StackError

SIZES, FULL_SIZES = (1, 10, 100), (1, 10, 100, 1000)
WAITING, FULL_WAITING = 200, 10_000
CACHED, FULL_CACHED = 50, 1000


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--json", action="store_true", help="end with one line of named figures")
    parser.add_argument("--full", action="store_true", help=f"up to {FULL_SIZES[-1]} at once, {FULL_WAITING} that wait")
    parser.add_argument("--sizes", help="runs at once, with commas between (default: 1,10,100)")
    parser.add_argument("--waiting", type=int, help=f"runs that wait for people (default: {WAITING}); 0 for none")
    parser.add_argument("--cached", type=int, help=f"runs that one worker keeps in memory (default: {CACHED})")
    parser.add_argument("--days", type=int, default=365, help="for how long one run waits (default: 365); 0 for none")
    parser.add_argument("--sweeps", default="10,100,1000", help="integrations in a sweep (default: 10,100,1000)")
    given = parser.parse_args()
    sweeps = [int(size) for size in given.sweeps.split(",") if size]
    sizes = [int(size) for size in given.sizes.split(",") if size] if given.sizes is not None else None
    if sizes is None:
        sizes = list(FULL_SIZES if given.full else SIZES)
    waiting = given.waiting if given.waiting is not None else (FULL_WAITING if given.full else WAITING)
    cached = given.cached if given.cached is not None else (FULL_CACHED if given.full else CACHED)
    found: list[Measured] = []

    def told(measured: Measured) -> str:
        found.append(measured)
        return text(measured)

    code = command.run(
        measure(sizes=sizes, waiting=waiting, cached=cached, days=given.days, sweeps=sweeps),
        text=told,
        last_line=(lambda measured: json.dumps(figures(measured))) if given.json else None,
        sentences=(StackError, NotReady),
    )
    return code or int(bool(figures(found[0])["runs_lost_or_stuck"]))


if __name__ == "__main__":
    sys.exit(main())
