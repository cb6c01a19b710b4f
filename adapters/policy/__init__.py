"""Settings that hold for all runs."""

from adapters.policy.problems import explained
from adapters.policy.proving import ProvingSettings
from adapters.policy.settings import BudgetSettings, ReviewSettings

__all__ = ["BudgetSettings", "ProvingSettings", "ReviewSettings", "explained"]
