"""Slow code is found by reading it, each line by its rule, and what is bounded is left alone."""

import re

import pytest

from adapters.validation.performance import Performance
from adapters.validation.validator import Subject
from domain.reports import Finding, Kind, Level
from tests.contract.proving.conftest import Space, quiet
from tests.contract.proving.slow_code import CASES


@pytest.fixture(scope="module")
async def found(space: Space) -> list[Finding]:
    """Of all cases at once. Without a manifest nothing is started."""
    files = {f"slow_integration/{name}.py": text for name, text in CASES.items()}
    files["tests/test_slow.py"] = CASES["sleeping"]
    async with space({**files, "slow_integration/broken.py": "def broken(:\n"}) as there:
        return (await Performance().run(Subject(there), heartbeat=quiet)).findings


@pytest.mark.parametrize("name", CASES)
def test_lines_are_found_by_their_rule(name: str, found: list[Finding]) -> None:
    expected = {
        (number, rule)
        for number, line in enumerate(CASES[name].splitlines(), 1)
        for rule in re.findall(r"# !(\S+)", line)
    }
    assert {(one.line, one.rule) for one in found if one.path == f"slow_integration/{name}.py"} == expected


def test_each_says_what_to_do(found: list[Finding]) -> None:
    assert all(one.kind is Kind.PERFORMANCE and one.fix for one in found)
    levels = {one.rule: one.level for one in found}
    assert levels["no-timeout"] is levels["unbounded-read"] is levels["endless-retry"] is Level.ERROR
    assert levels["missing-pagination"] is levels["endless-pages"] is Level.WARNING
    assert levels["whole-answer"] is Level.NOTE


def test_tests_and_what_does_not_parse_are_left_to_others(found: list[Finding]) -> None:
    assert not [one for one in found if one.path.startswith("tests/") or "broken" in one.path]
