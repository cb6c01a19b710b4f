"""Logs and traces."""

from adapters.telemetry.logs import user_id
from adapters.telemetry.setup import configure, leave

__all__ = ["configure", "leave", "user_id"]
