"""The ports: what the system needs of the outside, in our words. Adapters implement them; activities are given them.

All raise `CcbError`s only (domain/errors.py). Everything that changes something is safe to repeat: where a method
takes a `key`, the same key is the same deed; elsewhere the arguments name the thing and a second call finds it done.
"""

from domain.ports.life import Checkpoints, Deployments, Integrations
from domain.ports.proof import Signed, Signer, Verifier
from domain.ports.retirement import Dependencies, Deprecations
from domain.ports.stores import (
    Artifacts,
    Books,
    Bus,
    Counters,
    Deliveries,
    Gate,
    Limits,
    Live,
    Outbox,
    People,
    Secrets,
)
from domain.ports.testing import Bench, LiveCalls, Living, TestRuns, Tests
from domain.ports.vendors import ApiDocuments, Chat, Claude, CodeHost
from domain.ports.watching import Comparing, DriftBook, HealthBook, Prober, Restarts
from domain.ports.work import Checks, Inbox, Runs, Target

__all__ = [
    "ApiDocuments",
    "Artifacts",
    "Bench",
    "Books",
    "Bus",
    "Chat",
    "Checkpoints",
    "Checks",
    "Claude",
    "CodeHost",
    "Comparing",
    "Counters",
    "Deliveries",
    "Dependencies",
    "Deployments",
    "Deprecations",
    "DriftBook",
    "Gate",
    "HealthBook",
    "Inbox",
    "Integrations",
    "Limits",
    "Live",
    "LiveCalls",
    "Living",
    "Outbox",
    "People",
    "Prober",
    "Restarts",
    "Runs",
    "Secrets",
    "Signed",
    "Signer",
    "Target",
    "TestRuns",
    "Tests",
    "Verifier",
]
