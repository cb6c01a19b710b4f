"""Watching integrations that serve: how often, what is done about what, and asking their health checks."""

from adapters.watching.prober import HttpProber
from adapters.watching.settings import DriftSettings, HealthSettings

__all__ = ["DriftSettings", "HealthSettings", "HttpProber"]
