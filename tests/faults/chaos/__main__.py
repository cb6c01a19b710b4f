"""`python -m tests.faults.chaos`: a mixture of sagas under faults, and what an auditor finds (docs/chaos.md)."""

import argparse
import asyncio
import json
import logging
import random
import signal
import sys
import tempfile
from pathlib import Path

from cli.stack import StackError
from tests.faults.chaos.play import played, standing
from tests.faults.chaos.report import judged, text
from tests.faults.chaos.schedule import drawn


def _progress(line: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{line}\x1b[K")
        sys.stderr.flush()


async def _main(given: argparse.Namespace) -> int:
    seconds = 60 * given.minutes
    if (task := asyncio.current_task()) is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with tempfile.TemporaryDirectory(prefix="ccb-chaos-") as folder:
        async with standing(Path(folder), given.seed) as play:
            await played(play, runs=given.runs, seconds=seconds, progress=_progress)
            sys.stderr.write("\n")
            figures = await judged(play, seconds)
    sys.stdout.write(f"{text(figures)}\n")
    if given.json:
        sys.stdout.write(f"{json.dumps(figures.as_json())}\n")
    return 0 if figures.good else 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.chaos", description=__doc__)
    parser.add_argument("--runs", type=int, default=100, help="sagas that are asked for (default: 100)")
    parser.add_argument("--minutes", type=float, default=10.0, help="for how long things go wrong (default: 10)")
    parser.add_argument("--seed", type=int, default=None, help="of the schedule and the mixture (default: any)")
    parser.add_argument(
        "--schedule", action="store_true", help="print the schedule of the seed as JSON, and do nothing"
    )
    parser.add_argument("--json", action="store_true", help="end with one line of named figures")
    given = parser.parse_args()
    if given.runs < 1 or given.minutes <= 0:
        parser.error("--runs and --minutes must be above 0")
    if given.seed is None:
        given.seed = random.randrange(1_000_000)
    if given.schedule:
        schedule = drawn(given.seed, 60 * given.minutes)
        sys.stdout.write("".join(f"{json.dumps(fault.as_json())}\n" for fault in schedule))
        return 0
    sys.stderr.write(f"seed {given.seed}\n")
    logging.basicConfig(level=logging.WARNING)
    try:
        return asyncio.run(_main(given))
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.stderr.write("Stopped; nothing is left running.\n")
        return 130
    except StackError as error:
        sys.stderr.write(f"{error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
