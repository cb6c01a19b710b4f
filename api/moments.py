"""Moments in requests: RFC 3339 text and nothing else, where pydantic would take seconds since 1970 too."""

import re
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _written(value: object) -> object:
    if value is None or (isinstance(value, str) and _RFC3339.fullmatch(value)):
        return value
    raise ValueError("must be a moment as RFC 3339 writes it, such as 2027-06-30T00:00:00Z")


Rfc3339 = Annotated[AwareDatetime, BeforeValidator(_written)]
