"""What a failed run leaves behind, kept in the database."""

from temporalio import activity

from domain.checkpoints import Checkpoint, CheckpointOf, Kept
from domain.errors import NotFound
from domain.ports import Checkpoints


class CheckpointActivities:
    def __init__(self, checkpoints: Checkpoints) -> None:
        self._checkpoints = checkpoints

    @activity.defn(name="checkpoint.save")
    async def save(self, kept: Kept) -> None:
        await self._checkpoints.save(kept)

    @activity.defn(name="checkpoint.load")
    async def load(self, cmd: CheckpointOf) -> Checkpoint:
        kept = await self._checkpoints.find(cmd.integration_id)
        if kept is None or kept.checkpoint.run_id != cmd.run_id:
            raise NotFound(f"Nothing is kept of the run {cmd.run_id}, so there is nothing to retry: ask for it anew.")
        return kept.checkpoint
