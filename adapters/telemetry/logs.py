"""Logs as JSON lines: timestamp, level, service, trace_id, span_id, user_id, message, metadata."""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from opentelemetry import trace

user_id: ContextVar[str | None] = ContextVar("user_id", default=None)
"""Who the work at hand is done for; set by the API."""

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_LEVELS = {"CRITICAL": "ERROR", "WARNING": "WARN"}


class JsonLines(logging.Formatter):
    """One JSON object a line. What is passed as `extra` becomes `metadata`."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        span = trace.get_current_span().get_span_context()
        metadata: dict[str, Any] = {name: value for name, value in vars(record).items() if name not in _OWN}
        if record.exc_info:
            metadata["exception"] = self.formatException(record.exc_info)
        line = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": _LEVELS.get(record.levelname, record.levelname),
            "service": self._service,
            "trace_id": f"{span.trace_id:032x}" if span.is_valid else None,
            "span_id": f"{span.span_id:016x}" if span.is_valid else None,
            "user_id": user_id.get(),
            "message": record.getMessage(),
            "metadata": {"logger": record.name, **metadata},
        }
        return json.dumps(line, default=str, ensure_ascii=False)


def to_stderr(service: str, level: int) -> None:
    """Send all logs of this process to standard error, as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(service))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for chatty in ("httpx", "httpcore", "httpx2", "httpcore2", "botocore", "urllib3", "github", "aiosqlite"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
