"""The ports: what the system needs of the outside, in our words. Adapters implement them; activities are given them.

All raise `CcbError`s only (domain/errors.py). Everything that changes something is safe to repeat: where a method
takes a `key`, the same key is the same deed; elsewhere the arguments name the thing and a second call finds it done.
"""

from domain.ports.access import Keys, Organizations, People, Roles
from domain.ports.door import Factors, Logins, Mail, Sessions, SessionStore
from domain.ports.life import Checkpoints, Deployments, Integrations, RunRecords
from domain.ports.proof import Signed, Signer, Verifier
from domain.ports.repeats import Repeats
from domain.ports.retirement import Dependencies, Deprecations
from domain.ports.stores import (
    Artifacts,
    Books,
    Bus,
    Counters,
    Deliveries,
    Gate,
    Installations,
    Limits,
    Live,
    Outbox,
    Secrets,
)
from domain.ports.testing import Bench, LiveCalls, Living, TestRuns, Tests
from domain.ports.tickets import Tracker
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
    "Factors",
    "Gate",
    "HealthBook",
    "Inbox",
    "Installations",
    "Integrations",
    "Keys",
    "Limits",
    "Live",
    "LiveCalls",
    "Living",
    "Logins",
    "Mail",
    "Organizations",
    "Outbox",
    "People",
    "Prober",
    "Repeats",
    "Restarts",
    "Roles",
    "RunRecords",
    "Runs",
    "Secrets",
    "SessionStore",
    "Sessions",
    "Signed",
    "Signer",
    "Target",
    "TestRuns",
    "Tests",
    "Tracker",
    "Verifier",
]
