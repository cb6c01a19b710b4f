"""Hostile programs in jails: each could do no more than its row says, and nobody outside has noticed it.

As root, whose jails get a user of their own, and as an ordinary user, whose jails get a user namespace.
"""

import asyncio
import os
from collections.abc import Iterator

import pytest

from tests.contract.sandbox.hostile.outside import Outside, outside
from tests.contract.sandbox.hostile.programs import MAX_OUTPUT, Contained, Program, corpus
from tests.contract.sandbox.hostile.somebody import as_somebody, every

PROGRAMS = [program for program in corpus() if program.machine in (None, os.uname().machine)]
Results = dict[str, Contained]
SLACK = 10.0
"""Seconds that a jail may take to start and to end on a machine that has other things to do."""


@pytest.fixture(scope="module")
def around() -> Iterator[Outside]:
    with outside() as found:
        yield found


@pytest.fixture(scope="module")
async def ran(around: Outside) -> Results:
    """All programs, run once as we are."""
    return await every(PROGRAMS, around.given, around.workspace)


@pytest.fixture(scope="module")
async def ran_by_somebody(around: Outside, ran: Results) -> Results:
    """All programs, run once as an ordinary user, which we may be."""
    if os.getuid() != 0:
        return ran
    return await asyncio.to_thread(as_somebody, around)


def test_there_are_enough() -> None:
    assert len(PROGRAMS) >= 50
    assert len({program.id for program in PROGRAMS}) == len(PROGRAMS)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.id)
def test_a_hostile_program_is_contained(program: Program, ran: Results) -> None:
    check(program, ran[program.id])


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.id)
def test_and_so_it_is_by_an_ordinary_user(program: Program, ran_by_somebody: Results) -> None:
    check(program, ran_by_somebody[program.id])


def test_nobody_outside_has_noticed(ran: Results, ran_by_somebody: Results, around: Outside) -> None:
    around.untouched()


def test_nothing_is_left(ran: Results, ran_by_somebody: Results, around: Outside) -> None:
    assert around.left() == []


def check(program: Program, found: Contained) -> None:
    """What it reported, how it ended and how long it took are as its row says."""
    told = f"{program.tries}: {found}"
    assert found.ends == program.ends, told
    assert found.output <= MAX_OUTPUT, told
    assert found.seconds < program.timeout + SLACK, told
    if program.returncode is not None:
        assert found.returncode == program.returncode, told
    for name, value in program.could.items():
        assert found.report.get(name) == value, told
    for name in program.could_not:
        assert found.report.get(name) in program.refused_with, f"{name}: {told}"
    for name, most in program.at_most.items():
        assert 0 < found.report[name] <= most, told
