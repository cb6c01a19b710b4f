"""Tests are tested: what they let live is found, and hostile tests make no score of their own."""

import pytest

from adapters.validation.mutation import Mutants
from domain.proving import Mutation
from domain.reports import Finding, Kind, Level, MutationScore
from tests.contract.proving.conftest import Space, quiet

CODE = '''"""Adds."""

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["total"]
TIMEOUT_SECONDS = 10.0
Number = int | float
_logger = logging.getLogger("adding")


class Overdrawn(Exception):
    """There is not enough."""


def total(prices: "Sequence[Number]", *, discount: Number = 0) -> Number:
    """Add, less a discount."""
    _logger.debug("adding %s", prices)
    found: Number = 0
    for price in prices:
        if price < 0:
            raise Overdrawn("a price is below nothing")
        found += price
    return found - discount
'''
STRONG = """import pytest

from adding.sums import Overdrawn, total


def test_total() -> None:
    assert total([3, 4]) == 7
    assert total([3, 4], discount=2) == 5
    assert total([0]) == 0
    assert total([]) == 0


def test_below_nothing() -> None:
    with pytest.raises(Overdrawn):
        total([-1])
"""
WEAK = """from adding.sums import total


def test_total() -> None:
    assert total([3, 4]) is not None
"""


def files(tests: str, code: str = CODE) -> dict[str, str]:
    return {
        "adding/__init__.py": '"""Sums."""\n',
        "adding/sums.py": code,
        "tests/__init__.py": "",
        "tests/test_sums.py": tests,
    }


async def scored(space: Space, given: dict[str, str], policy: Mutation) -> tuple[MutationScore, list[Finding]]:
    async with space(given) as there:
        return await Mutants(policy).run(there, heartbeat=quiet)


ALL = Mutation(sample=100)


async def test_strong_tests_notice_every_fault(space: Space) -> None:
    score, found = await scored(space, files(STRONG), ALL)
    assert found == []
    assert score.killed == score.sampled == score.possible > 5
    assert score.share == 1


async def test_weak_tests_are_told_what_they_let_live(space: Space) -> None:
    score, (summary, *survivors) = await scored(space, files(WEAK), ALL)
    assert score.share < 0.6
    assert len(survivors) == score.sampled - score.killed
    assert (summary.kind, summary.rule, summary.level) == (Kind.TESTS, "weak-tests", Level.ERROR)
    assert {(one.rule, one.level, one.path) for one in survivors} == {
        ("surviving-mutant", Level.ERROR, "adding/sums.py")
    }
    changes = {(one.line, one.message) for one in survivors}
    lines = CODE.splitlines()
    assert (
        lines.index("    return found - discount") + 1,
        "all tests pass with `found - discount` changed to `found + discount` (arithmetic)",
    ) in changes
    assert (
        lines.index("        if price < 0:") + 1,
        "all tests pass with `0` changed to `1` (constant)",
    ) in changes
    assert all(one.fix.startswith("add a test that fails with ") for one in survivors)


async def test_survivors_of_tests_that_are_good_enough_are_notes(space: Space) -> None:
    score, found = await scored(space, files(WEAK), Mutation(sample=100, minimum=0))
    assert score.killed < score.sampled
    assert {(one.rule, one.level) for one in found} == {("surviving-mutant", Level.NOTE)}


async def test_a_sample_is_bounded_and_the_same_for_the_same_content(space: Space) -> None:
    policy = Mutation(sample=4)
    first, again = [await scored(space, files(WEAK), policy) for _ in range(2)]
    assert first == again
    assert first[0].sampled == 4 < first[0].possible


async def test_a_mutant_that_hangs_is_killed(space: Space) -> None:
    code = '"""Counts."""\n\n\ndef count(top: int) -> int:\n    """Count."""\n    n = 0\n    while n < top:\n'
    code += "        n += 1\n    return n\n"
    tests = "from adding.sums import count\n\n\ndef test_count() -> None:\n    assert count(3) == 3\n"
    tests += "    assert count(0) == 0\n"
    score, found = await scored(space, files(tests, code), ALL)
    assert found == []
    assert score.killed == score.sampled


async def test_time_is_bounded_and_what_was_not_tried_does_not_count(space: Space) -> None:
    slow = STRONG.replace("def test_total() -> None:\n", "def test_total() -> None:\n    time.sleep(1)\n")
    score, _ = await scored(space, files(f"import time\n\n{slow}"), Mutation(sample=100, seconds=5))
    assert 0 < score.sampled < score.possible


FAILS = "def test_it() -> None:\n    assert False\n"
FORGES = """import os
import json
from pathlib import Path


def test_it() -> None:
    forged = json.dumps({"possible": 9, "seconds": 1, "error": "", "tried": []})
    parent = os.getppid()
    for number in range(3):
        try:
            Path(f"/proc/{parent}/fd/{number}").write_text(forged)
        except OSError:
            pass
    os.write(1, forged.encode())
"""
KILLS = "import os\nimport signal\n\n\ndef test_it() -> None:\n    os.kill(os.getppid(), signal.SIGKILL)\n"
LEAVES = """import os
import time


def test_it() -> None:
    if os.fork() == 0:
        os.setsid()
        time.sleep(1000)
"""


@pytest.mark.parametrize(
    ("tests", "rule"),
    [(FAILS, "not-tested"), (FORGES, "weak-tests"), (KILLS, "tool-failed"), (LEAVES, "weak-tests")],
    ids=["fails anyway", "forges results", "kills the harness", "leaves processes"],
)
async def test_hostile_tests_gain_nothing(space: Space, tests: str, rule: str) -> None:
    score, found = await scored(space, files(tests), Mutation(sample=4))
    assert found[0].rule == rule
    assert found[0].level is Level.ERROR
    assert score.killed == 0


async def test_code_with_nothing_to_break_is_no_finding(space: Space) -> None:
    tests = "import adding.sums\n\n\ndef test_it() -> None:\n    assert adding.sums\n"
    score, found = await scored(space, files(tests, '"""Nothing."""\n'), ALL)
    assert (score.possible, score.share, found) == (0, 1, [])
