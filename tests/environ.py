"""This process's environment, for a while."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def settings_from(environment: Mapping[str, str]) -> Iterator[None]:
    """Settings made meanwhile come from `environment` too, as those of a process of the stack do."""
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
