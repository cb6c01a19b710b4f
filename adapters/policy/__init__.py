"""Settings that hold for all runs."""

from adapters.policy.settings import BudgetSettings, ReviewSettings

__all__ = ["BudgetSettings", "ReviewSettings"]
