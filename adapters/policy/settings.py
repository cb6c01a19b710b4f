"""What an operator decides for all runs: who reviews, and what a run may spend."""

from datetime import timedelta
from decimal import Decimal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.conversation import Budget
from domain.review import ReviewPolicy


class ReviewSettings(BaseSettings):
    """CCB_REVIEW_*: what a version needs before it is deployed. Times as ISO 8601 durations, such as `P14D`."""

    model_config = SettingsConfigDict(env_prefix="CCB_REVIEW_", frozen=True, extra="ignore")

    approvals: int = Field(default=1, ge=1, le=10)
    allow_requester: bool = False
    automatic: bool = False
    remind_every: timedelta = timedelta(days=1)
    deadline: timedelta = timedelta(days=14)

    def policy(self) -> ReviewPolicy:
        return ReviewPolicy(**self.model_dump())


class BudgetSettings(BaseSettings):
    """CCB_BUDGET_*: what one run may spend on Claude, unless the request names another budget. `usd` in US dollars."""

    model_config = SettingsConfigDict(env_prefix="CCB_BUDGET_", frozen=True, extra="ignore")

    tokens: int = Field(default=4_000_000, ge=1)
    usd: Decimal = Field(default=Decimal(10), gt=0)
    turns: int = Field(default=60, ge=1)

    def budget(self) -> Budget:
        return Budget(**self.model_dump())
