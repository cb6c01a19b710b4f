"""The sandbox: jails, and the environments in them."""

from adapters.sandbox.environments import Environments
from adapters.sandbox.jail import Jail, Limits, available, own, spawn, user_of
from adapters.sandbox.run import Completed, run
from adapters.sandbox.settings import SandboxSettings

__all__ = [
    "Completed",
    "Environments",
    "Jail",
    "Limits",
    "SandboxSettings",
    "available",
    "own",
    "run",
    "spawn",
    "user_of",
]
