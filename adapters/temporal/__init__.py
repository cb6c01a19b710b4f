"""Temporal: the client, and runs started, steered and asked through it."""

from adapters.temporal.client import connect
from adapters.temporal.encryption import EncryptionCodec, parse_keys
from adapters.temporal.interceptors import ActivityInterceptor
from adapters.temporal.runs import TemporalRuns
from adapters.temporal.settings import TemporalSettings

__all__ = ["ActivityInterceptor", "EncryptionCodec", "TemporalRuns", "TemporalSettings", "connect", "parse_keys"]
