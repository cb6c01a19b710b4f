"""Where the parts of a running stack are: what `stack.json` holds. No secrets."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict


class Addresses(BaseModel):
    """`pid` is the supervisor's. What is None is not part of this stack. Unsent letters go to `mail_dir`."""

    model_config = ConfigDict(frozen=True)

    pid: int
    data_dir: Path
    api_url: str
    temporal_address: str
    temporal_namespace: str
    temporal_ui_url: str | None
    temporal_http_url: str | None
    temporal_metrics_url: str | None
    runner_url: str
    simulators_url: str | None
    s3_url: str | None = None
    repository: str | None = None
    mail_dir: Path | None = None

    @property
    def api_docs_url(self) -> str:
        return f"{self.api_url}/docs"
