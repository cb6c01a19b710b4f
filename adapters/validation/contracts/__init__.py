"""Contracts: what an integration makes of the outside API's answers, and whether its own fit what it says of itself."""

from adapters.validation.contracts.bench import SandboxBench

__all__ = ["SandboxBench"]
