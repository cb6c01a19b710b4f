"""Moments in requests: RFC 3339 text and nothing else, where pydantic would take seconds since 1970 too."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _written(value: object) -> object:
    if value is None or (isinstance(value, str) and _RFC3339.fullmatch(value)):
        return value
    raise ValueError("must be a moment as RFC 3339 writes it, such as 2027-06-30T00:00:00Z")


def _in_utc(value: datetime) -> datetime:
    """Near the ends of the years that there are, another offset can be none of them."""
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("must be a moment between the years 1 and 9999 in UTC") from error


Rfc3339 = Annotated[AwareDatetime, AfterValidator(_in_utc), BeforeValidator(_written)]
