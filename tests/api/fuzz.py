"""`python -m tests.api.fuzz --examples 50 [--role admin] [--phases …]`: try the API for longer than the suite does."""

import argparse
import os
import sys
from pathlib import Path

import pytest

from domain.people import Role


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--examples", type=int, default=20, help="so many of each operation, for each role")
    asked.add_argument("--phases", default="examples,coverage,fuzzing,stateful")
    asked.add_argument("--role", choices=["nobody", *Role], help="only as this one; without it, as each")
    asked.add_argument("--seed", default="20261123")
    asked.add_argument("--seconds", default="3600", help="at most so long for each role")
    given = asked.parse_args()
    os.environ |= {
        "FUZZ_EXAMPLES": str(given.examples),
        "FUZZ_PHASES": given.phases,
        "FUZZ_SEED": given.seed,
        "FUZZ_SECONDS": given.seconds,
    }
    tests = str(Path(__file__).with_name("test_schemathesis.py"))
    only = ["-k", given.role] if given.role else []
    return int(pytest.main([tests, "-n", "0", "-q", "--no-header", *only]))


if __name__ == "__main__":
    sys.exit(main())
