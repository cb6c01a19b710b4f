"""Two revisions of the tests compared: what is weaker now, as findings for a person."""

from collections import Counter
from collections.abc import Iterator, Sequence

from adapters.validation.weakening.described import Assertion, Function, Tests
from domain.reports import Finding, Kind, Level

TOOL = "weakening"
_NOTHING = 0


def finding(rule: str, message: str, path: str, line: int, *, level: Level = Level.WARNING, fix: str = "") -> Finding:
    return Finding(kind=Kind.TESTS, tool=TOOL, rule=rule, level=level, message=message, path=path, line=line, fix=fix)


def standing(now: Tests) -> Iterator[Finding]:
    """What can be said of tests without an earlier revision."""
    for place in now.skips:
        yield finding("test-skipped", place.what, place.path, place.line, fix=_RUN)
    for one in now.functions:
        if not one.test:
            continue
        if one.skipped:
            yield finding("test-skipped", f"{one.name} is skipped or may fail", one.path, one.line, fix=_RUN)
        elif not one.asserts:
            what = "asserts only what is always true" if one.assertions else "asserts nothing"
            yield finding("no-assertion", f"{one.name} {what}", one.path, one.line, fix=_ASSERT)


def compared(earlier: Tests, now: Tests) -> Iterator[Finding]:
    """What is weaker now than it was."""
    gone = [one for one in earlier.functions if one.key not in now.by_key and (one.test or one.assertions)]
    new = [one for one in now.functions if one.key not in earlier.by_key]
    for one in earlier.functions:
        kept = now.by_key.get(one.key)
        if kept:
            yield from _of_one(one, kept)
    taken: Counter[tuple[str, str]] = Counter()
    for one in gone:
        heir = _heir(one, new, taken) or _heir(one, now.functions, taken)
        if heir is None:
            rule, what = (
                ("test-removed", "is gone") if one.test else ("assertion-removed", "is gone, with its assertions")
            )
            yield finding(
                rule, f"{one.name} {what}", one.path, 0, fix="put it back, or say in the review why it is wrong"
            )
            continue
        taken[heir.key] += one.cases or 1
        message = f"{one.name} of {one.path} is {heir.name} now"
        yield finding("test-moved", message, heir.path, heir.line, level=Level.NOTE)


_RUN = "let it run, and mend what it finds"
_ASSERT = "compare what the code answers with what it should answer"


def _heir(gone: Function, among: Sequence[Function], taken: Counter[tuple[str, str]]) -> Function | None:
    """The test that says all that one which is gone said: the same body, the same assertions, or one case more."""
    for one in among:
        if one.test == gone.test and one.body == gone.body and not taken[one.key] and not one.skipped:
            return one
    for one in among:
        if one.test != gone.test or one.skipped or not gone.assertions:
            continue
        room = one.cases is None or one.cases > 1
        room = room and (one.cases is None or taken[one.key] + (gone.cases or 1) <= one.cases)
        if all(_said_in(said, one.assertions, by_shape=room) for said in gone.assertions):
            return one
    return None


def _said_in(said: Assertion, among: Sequence[Assertion], *, by_shape: bool) -> bool:
    return any(
        (one.says(said) or (by_shape and one.shape == said.shape))
        and one.strength >= said.strength
        and one.tolerance <= said.tolerance
        and one.bare <= said.bare
        for one in among
    )


def _of_one(earlier: Function, now: Function) -> Iterator[Finding]:
    """A function that there was and is."""
    if earlier.cases is not None and now.cases is not None and now.cases < earlier.cases:
        message = f"{now.name} has {now.cases} cases; it had {earlier.cases}"
        yield finding("test-removed", message, now.path, now.line, fix="put the cases back")
    if earlier.test and not now.test:
        yield finding("test-removed", f"{now.name} is not collected as a test any more", now.path, now.line)
    left = list(now.assertions)
    missing: list[Assertion] = []
    for said in earlier.assertions:
        same = next((one for one in left if one.says(said) and one.bare <= said.bare), None)
        if same:
            left.remove(same)
        elif said.strength > _NOTHING:
            missing.append(said)
    more_cases = earlier.cases != now.cases and (now.cases is None or now.cases > 1)
    for said in missing:
        yield from _missing(said, left, now, by_shape=more_cases)


def _missing(said: Assertion, left: list[Assertion], now: Function, *, by_shape: bool) -> Iterator[Finding]:
    """What became of an assertion that is not there as it was. `left` are those that no other one has become."""
    if by_shape and any(one.shape == said.shape and one.strength >= said.strength for one in left):
        return
    about = [one for one in left if one.is_about(said)]
    whole = [one for one in left if not one.is_about(said) and one.subject in said.subject]
    part = [one for one in left if not one.is_about(said) and said.subject in one.subject]
    alike = [one for one in left if one.shape == said.shape]
    for one in sorted(about, key=lambda one: -one.strength):
        left.remove(one)
        if _is_weaker(one, said):
            yield _changed("assertion-weakened", said, one, now)
        else:
            yield _changed("assertion-changed", said, one, now, level=Level.NOTE)
        return
    if any(one.strength >= said.strength and one.bare <= said.bare for one in whole):
        return
    if found := next(iter([*part, *whole]), None):
        yield _changed("assertion-weakened", said, found, now)
    elif alike and not _is_weaker(alike[0], said):
        left.remove(alike[0])
        yield _changed("assertion-changed", said, alike[0], now, level=Level.NOTE)
    else:
        message = f"{now.name} does not assert `{_short(said)}` any more"
        yield finding("assertion-removed", message, now.path, now.line, fix="put the assertion back")


def _is_weaker(now: Assertion, earlier: Assertion) -> bool:
    return now.strength < earlier.strength or now.tolerance > earlier.tolerance or now.bare > earlier.bare


def _changed(
    rule: str, earlier: Assertion, now: Assertion, function: Function, *, level: Level = Level.WARNING
) -> Finding:
    how = " behind an `if` or where its failure is swallowed" if now.bare > earlier.bare else ""
    message = f"{function.name} asserted `{_short(earlier)}` and asserts `{_short(now)}` now{how}"
    fix = "assert what was asserted, and mend the code instead" if level is Level.WARNING else ""
    return finding(rule, message, function.path, now.line, level=level, fix=fix)


def _short(said: Assertion) -> str:
    return said.text if len(said.text) <= 160 else f"{said.text[:159]}…"
