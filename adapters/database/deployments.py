"""Deployments in the database: each change is one transaction, and finds itself done when it is repeated."""

from datetime import UTC, datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.database.deployments_tables import deployments
from adapters.database.engine import Database
from domain.deployments import Deployment, DeploymentStage


class SqlDeployments:
    """The `Deployments` port."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def started(self, deployment: Deployment) -> None:
        values = deployment.model_dump(mode="json", exclude={"since"}) | {"since": datetime.now(UTC)}
        statement = self._db.insert(deployments).values(**values)
        anew = statement.on_conflict_do_update(
            index_elements=[deployments.c.id],
            set_={"state": deployment.state, "target": deployment.target, "since": values["since"]},
            where=deployments.c.state != DeploymentStage.SERVING,
        )
        async with self._db.write() as connection:
            await connection.execute(anew)

    async def serves(self, deployment_id: str, url: str) -> None:
        async with self._db.write() as connection:
            await _serve(connection, deployment_id, url)

    async def returned(self, away_from: str, back_to: str | None) -> None:
        async with self._db.write() as connection:
            await _enter(connection, away_from, DeploymentStage.REPLACED, only=DeploymentStage.SERVING)
            if back_to is not None:
                await _serve(connection, back_to, None)

    async def stopped(self, deployment_id: str) -> None:
        async with self._db.write() as connection:
            await _enter(connection, deployment_id, DeploymentStage.STOPPED)

    async def of(self, integration_id: str) -> list[Deployment]:
        query = (
            select(deployments)
            .where(deployments.c.integration_id == integration_id)
            # One change may touch two: first the one that serves by it.
            .order_by(deployments.c.since.desc(), deployments.c.state != DeploymentStage.SERVING, deployments.c.id)
        )
        async with self._db.read() as connection:
            return [Deployment.model_validate(dict(row)) for row in (await connection.execute(query)).mappings()]


async def _serve(connection: AsyncConnection, deployment_id: str, url: str | None) -> None:
    """It serves, and what served in its place before is replaced."""
    query = select(deployments).where(deployments.c.id == deployment_id).with_for_update()
    mine = (await connection.execute(query)).mappings().one_or_none()
    if mine is None or mine["state"] == DeploymentStage.SERVING:
        return
    others = (
        deployments.c.integration_id == mine["integration_id"],
        deployments.c.environment == mine["environment"],
        deployments.c.state == DeploymentStage.SERVING,
    )
    now = datetime.now(UTC)
    await connection.execute(update(deployments).where(*others).values(state=DeploymentStage.REPLACED, since=now))
    changed = update(deployments).where(deployments.c.id == deployment_id)
    await connection.execute(changed.values(state=DeploymentStage.SERVING, url=url or mine["url"], since=now))


async def _enter(
    connection: AsyncConnection, deployment_id: str, state: DeploymentStage, *, only: DeploymentStage | None = None
) -> None:
    found = [deployments.c.id == deployment_id, deployments.c.state != state]
    if only is not None:
        found.append(deployments.c.state == only)
    await connection.execute(update(deployments).where(*found).values(state=state, since=datetime.now(UTC)))
