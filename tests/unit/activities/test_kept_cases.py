"""Which tests of a run are kept by name."""

from activities.testing import _kept
from domain.testing import Case, CaseOutcome


def test_a_thousand_are_kept_and_what_failed_is_among_them() -> None:
    passed = [Case(name=f"test_{number:04}", outcome=CaseOutcome.PASSED) for number in range(1_500)]
    failed = [
        Case(name="test_z0", outcome=CaseOutcome.FAILED),
        Case(name="test_z1", outcome=CaseOutcome.FLAKY),
    ]
    kept = _kept([*passed, *failed])
    assert len(kept) == 1_000
    assert [case.name for case in kept[-2:]] == ["test_z0", "test_z1"]
    assert kept == sorted(kept, key=lambda case: case.name)
