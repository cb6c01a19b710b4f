"""A workflow and an activity that do nothing, for a worker that only polls."""

from temporalio import activity, workflow


@workflow.defn
class Nothing:
    @workflow.run
    async def run(self) -> None:
        """Nothing."""


@activity.defn
async def nothing() -> None:
    """Nothing."""
