"""What deployments have in common wherever they run: their environment, and what their logs must not say."""

from adapters.workloads.declared import Environment, environment
from adapters.workloads.redaction import Redaction

__all__ = ["Environment", "Redaction", "environment"]
