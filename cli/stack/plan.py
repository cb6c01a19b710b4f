"""What is where in a stack, and what each process is told: the one place that knows every environment variable."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cli.stack import credentials, ports
from cli.stack.addresses import Addresses
from cli.stack.options import StackOptions

BUCKET: Final = "ccb-artifacts"
_NAMESPACE: Final = "default"
S3_INNER: Final = (
    *("master.port", "volume.port", "filer.port", "admin.port", "s3.port.grpc"),
    *("master.port.grpc", "volume.port.grpc", "filer.port.grpc", "admin.port.grpc"),
)
"""Ports that the S3 server has between its own parts."""

VENDORS: Final = ("CCB_CLAUDE_", "CCB_GITHUB_", "CCB_SLACK_", "CCB_LINEAR_", "CCB_JIRA_")
"""What settings of vendors begin with."""

OIDC_CLIENT: Final = "ccb"
PROVIDERS: Final = ("simulated", "github")
"""Where one can log in with simulators."""
_REPOSITORY: Final = "acme/integrations"
_CHANNEL: Final = "integrations"
_JIRA_EMAIL: Final = "ccb@example.com"
# With simulators these say nothing about where to go or who we are, so the environment's hold.
_KEPT_WITH_SIMULATORS: Final = frozenset(
    {"CCB_CLAUDE_MODEL", "CCB_CLAUDE_MAX_TOKENS", "CCB_CLAUDE_PRICES", "CCB_GITHUB_LABEL", "CCB_GITHUB_REPOSITORY"}
    | {"CCB_GITHUB_MENTION"}
    | {"CCB_LINEAR_LABEL", "CCB_LINEAR_PROJECT", "CCB_LINEAR_DONE_STATE"}
    | {"CCB_JIRA_LABEL", "CCB_JIRA_STATUS", "CCB_JIRA_DONE_STATUS"}
)

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_LIMITS_OF_STRANGERS: Final = ("CCB_RATE_PER_IP", "CCB_RATE_PER_USER", "CCB_RATE_BURST")
"""An API that only this machine can reach has none: all who ask come from one address, and belong to its owner."""
_SIMULATED_URLS: Final = ("CCB_PACKAGES_INDEX_URL", "CCB_OSV_URL")


class Plan:
    """Made once a start: ports chosen, secrets at hand. Raises StackRefused for a busy port."""

    def __init__(self, options: StackOptions, data_dir: Path, environ: Mapping[str, str]) -> None:
        self.options = options
        self.data_dir = data_dir
        self.own_temporal = not environ.get("CCB_TEMPORAL_ADDRESS")
        self.own_valkey = options.valkey and not environ.get("CCB_REDIS_URL")
        self.own_s3 = options.s3 and not environ.get("CCB_ARTIFACTS_URL")
        self.ports = ports.chosen(self._wanted())
        self.secrets = credentials.kept(data_dir)
        credentials.ensure_operator_key(data_dir)
        self.plain = {name: value for name, value in environ.items() if not name.startswith("CCB_")}
        self.settings = self._all_settings(environ)

    # What is where

    def _wanted(self) -> dict[str, int]:
        given = self.options
        wanted = {"api_port": given.api_port, "runner_port": given.runner_port}
        if self.own_temporal:
            names = ("temporal_port", "temporal_ui_port", "temporal_http_port", "temporal_metrics_port")
            wanted |= {name: getattr(given, name) for name in names}
        if given.simulate:
            wanted["simulators_port"] = given.simulators_port
        if self.own_valkey:
            wanted["valkey_port"] = given.valkey_port
        if self.own_s3:
            wanted |= {"s3_port": given.s3_port, **{f"s3_{name}": 0 for name in S3_INNER}}
        return wanted

    def url(self, port: str) -> str:
        return f"http://{ports.HOST}:{self.ports[port]}"

    def addresses(self) -> Addresses:
        own = self.own_temporal
        return Addresses(
            pid=os.getpid(),
            data_dir=self.data_dir,
            api_url=self.url("api_port"),
            temporal_address=self.settings["CCB_TEMPORAL_ADDRESS"],
            temporal_namespace=self.settings["CCB_TEMPORAL_NAMESPACE"],
            temporal_ui_url=self.settings.get("CCB_TEMPORAL_UI_URL"),
            temporal_http_url=self.url("temporal_http_port") if own else None,
            temporal_metrics_url=f"{self.url('temporal_metrics_port')}/metrics" if own else None,
            runner_url=self.url("runner_port"),
            simulators_url=self.url("simulators_port") if self.options.simulate else None,
            s3_url=self.url("s3_port") if self.own_s3 else None,
            repository=self.settings.get("CCB_GITHUB_REPOSITORY"),
            mail_dir=None if self.settings.get("CCB_SMTP_HOST") else Path(self.settings["CCB_SMTP_FOLDER"]),
        )

    # What each process is told

    def _all_settings(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Everything there is to know; each process gets its share. The environment wins over the defaults."""
        given = {name: value for name, value in environ.items() if name.startswith("CCB_") and value}
        if self.options.simulate:
            vendors = (*VENDORS, "CCB_OIDC_", "CCB_API_URL", *_SIMULATED_URLS)
            given = {n: v for n, v in given.items() if not n.startswith(vendors) or n in _KEPT_WITH_SIMULATORS}
        settings = {**self._defaults(), **given, **self._fixed()}
        believed = credentials.ensure_public_keys(self.data_dir, settings["CCB_SIGNING_KEY"])
        settings.setdefault("CCB_SIGNING_PUBLIC_KEYS", believed)
        return {**self._simulated(settings), **settings} if self.options.simulate else settings

    def _defaults(self) -> dict[str, str]:
        secret = self.secrets
        found = {
            "CCB_TEMPORAL_NAMESPACE": _NAMESPACE,
            "CCB_DATABASE_URL": f"sqlite+aiosqlite:///{self.data_dir / 'ccb.db'}",
            "CCB_ARTIFACTS_URL": (self.data_dir / "artifacts").as_uri(),
            "CCB_API_URL": self.url("api_port"),
            # A name, not an address: passkeys are bound to names.
            "CCB_API_PUBLIC_URL": f"http://localhost:{self.ports['api_port']}",
            "CCB_SECRETS_KEY": secret.secrets_key.get_secret_value(),
            "CCB_RUNNER_KEY": secret.runner_key.get_secret_value(),
            "CCB_SIGNING_KEY": secret.signing_key.get_secret_value(),
            "CCB_TOKENS_KEYS": secret.tokens_key.get_secret_value(),
            "CCB_SMTP_FOLDER": str(self.data_dir / "mail"),
            "CCB_GITHUB_WEBHOOK_SECRET": secret.github_webhook_secret.get_secret_value(),
        }
        if keys := credentials.payload_keys(self.data_dir, wanted=self.options.encrypt_histories):
            found["CCB_TEMPORAL_PAYLOAD_KEYS"] = keys
            found["CCB_API_CODEC_TOKEN"] = secret.codec_token.get_secret_value()
        if self.options.host in _LOOPBACK:
            found |= dict.fromkeys(_LIMITS_OF_STRANGERS, "none")
        if self.own_valkey:
            password = secret.valkey_password.get_secret_value()
            found["CCB_REDIS_URL"] = f"redis://:{password}@{ports.HOST}:{self.ports['valkey_port']}/0"
        if self.own_s3:
            found["CCB_ARTIFACTS_URL"] = f"s3://{BUCKET}"
            found["CCB_ARTIFACTS_ENDPOINT"] = self.url("s3_port")
            found["CCB_ARTIFACTS_ACCESS_KEY"] = secret.s3_access_key.get_secret_value()
            found["CCB_ARTIFACTS_SECRET_KEY"] = secret.s3_secret_key.get_secret_value()
        return found

    def _fixed(self) -> dict[str, str]:
        """Where the parts of this very stack are: not the environment's to say."""
        found = {
            "CCB_DATA_DIR": str(self.data_dir),
            "CCB_API_HOST": self.options.host,
            "CCB_API_PORT": str(self.ports["api_port"]),
            "CCB_RUNNER_HOST": ports.HOST,
            "CCB_RUNNER_PORT": str(self.ports["runner_port"]),
            "CCB_RUNNER_URL": self.url("runner_port"),
        }
        if self.own_temporal:
            found["CCB_TEMPORAL_ADDRESS"] = f"{ports.HOST}:{self.ports['temporal_port']}"
            found["CCB_TEMPORAL_UI_URL"] = self.url("temporal_ui_port")
        return found

    def _simulated(self, settings: Mapping[str, str]) -> dict[str, str]:
        base, secret = self.url("simulators_port"), self.secrets
        # What the example asks for: an integration with this stack's own Temporal server.
        own = {"CCB_RUNNER_PRIVATE_HOSTS": f"{ports.HOST}:{self.ports['temporal_http_port']}"}
        return {
            **(own if self.own_temporal else {}),
            # The issues are our own then, and point at this machine; a stranger's issue must never read it.
            "CCB_DOCUMENTS_ALLOW_PRIVATE": "true",
            "CCB_GITHUB_BASE_URL": f"{base}/github/api/v3",
            "CCB_GITHUB_TOKEN": secret.github_token.get_secret_value(),
            "CCB_GITHUB_REPOSITORY": settings.get("CCB_GITHUB_REPOSITORY", _REPOSITORY),
            "CCB_SLACK_BASE_URL": f"{base}/slack/api/",
            "CCB_SLACK_TOKEN": secret.slack_token.get_secret_value(),
            "CCB_SLACK_SIGNING_SECRET": secret.slack_signing_secret.get_secret_value(),
            "CCB_SLACK_CHANNEL": _CHANNEL,
            "CCB_LINEAR_BASE_URL": f"{base}/linear/graphql",
            "CCB_LINEAR_TOKEN": secret.linear_token.get_secret_value(),
            "CCB_LINEAR_WEBHOOK_SECRET": secret.linear_webhook_secret.get_secret_value(),
            "CCB_JIRA_BASE_URL": f"{base}/jira",
            "CCB_JIRA_EMAIL": _JIRA_EMAIL,
            "CCB_JIRA_TOKEN": secret.jira_token.get_secret_value(),
            "CCB_JIRA_WEBHOOK_SECRET": secret.jira_webhook_secret.get_secret_value(),
            "CCB_CLAUDE_BASE_URL": f"{base}/claude",
            "CCB_PACKAGES_INDEX_URL": f"{base}/packages/simple",
            "CCB_OSV_URL": f"{base}/osv",
            "CCB_CLAUDE_API_KEY": secret.claude_api_key.get_secret_value(),
            "CCB_OIDC_PROVIDERS": self._simulated_providers(f"{base}/oidc"),
        }

    def _simulated_providers(self, issuer: str) -> str:
        """Where one can log in: by name, as `CCB_OIDC_PROVIDERS` has it."""
        client = {"client_id": OIDC_CLIENT, "client_secret": self.secrets.oidc_client_secret.get_secret_value()}
        github = {**client, "site_url": f"{issuer}/github", "api_url": f"{issuer}/github/api"}
        return json.dumps(dict(zip(PROVIDERS, ({**client, "issuer": issuer}, github), strict=True)))

    @property
    def codec_url(self) -> str | None:
        """Where the Web UI has encrypted histories decoded."""
        token = self.settings.get("CCB_API_CODEC_TOKEN")
        return f"{self.url('api_port')}/temporal/codec/{token}" if token else None

    def told(self, *withheld: str) -> dict[str, str]:
        """Everything but the settings that begin with `withheld`: a process gets no secret that it does not need."""
        return self.plain | {n: v for n, v in self.settings.items() if not n.startswith(withheld)}
