"""How to reach the cluster, and what deployments there are like."""

import ipaddress
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class KubernetesSettings(BaseSettings):
    """`url` is the API server's; empty, the kubeconfig or the pod's own service account is taken. Times in seconds.

    `image` holds Python and uv. `gateway` is the Gateway that routes attach to, as `NAMESPACE/NAME`, `public_url` what
    people reach it by, `ingress_namespace` where its proxies run, if that is not the Gateway's own.
    """

    model_config = SettingsConfigDict(
        env_prefix="CCB_KUBERNETES_", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    url: str = ""
    token: SecretStr = SecretStr("")
    ca_file: str = ""
    namespace: str = Field(default="ccb", pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
    image: str = Field(min_length=1)
    gateway: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9.-]*$")
    ingress_namespace: str = ""
    public_url: str = Field(pattern=r"^https?://")
    private_networks: str = ""
    replicas: int = Field(default=1, ge=1, le=100)
    cpu: str = Field(default="500m", pattern=r"^\d+m?$")
    memory: str = Field(default="512Mi", pattern=r"^\d+[MG]i$")
    timeout: float = Field(default=15.0, gt=0)
    rollout_timeout: int = Field(default=240, ge=10)

    @field_validator("private_networks")
    @classmethod
    def _are_networks(cls, text: str) -> str:
        _networks(text)
        return text

    @property
    def gateway_namespace(self) -> str:
        return self.gateway.partition("/")[0]

    @property
    def gateway_name(self) -> str:
        return self.gateway.partition("/")[2]

    @property
    def proxies_namespace(self) -> str:
        """Where the requests of the stable URLs come from."""
        return self.ingress_namespace or self.gateway_namespace

    @property
    def base_url(self) -> str:
        """What stable URLs begin with, without a slash at the end."""
        return self.public_url.rstrip("/")

    @property
    def base_path(self) -> str:
        return urlsplit(self.base_url).path

    @property
    def hostname(self) -> str | None:
        """What routes are bound to; an address is no host name."""
        host = urlsplit(self.base_url).hostname or ""
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return host or None
        return None

    @property
    def networks(self) -> list[str]:
        """`private_networks`, read."""
        return _networks(self.private_networks)


def _networks(text: str) -> list[str]:
    return [str(ipaddress.ip_network(entry)) for entry in filter(None, map(str.strip, text.split(",")))]
