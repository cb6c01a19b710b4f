"""Tests that grew weaker are flagged for a person; what only looks different is not."""

import asyncio

import pytest

from adapters.validation.validator import Subject
from adapters.validation.weakening import Weakening
from domain.reports import Finding, Kind, Level
from tests.contract.proving.conftest import PACKAGE, Space, quiet
from tests.contract.proving.revisions import CASES, NOTES

TEST = "tests/test_shop.py"
CLIENT = f"{PACKAGE}/client.py"


async def looked(space: Space, files: dict[str, str], baseline: dict[str, str] | None = None) -> list[Finding]:
    async with space(files) as there:
        return (await Weakening().run(Subject(there, baseline=baseline), heartbeat=quiet)).findings


async def test_the_tests_of_the_version_before_count_as_much_as_those_first_run(space: Space) -> None:
    """An update may have first run tests that were weaker already; what is weaker than in both is told once."""
    weaker = next(case for case in CASES.values() if case.rules == {"test-removed"})
    now, before = {TEST: weaker.after}, {TEST: weaker.before}
    for baseline in (None, now, before):
        async with space(now) as there:
            subject = Subject(there, baseline=baseline, previous=before)
            findings = (await Weakening().run(subject, heartbeat=quiet)).findings
        assert {one.rule for one in findings} == {"test-removed"}
        assert len({one.message for one in findings}) == len(findings)


@pytest.fixture(scope="module")
async def found(space: Space) -> dict[str, list[Finding]]:
    """Of all pairs, some at once: each in a workspace of its own, where no other test can take the place of one."""
    some = asyncio.Semaphore(4)

    async def one(name: str) -> list[Finding]:
        async with some:
            return await looked(space, {TEST: CASES[name].after}, {TEST: CASES[name].before})

    return dict(zip(CASES, await asyncio.gather(*map(one, CASES)), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_what_is_weaker_is_flagged(name: str, found: dict[str, list[Finding]]) -> None:
    assert {one.rule for one in found[name]} == CASES[name].rules, [one.message for one in found[name]]
    for one in found[name]:
        assert one.kind is Kind.TESTS
        assert one.level is (Level.NOTE if one.rule in NOTES else Level.WARNING)


async def test_the_good_package_is_clean(space: Space, good: dict[str, str]) -> None:
    assert await looked(space, good) == []
    assert await looked(space, good, good) == []


async def test_a_test_moved_to_another_file_is_a_note(space: Space, good: dict[str, str]) -> None:
    moved = {path: text for path, text in good.items() if path != "tests/test_app.py"}
    moved["tests/test_service.py"] = good["tests/test_app.py"]
    assert {(one.rule, one.level) for one in await looked(space, moved, good)} == {("test-moved", Level.NOTE)}


async def test_all_tests_removed(space: Space, good: dict[str, str]) -> None:
    gone = {path: text for path, text in good.items() if not path.startswith("tests/")}
    assert {one.rule for one in await looked(space, gone, good)} == {"test-removed", "assertion-removed"}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("def test_it() -> None:\n    print('x')\n", "no-assertion"),
        ("def test_it() -> None:\n    assert True\n", "no-assertion"),
        ("def test_it() -> None:\n    assert 1 == 1\n", "no-assertion"),
        ("def test_it() -> None:\n    assert (False, 'always true')\n", "no-assertion"),
        ("import pytest\n\n\n@pytest.mark.skip\ndef test_it() -> None:\n    assert f()\n", "test-skipped"),
        ("def pytest_collection_modifyitems(items):\n    items.clear()\n", "test-skipped"),
        ("class TestIt:\n    __test__ = False\n\n    def test_x(self):\n        assert f()\n", "test-skipped"),
    ],
    ids=["nothing", "true", "constants", "tuple", "skip", "hook", "class"],
)
async def test_without_an_earlier_revision(space: Space, text: str, rule: str) -> None:
    assert [one.rule for one in await looked(space, {TEST: text})] == [rule]


SPECIAL = [
    'import sys\n\nIN_TEST = "pytest" in sys.modules\n',
    'import os\n\nIN_TEST = os.environ.get("PYTEST_CURRENT_TEST")\n',
    'import os\n\nIN_TEST = os.getenv("TESTING")\n',
    "import sys\n\nNAME = sys.argv[0]\n",
    "import pytest\n",
    'def price(name: str) -> int:\n    if name == "tea":\n        return 250\n    return len(name)\n',
    'def price(name: str) -> int:\n    if name.lower() in ("tea", "jam"):\n        return 250\n    return len(name)\n',
    'def price(name: str) -> int:\n    return 250 if name == "tea" else len(name)\n',
    'def price(name: str) -> int:\n    match name:\n        case "tea":\n            return 250\n    return 1\n',
    'def price(name: str) -> int:\n    if name == "none":\n        raise KeyError("nothing")\n    return len(name)\n',
    'TABLE = {"tea": 250}\n\n\ndef price(name: str) -> int:\n    return TABLE.get(name, 0)\n',
    "def price(number: int) -> str:\n    if number == 4711:\n        return 'tea'\n    return str(number)\n",
]
PLAIN = [
    'def price(name: str) -> int:\n    if name == "other":\n        return 1\n    return len(name)\n',
    'def price(name: str) -> str:\n    if name == "tea":\n        return name.upper()\n    return name\n',
    "def status(code: int) -> int:\n    return 404 if code == 404 else 502\n",
    'def part(text: str) -> str:\n    if text in ("", ".", ".."):\n        raise ValueError("path")\n    return text\n',
    'import os\n\nBASE_URL = os.environ.get("BASE_URL")\n',
    'UNITS = {"tea": "bag", "jam": "jar"}\n\n\ndef unit(name: str) -> str:\n    return UNITS[name]\n',
]
USES = 'from shop.a import price\n\n\ndef test_it() -> None:\n    assert price("tea") == 250\n    assert price("jam")\n'
USES += '    assert price("none")\n    assert price(4711)\n    assert price(404) == price("..")\n'


@pytest.fixture(scope="module")
async def special(space: Space) -> list[Finding]:
    files = {f"shop/case_{number}.py": text for number, text in enumerate([*SPECIAL, *PLAIN])}
    return await looked(space, {**files, TEST: USES})


@pytest.mark.parametrize("number", range(len(SPECIAL)))
def test_code_that_knows_its_tests_is_flagged(number: int, special: list[Finding]) -> None:
    (one,) = [one for one in special if one.path == f"shop/case_{number}.py"]
    assert (one.rule, one.level) == ("special-cased-input", Level.WARNING)
    assert one.line


@pytest.mark.parametrize("number", range(len(PLAIN)))
def test_code_that_does_not_is_not(number: int, special: list[Finding]) -> None:
    assert [one for one in special if one.path == f"shop/case_{number + len(SPECIAL)}.py"] == []


async def test_deep_and_broken_sources_do_no_harm(space: Space) -> None:
    files = {TEST: "def test_x(:\n", "tests/test_deep.py": "x = " + "-" * 50_000 + "1\n"}
    assert [one.rule for one in await looked(space, files, files)] in ([], ["tool-failed"])
