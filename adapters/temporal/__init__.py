"""Temporal: the client, and runs started, steered and asked through it."""

from adapters.temporal.client import connect
from adapters.temporal.encryption import EncryptionCodec, parse_keys
from adapters.temporal.interceptors import ActivityInterceptor
from adapters.temporal.runs import TemporalRuns
from adapters.temporal.settings import TemporalSettings
from adapters.temporal.testing import TemporalTests

__all__ = [
    "ActivityInterceptor",
    "EncryptionCodec",
    "TemporalRuns",
    "TemporalSettings",
    "TemporalTests",
    "connect",
    "parse_keys",
]
