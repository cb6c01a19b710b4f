"""What failed runs left behind, read as the API reads it."""

from adapters.database import SqlCheckpoints
from domain.checkpoints import Kept
from domain.runs import Work
from tests.workflows.talking import database
from tests.workflows.world import World


async def kept(world: World, cmd: Work) -> Kept:
    async with database(world) as db:
        found = await SqlCheckpoints(db).find(cmd.integration_id)
    assert found is not None
    return found
