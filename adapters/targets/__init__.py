"""Which deployment target a process uses."""

from adapters.targets.choice import Chosen, OpenTarget, chosen, kind, open_target
from adapters.targets.settings import TargetSettings

__all__ = ["Chosen", "OpenTarget", "TargetSettings", "chosen", "kind", "open_target"]
