"""Performance: slow code found by reading it, and the integration measured in the sandbox."""

from adapters.validation.performance.validator import Performance

__all__ = ["Performance"]
