"""What a demo made, as it was read back."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer

_Dollars = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")]
"""A figure in JSON, as `seconds` is."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Health(_Part):
    status_code: int


class CapabilityCall(_Part):
    name: str
    status_code: int


class Tests(_Part):
    passed: int
    failed: int


class StageSeconds(_Part):
    name: str
    seconds: float


class DemoResult(_Part):
    """`cost_usd` is what Claude would have cost by the price table; `seconds` is the whole demo, start to end."""

    integration: str
    version: str
    stage: str
    run_id: str
    workflow_id: str
    pull_request: str
    url: str
    health: Health
    capability: CapabilityCall
    tests: Tests
    cost_usd: _Dollars
    seconds: float
    stages: list[StageSeconds]
