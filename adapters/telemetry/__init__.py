"""Logs and traces."""

from adapters.telemetry.logs import user_id
from adapters.telemetry.setup import configure

__all__ = ["configure", "user_id"]
