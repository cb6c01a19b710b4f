"""Testing what serves: asking it as its callers do, and when."""

from adapters.testing.calls import HttpLiveCalls
from adapters.testing.settings import NightlySettings

__all__ = ["HttpLiveCalls", "NightlySettings"]
