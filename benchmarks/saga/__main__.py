"""`python -m benchmarks.saga`: what the saga costs over its floor. docs/benchmarks.md says how it is measured."""

import argparse
import sys

from benchmarks.command import run
from benchmarks.saga.measure import Different, measure
from benchmarks.saga.report import last_line, text
from cli.stack import StackError


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.saga", description=__doc__)
    parser.add_argument("--json", action="store_true", help="end with one line of named figures")
    parser.add_argument("--runs", type=int, default=5, help="rounds (default: 5)")
    parser.add_argument("--at-once", type=int, default=50, help="runs of (b) and (c) submitted at once (default: 50)")
    parser.add_argument("--sagas-at-once", type=int, default=8, help="runs of (a) submitted at once (default: 8)")
    given = parser.parse_args()
    if given.runs < 1 or given.at_once < 1:
        parser.error("--runs and --at-once must be at least 1")
    return run(
        measure(rounds=given.runs, at_once=given.at_once, sagas_at_once=given.sagas_at_once),
        text=text,
        last_line=last_line if given.json else None,
        sentences=(StackError, Different),
    )


if __name__ == "__main__":
    sys.exit(main())
