"""Errors cross processes as code, message and details."""

import pytest

from domain.errors import CcbError, VendorRateLimited, _subclasses, by_code
from domain.failures import from_failure, to_failure


@pytest.mark.parametrize("kind", _subclasses(CcbError), ids=lambda kind: kind.code)
def test_every_error_survives_the_way_through_temporal(kind: type[CcbError]) -> None:
    failure = to_failure(kind("what to do", field="name", n=3))
    back = from_failure(failure)
    assert (type(back), back.message, back.details) == (kind, "what to do", {"field": "name", "n": 3})
    assert failure.non_retryable is not kind.retryable


def test_codes_are_unique() -> None:
    codes = [kind.code for kind in _subclasses(CcbError)]
    assert sorted(codes) == sorted(set(codes))


def test_a_wait_that_a_vendor_asked_for_is_kept() -> None:
    delay = to_failure(VendorRateLimited("slow down", retry_after=7.5)).next_retry_delay
    assert delay is not None
    assert delay.total_seconds() == 7.5


def test_an_unknown_code_is_still_an_error() -> None:
    assert by_code("from_the_future") is CcbError
