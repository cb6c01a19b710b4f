"""Where the GitHub App is installed, as its webhooks told us."""

from typing import Literal

from pydantic import AwareDatetime, Field

from domain.base import Data
from domain.vendors import RepoName

InstallationState = Literal["active", "suspended", "removed"]


class InstallationChange(Data):
    """What became of an installation, or of repositories of it. `state` None: only the repositories changed."""

    installation_id: int = Field(ge=0, lt=2**63)
    account: str = Field(default="", max_length=200)
    state: InstallationState | None = None
    added: list[RepoName] = []
    removed: list[RepoName] = []
    at: AwareDatetime
