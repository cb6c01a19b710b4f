"""Temporal: the client, and runs started, steered and asked through it."""

from adapters.temporal.client import connect
from adapters.temporal.interceptors import ActivityInterceptor
from adapters.temporal.runs import TemporalRuns
from adapters.temporal.settings import TemporalSettings

__all__ = ["ActivityInterceptor", "TemporalRuns", "TemporalSettings", "connect"]
