"""Pairs of revisions of a test, and what has to be said of the second."""

from dataclasses import dataclass

WEAKER = "assertion-weakened"
REMOVED = "assertion-removed"
TEST_REMOVED = "test-removed"
SKIPPED = "test-skipped"
NOTE_MOVED = "test-moved"
NOTE_CHANGED = "assertion-changed"
NOTES = {NOTE_MOVED, NOTE_CHANGED}


@dataclass(frozen=True)
class Revision:
    """`rules` is all that is found, warnings and notes, each rule once."""

    before: str
    after: str
    rules: set[str]


BASE = """\
import pytest

from shop import Client, Overdrawn, price


def test_price() -> None:
    answer = price("tea")
    assert answer.status == 200
    assert answer.body == {"name": "tea", "cents": 250}


@pytest.mark.parametrize(("name", "cents"), [("tea", 250), ("jam", 300), ("ham", 900)])
def test_prices(name: str, cents: int) -> None:
    assert price(name).cents == cents, f"of {name:>{10}}"


def test_overdrawn() -> None:
    with pytest.raises(Overdrawn, match="not enough"):
        Client().pay(10_000)


def test_average() -> None:
    assert Client().average() == pytest.approx(3.5, abs=0.01)
"""
WHOLE = '    assert answer.body == {"name": "tea", "cents": 250}\n'
STATUS = "    assert answer.status == 200\n"


def change(old: str, new: str, *rules: str) -> Revision:
    assert old in BASE
    return Revision(BASE, BASE.replace(old, new), set(rules))


CASES = {
    "nothing": change(STATUS, STATUS),
    "an assertion more": change(STATUS, f'{STATUS}    assert answer.name == "tea"\n'),
    "a test more": change("def test_average", "def test_more() -> None:\n    assert price('x')\n\n\ndef test_average"),
    "another order": change(STATUS + WHOLE, WHOLE + STATUS),
    "a variable with another name": Revision(BASE, BASE.replace("answer", "response"), set()),
    "a variable more": change('    answer = price("tea")\n', '    name = "tea"\n    answer = price(name)\n'),
    "two assertions in one": change(STATUS + WHOLE, f"{STATUS.rstrip()} and {WHOLE.strip()[7:]}\n"),
    "more than before": change(
        "    assert answer.status == 200\n" + WHOLE, STATUS + WHOLE + '    assert answer.x == "y"\n'
    ),
    "an exception checked more": change("raises(Overdrawn, match", "raises(Overdrawn, check=f, match", NOTE_CHANGED),
    "a smaller tolerance": change("abs=0.01", "abs=0.001", NOTE_CHANGED),
    "another value": change("answer.status == 200", "answer.status == 201", NOTE_CHANGED),
    "a test renamed": change("def test_price()", "def test_the_price()", NOTE_MOVED),
    "an assertion removed": change(WHOLE, "", REMOVED),
    "an assertion commented out": change(WHOLE, f"    # {WHOLE.strip()}\n", REMOVED),
    "an assertion about something else": change(WHOLE, "    assert Client().x == 1\n", REMOVED),
    "equal becomes in": change("answer.status == 200", "answer.status in {200, 500}", WEAKER),
    "equal becomes not none": change("answer.status == 200", "answer.status is not None", WEAKER),
    "equal becomes unequal": change("answer.status == 200", "answer.status != 500", WEAKER),
    "equal becomes at least": change("answer.status == 200", "answer.status >= 200", WEAKER),
    "equal becomes an instance": change("answer.status == 200", "isinstance(answer.status, int)", WEAKER),
    "equal becomes true": change("answer.status == 200", "answer.status", WEAKER),
    "equal or something": change("answer.status == 200", "answer.status == 200 or answer.status == 500", WEAKER),
    "a part of the whole": change(WHOLE, '    assert answer.body["name"] == "tea"\n', WEAKER),
    "a member of the whole": change(WHOLE, '    assert "name" in answer.body\n', WEAKER),
    "the length of the whole": change(WHOLE, "    assert len(answer.body) == 2\n", WEAKER),
    "a wider tolerance": change("abs=0.01", "abs=1.0", WEAKER),
    "exact becomes near": Revision(BASE.replace("pytest.approx(3.5, abs=0.01)", "3.5"), BASE, {WEAKER}),
    "any exception": change('raises(Overdrawn, match="not enough")', 'raises(Exception, match="not enough")', WEAKER),
    "one exception of two": change("raises(Overdrawn, match", "raises((Overdrawn, ValueError), match", WEAKER),
    "any message": change('raises(Overdrawn, match="not enough")', "raises(Overdrawn)", WEAKER),
    "behind an if": change(STATUS, f"    if answer.ok:\n    {STATUS}", WEAKER),
    "swallowed": change(STATUS, f"    try:\n    {STATUS}    except AssertionError:\n        pass\n", WEAKER),
    "suppressed": change(STATUS, f"    with contextlib.suppress(AssertionError):\n    {STATUS}", WEAKER),
    "after a return": change(WHOLE, f"    return\n{WHOLE}", REMOVED),
    "always true": change("answer.status == 200", "True", REMOVED),
    "compared with itself": change("answer.status == 200", "answer.status == answer.status", WEAKER),
    "a test removed": Revision(BASE, BASE.partition("def test_average")[0], {TEST_REMOVED}),
    "not collected any more": change("def test_price()", "def check_price()", TEST_REMOVED),
    "hidden by another of its name": Revision(
        BASE, BASE + "\n\ndef test_price() -> None:\n    assert price('tea')\n", {REMOVED}
    ),
    "a case removed": change('("jam", 300), ', "", TEST_REMOVED),
    "skipped": change("def test_average", "@pytest.mark.skip\ndef test_average", SKIPPED),
    "skipped if": change("def test_average", "@pytest.mark.skipif(True, reason='x')\ndef test_average", SKIPPED),
    "expected to fail": change("def test_average", "@pytest.mark.xfail\ndef test_average", SKIPPED),
    "skips itself": change(
        "def test_average() -> None:\n", "def test_average() -> None:\n    pytest.skip()\n", SKIPPED
    ),
    "a case skipped": change('("jam", 300)', 'pytest.param("jam", 300, marks=pytest.mark.skip)', SKIPPED),
    "the module skipped": change(
        "\n\n\ndef test_price()", "\n\npytestmark = pytest.mark.skip\n\n\ndef test_price()", SKIPPED
    ),
    "collected elsewhere": change("def test_price()", "collect_ignore = ['test_y.py']\n\n\ndef test_price()", SKIPPED),
    "two tests become one with cases": Revision(
        """\
from shop import price


def test_tea() -> None:
    assert price("tea") == 250


def test_jam() -> None:
    assert price("jam") == 300
""",
        """\
import pytest

from shop import price


@pytest.mark.parametrize(("name", "cents"), [("tea", 250), ("jam", 300)])
def test_price(name: str, cents: int) -> None:
    assert price(name) == cents
""",
        {NOTE_MOVED},
    ),
    "three tests become one with two cases": Revision(
        """\
from shop import price


def test_tea() -> None:
    assert price("tea") == 250


def test_jam() -> None:
    assert price("jam") == 300


def test_ham() -> None:
    assert price("ham") == 900
""",
        """\
import pytest

from shop import price


@pytest.mark.parametrize(("name", "cents"), [("tea", 250), ("jam", 300)])
def test_price(name: str, cents: int) -> None:
    assert price(name) == cents
""",
        {NOTE_MOVED, TEST_REMOVED},
    ),
    "a helper loses its assertion": Revision(
        """\
from shop import price


def same(name: str, cents: int) -> None:
    assert price(name) == cents


def test_tea() -> None:
    same("tea", 250)
""",
        """\
from shop import price


def same(name: str, cents: int) -> None:
    price(name)


def test_tea() -> None:
    same("tea", 250)
""",
        {REMOVED, "no-assertion"},
    ),
}
