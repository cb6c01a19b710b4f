"""`python -m benchmarks.saga`: what the saga costs over its floor. docs/benchmarks.md says how it is measured."""

import argparse
import asyncio
import logging
import signal
import sys

from adapters import telemetry
from benchmarks.saga.measure import Different, Measured, measure
from benchmarks.saga.report import last_line, text
from cli.stack import StackError


async def _measured(rounds: int, at_once: int, sagas_at_once: int) -> Measured:
    measuring = asyncio.ensure_future(measure(rounds=rounds, at_once=at_once, sagas_at_once=sagas_at_once))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, measuring.cancel)
    return await measuring


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.saga", description=__doc__)
    parser.add_argument("--json", action="store_true", help="end with one line of named figures")
    parser.add_argument("--runs", type=int, default=5, help="rounds (default: 5)")
    parser.add_argument("--at-once", type=int, default=50, help="runs of (b) and (c) submitted at once (default: 50)")
    parser.add_argument("--sagas-at-once", type=int, default=8, help="runs of (a) submitted at once (default: 8)")
    given = parser.parse_args()
    if given.runs < 1 or given.at_once < 1:
        parser.error("--runs and --at-once must be at least 1")
    telemetry.configure("benchmark", level=logging.WARNING)
    try:
        found = asyncio.run(_measured(given.runs, given.at_once, given.sagas_at_once))
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.stderr.write("Stopped; nothing is left running.\n")
        return 130
    except (StackError, Different) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{text(found)}\n")
    if given.json:
        sys.stdout.write(f"{last_line(found)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
