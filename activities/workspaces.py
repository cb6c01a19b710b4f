"""Work on a workspace's files that needs nothing but the artifact store."""

from temporalio import activity

from activities.store import load_files
from domain.artifacts import files_hash
from domain.ports import Artifacts
from domain.steps import ProveVersion, Sealed


class WorkspaceActivities:
    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    @activity.defn(name="workspace.seal")
    async def seal(self, cmd: ProveVersion) -> Sealed:
        """The content hash that approvals bind to."""
        files = await load_files(self._artifacts, cmd.workspace)
        return Sealed(
            content_hash=files_hash(files), files=len(files), bytes=sum(len(text.encode()) for text in files.values())
        )
