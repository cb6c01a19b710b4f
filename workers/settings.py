"""Settings of the worker process."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class WorkerSettings(BaseSettings):
    """CCB_WORKER_*. `claude_per_second` is how many turns all workers together may begin in a second.

    `builds` is how many sandboxes one worker runs at once: they are what uses processors. `build_id` names the build of
    its code (`auto`: a hash of it), which takes no work until it is rolled out; without, it takes all there is.
    `environments_dir` may be shared by the workers of several data directories: what is there depends on none of them.
    """

    model_config = SettingsConfigDict(env_prefix="CCB_WORKER_", frozen=True, extra="ignore", populate_by_name=True)

    data_dir: Path = Field(default=Path(".ccb"), validation_alias="CCB_DATA_DIR")
    claude_per_second: float = Field(default=10, gt=0)
    builds: int = Field(default=2, ge=1)
    cached_workflows: int = Field(default=1000, ge=0)
    environments_dir: Path | None = None
    build_id: str = Field(default="", max_length=100, pattern=r"^[A-Za-z0-9._+-]*$")

    @property
    def environments(self) -> Path:
        """Where the sandbox's virtual environments are kept."""
        return (self.environments_dir or self.data_dir / "environments").resolve()

    @property
    def packages(self) -> Path:
        """Where locks and wheels are kept; the runner of this machine keeps its own there too."""
        return self.data_dir.resolve() / "packages"
