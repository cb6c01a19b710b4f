"""The sandbox: jails, the environments in them, and the checks that run there."""

from adapters.sandbox.checks import SandboxChecks
from adapters.sandbox.environments import Environments
from adapters.sandbox.jail import Jail, Limits, available, own, spawn, user_of
from adapters.sandbox.run import Completed, run
from adapters.sandbox.settings import SandboxSettings

__all__ = [
    "Completed",
    "Environments",
    "Jail",
    "Limits",
    "SandboxChecks",
    "SandboxSettings",
    "available",
    "own",
    "run",
    "spawn",
    "user_of",
]
