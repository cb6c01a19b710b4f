"""What an operator decides for all runs: who reviews, and what a run may spend."""

from datetime import timedelta
from decimal import Decimal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.conversation import Budget, SpendingLimits
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
    """CCB_BUDGET_*: what may be spent on Claude. `usd` in US dollars.

    `tokens`, `usd` and `turns` are for one run, unless the request names another budget. `organization_month_usd` and
    `day_usd` are for all runs of an organisation in a month, and for all in a day, until an operator sets others.
    """

    model_config = SettingsConfigDict(env_prefix="CCB_BUDGET_", frozen=True, extra="ignore")

    tokens: int = Field(default=4_000_000, ge=1)
    usd: Decimal = Field(default=Decimal(10), gt=0)
    turns: int = Field(default=60, ge=1)
    organization_month_usd: Decimal | None = Field(default=None, ge=0, le=1_000_000_000)
    day_usd: Decimal | None = Field(default=None, ge=0, le=1_000_000_000)

    def budget(self) -> Budget:
        return Budget(tokens=self.tokens, usd=self.usd, turns=self.turns)

    def limits(self) -> SpendingLimits:
        return SpendingLimits(organization_month_usd=self.organization_month_usd, day_usd=self.day_usd)
