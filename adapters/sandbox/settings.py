"""Settings of the sandbox: what one run of an integration's tests may use."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class SandboxSettings(BaseSettings):
    """Environment variables `CCB_SANDBOX_…`. `memory` and `tmp_size` are in bytes, `cpu` and `seconds` in seconds."""

    model_config = SettingsConfigDict(env_prefix="CCB_SANDBOX_", frozen=True, extra="ignore")

    memory: int = Field(default=1 << 30, ge=256 << 20)
    tmp_size: int = Field(default=128 << 20, ge=1 << 20)
    processes: int = Field(default=64, ge=8)
    cpu: int = Field(default=60, ge=1)
    seconds: float = Field(default=120, gt=0)
