"""`python -m benchmarks.validation`: what validation takes, and a jail. docs/benchmarks.md says how it is measured."""

import argparse
import asyncio
import logging
import signal
import sys

from adapters import telemetry
from benchmarks.validation.measure import Measured, NotClean, measure
from benchmarks.validation.report import last_line, text
from benchmarks.validation.world import NotReady
from domain.errors import CcbError


async def _measured(rounds: int, cold_rounds: int, launches: int) -> Measured:
    measuring = asyncio.ensure_future(measure(rounds=rounds, cold_rounds=cold_rounds, launches=launches))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, measuring.cancel)
    return await measuring


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.validation", description=__doc__)
    parser.add_argument("--json", action="store_true", help="end with one line of named figures")
    parser.add_argument("--rounds", type=int, default=7, help="rounds, warm (default: 7)")
    parser.add_argument("--cold-rounds", type=int, default=2, help="rounds with everything built anew (default: 2)")
    parser.add_argument("--launches", type=int, default=50, help="launches of each sort (default: 50)")
    given = parser.parse_args()
    if min(given.rounds, given.cold_rounds, given.launches) < 1:
        parser.error("--rounds, --cold-rounds and --launches must be at least 1")
    telemetry.configure("benchmark", level=logging.WARNING)
    try:
        found = asyncio.run(_measured(given.rounds, given.cold_rounds, given.launches))
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.stderr.write("Stopped; nothing is left running.\n")
        return 130
    except (CcbError, NotReady, NotClean) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{text(found)}\n")
    if given.json:
        sys.stdout.write(f"{last_line(found)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
