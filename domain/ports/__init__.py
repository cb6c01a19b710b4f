"""The ports: what the system needs of the outside, in our words. Adapters implement them; activities are given them.

All raise `CcbError`s only (domain/errors.py). Everything that changes something is safe to repeat: where a method
takes a `key`, the same key is the same deed; elsewhere the arguments name the thing and a second call finds it done.
"""

from domain.ports.proof import Signed, Signer, Verifier
from domain.ports.stores import (
    Artifacts,
    Books,
    Bus,
    Counters,
    Deliveries,
    Gate,
    Integrations,
    Limits,
    Live,
    Outbox,
    People,
    Secrets,
)
from domain.ports.vendors import ApiDocuments, Chat, Claude, CodeHost
from domain.ports.work import Checks, Inbox, Runs, Target

__all__ = [
    "ApiDocuments",
    "Artifacts",
    "Books",
    "Bus",
    "Chat",
    "Checks",
    "Claude",
    "CodeHost",
    "Counters",
    "Deliveries",
    "Gate",
    "Inbox",
    "Integrations",
    "Limits",
    "Live",
    "Outbox",
    "People",
    "Runs",
    "Secrets",
    "Signed",
    "Signer",
    "Target",
    "Verifier",
]
