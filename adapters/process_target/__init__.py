"""The deployment target `process`: the runner, which keeps versions alive on one machine, and its client."""

from adapters.process_target.control import Control
from adapters.process_target.runner import Runner
from adapters.process_target.settings import ProcessTargetSettings, RunnerSettings
from adapters.process_target.target import ProcessTarget

__all__ = ["Control", "ProcessTarget", "ProcessTargetSettings", "Runner", "RunnerSettings"]
