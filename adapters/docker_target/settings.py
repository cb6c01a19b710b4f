"""How to reach Docker, and what containers there are like."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class DockerSettings(BaseSettings):
    """`url` is Docker's: `unix:///path` or `tcp://host:port`. Times in seconds.

    `certificates` is a folder with `ca.pem`, `cert.pem` and `key.pem`. `image` holds Python and uv, `front_image`
    this product; both must be on the host. `front_address` and `front_port` are where the front listens on the host,
    `public_url` what people reach it by, if that is not where it listens.
    """

    model_config = SettingsConfigDict(env_prefix="CCB_DOCKER_", frozen=True, extra="ignore")

    url: str = "unix:///var/run/docker.sock"
    certificates: Path | None = None
    image: str = Field(min_length=1)
    front_image: str = Field(min_length=1)
    front_address: str = "127.0.0.1"
    front_port: int = Field(default=7280, ge=1, le=65535)
    public_url: str = ""
    network: str = Field(default="ccb", pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_.-]*$")
    cpu: float = Field(default=1.0, gt=0)
    memory: int = Field(default=512, ge=64, description="MiB")
    timeout: float = Field(default=15.0, gt=0)
    install_timeout: float = Field(default=300.0, gt=0)

    @property
    def base_url(self) -> str:
        """What stable URLs begin with, without a slash at the end."""
        return self.public_url.rstrip("/") or f"http://{self.front_address}:{self.front_port}"
