"""The life cycle in the database: each change writes row, event and audit entry in one transaction."""

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.database import journal, names, rows, run_records
from adapters.database.describing import spell
from adapters.database.journal import Change
from adapters.database.registering import Registering, updated
from adapters.database.tables import integrations, registry, reviews, versions
from domain.deployments import Elsewhere
from domain.errors import Conflict, NotFound
from domain.events import EventType
from domain.lifecycle import Operation, Stage, may_follow, may_return
from domain.listing import MAX_DESCRIPTION, owner_key
from domain.people import Actor
from domain.registry import Annotation, Integration, Version
from domain.review import Review
from domain.runs import CreateIntegration
from domain.steps import BeginRun


class SqlIntegrations(Registering):
    """The `Integrations` port, and `Dependencies`."""

    async def accept(
        self, cmd: CreateIntegration, *, workflow_id: str, run_id: str, api_host: str | None = None
    ) -> Integration:
        try:
            async with self._db.write() as connection:
                return await self._insert(connection, cmd, workflow_id, run_id, api_host)
        except Conflict as error:
            await names.refused(self._db, cmd.request.name, cmd.organization_id, error)
            raise

    async def _insert(
        self, connection: AsyncConnection, cmd: CreateIntegration, workflow_id: str, run_id: str, api_host: str | None
    ) -> Integration:
        now = datetime.now(UTC)
        statement = self._db.insert(integrations).values(
            id=cmd.integration_id,
            organization_id=cmd.organization_id,
            name=cmd.request.name,
            title=cmd.request.title,
            description=cmd.request.description[:MAX_DESCRIPTION],
            owner=owner_key(cmd.requester),
            owner_name=cmd.requester.name,
            sort_name=cmd.request.name or "",
            stage=Stage.REQUESTED,
            workflow_id=workflow_id,
            run_id=run_id,
            operation=Operation.CREATE,
            under_way=True,
            requester=cmd.requester.model_dump(mode="json"),
            repository=cmd.repository,
            api_host=api_host,
            **rows.asked_by(cmd),
            created_at=now,
            updated_at=now,
            revision=1,
            last_sequence=1,
        )
        statement = statement.on_conflict_do_nothing(index_elements=[integrations.c.id])
        row = (await connection.execute(statement.returning(integrations))).mappings().one_or_none()
        if row is None:
            return rows.integration(await journal.locked(connection, cmd.integration_id))
        change = Change(
            key="accept",
            type=EventType.CREATED,
            action="integration.accept",
            result=Stage.REQUESTED,
            actor=cmd.requester,
            metadata={"title": cmd.request.title, "repository": cmd.repository},
        )
        await journal.append(connection, row, change, now)
        await run_records.begun(connection, row, Operation.CREATE, cmd.requester, now, cmd.request.title)
        await spell(connection, cmd.integration_id, cmd.organization_id, cmd.request.title, cmd.request.name)
        return rows.integration(row)

    async def begin(self, cmd: BeginRun) -> Integration:
        change = Change(
            key=f"begin:{cmd.request_key or cmd.run_id}",
            type=EventType.RUN_STARTED,
            action=f"integration.{cmd.operation}",
            result="started",
            actor=cmd.requester,
            detail=cmd.detail,
            metadata={"operation": cmd.operation, "run_id": cmd.run_id},
        )
        columns = {
            "operation": cmd.operation,
            "under_way": True,
            "workflow_id": cmd.workflow_id,
            "run_id": cmd.run_id,
            "failure": None,
        }
        if cmd.stage is not None:
            columns["stage"] = cmd.stage
        try:
            async with self._db.write() as connection:
                return await _begin(connection, cmd, change, columns)
        except Conflict as error:
            # A failed integration gave its name up; coming back, it may find it taken.
            if isinstance(error.__cause__, IntegrityError):
                mine = await self.get(cmd.integration_id)
                await names.refused(self._db, mine.name, mine.organization_id, error)
            raise

    async def claim_name(self, integration_id: str, name: str) -> str:
        async with self._db.write() as connection:
            row = await journal.locked(connection, integration_id)
            if row["name"] is not None:
                return str(row["name"])
            return await names.claim(connection, integration_id, name)

    async def enter(
        self,
        integration_id: str,
        stage: Stage,
        *,
        key: str,
        actor: Actor | None = None,
        detail: str = "",
        version: str | None = None,
        url: str | None = None,
        returning: bool = False,
        elsewhere: Elsewhere | None = None,
    ) -> Integration:
        change = journal.entering(
            stage, key=key, actor=actor, detail=detail, url=url, returning=returning, elsewhere=elsewhere
        )
        try:
            async with self._db.write() as connection:
                if returning:
                    return await _return(connection, integration_id, stage, change)
                return await _enter(connection, integration_id, stage, change, version=version, url=url)
        except Conflict as error:
            if isinstance(error.__cause__, IntegrityError):
                mine = await self.get(integration_id)
                await names.refused(self._db, mine.name, mine.organization_id, error)
            raise

    async def record_version(self, version: Version, *, key: str) -> None:
        values = {
            "content_hash": version.content_hash,
            "pull_repository": version.pull_request.repo.lower() if version.pull_request else None,
            "pull_number": version.pull_request.number if version.pull_request else None,
            "document": version.model_dump(mode="json", exclude={"created_at"}),
        }
        statement = self._db.insert(versions).values(
            integration_id=version.integration_id,
            version=version.version,
            created_at=version.created_at or datetime.now(UTC),
            **values,
        )
        change = Change(
            key=f"record_version:{key}",
            type=EventType.VERSION_RECORDED,
            action="integration.record_version",
            result=version.version,
            metadata={"version": version.version, "content_hash": version.content_hash},
        )
        async with self._db.write() as connection:
            await journal.locked(connection, version.integration_id)
            if await journal.written(connection, version.integration_id, change.key):
                return
            same = [versions.c.integration_id, versions.c.version]
            await connection.execute(statement.on_conflict_do_update(index_elements=same, set_=values))
            await journal.write(connection, version.integration_id, change)

    async def annotate_version(self, integration_id: str, version: str, annotation: Annotation) -> Version:
        mine = (versions.c.integration_id == integration_id, versions.c.version == version)
        async with self._db.write() as connection:
            locked = await journal.locked(connection, integration_id)
            row = (await connection.execute(select(versions).where(*mine))).mappings().one_or_none()
            if row is None:
                raise NotFound(f"There is no version {version} of {locked['name'] or integration_id}.")
            document = row["document"] | {"annotation": annotation.model_dump(mode="json")}
            await connection.execute(update(versions).where(*mine).values(document=document))
            change = updated("annotate_version", version, locked["revision"])
            said = {"actor": annotation.by, "detail": annotation.text}
            await journal.write(connection, integration_id, change.model_copy(update=said))
            return rows.version_of(document, row["created_at"])

    async def discard_version(self, integration_id: str, version: str) -> None:
        async with self._db.write() as connection:
            row = await journal.locked(connection, integration_id)
            gone = await connection.execute(
                delete(versions).where(versions.c.integration_id == integration_id, versions.c.version == version)
            )
            if gone.rowcount:
                await journal.write(connection, integration_id, updated("discard_version", version, row["revision"]))

    async def record_review(self, integration_id: str, version: str, review: Review) -> None:
        statement = self._db.insert(reviews).values(
            integration_id=integration_id,
            id=review.id,
            version=version,
            decision=review.decision,
            content_hash=review.content_hash,
            at=review.at,
            document=review.model_dump(mode="json"),
        )
        change = Change(
            key=f"record_review:{review.id}",
            type=EventType.REVIEWED,
            action="integration.review",
            result=review.decision,
            actor=review.reviewer,
            detail=review.comment,
            metadata={"version": version, "decision": review.decision, "content_hash": review.content_hash},
        )
        async with self._db.write() as connection:
            await journal.locked(connection, integration_id)
            stored = await connection.execute(statement.on_conflict_do_nothing().returning(reviews.c.id))
            if stored.first() is not None:
                await journal.write(connection, integration_id, change)


async def _begin(
    connection: AsyncConnection, cmd: BeginRun, change: Change, columns: Mapping[str, object]
) -> Integration:
    row = await journal.locked(connection, cmd.integration_id)
    if (first := await journal.noted(connection, cmd.integration_id, change.key)) is not None:
        if first.get("run_id") == cmd.run_id:
            return rows.integration(row)
        raise Conflict(
            "This was asked for before, and a run was started for it.",
            run_id=first.get("run_id"),
            workflow_id=cmd.workflow_id,
        )
    if row["stage"] not in cmd.of:
        raise Conflict(
            f"To {cmd.operation.words} an integration it has to be {' or '.join(cmd.of)}; "
            f"{row['name'] or row['id']} is {row['stage']}.",
            stage=row["stage"],
        )
    after = await journal.write(connection, cmd.integration_id, change, columns)
    await run_records.begun(connection, after, cmd.operation, cmd.requester, after["updated_at"], cmd.detail)
    return rows.integration(after)


async def _enter(
    connection: AsyncConnection,
    integration_id: str,
    stage: Stage,
    change: Change,
    *,
    version: str | None,
    url: str | None,
) -> Integration:
    row = await journal.locked(connection, integration_id)
    if await journal.written(connection, integration_id, change.key):
        return rows.integration(row)
    now = Stage(row["stage"])
    if not may_follow(now, stage):
        raise Conflict(f"An integration that is {now} cannot become {stage}.", stage=now, wanted=stage)
    failed = stage is Stage.FAILED
    columns = {
        "stage": stage,
        "under_way": not stage.terminal,
        "failure": change.detail if failed else None,
        "version": version or row["version"],
        "url": None if stage in {Stage.FAILED, Stage.RETIRED} else url or row["url"],
    }
    told = {"version": columns["version"]} | change.metadata | {"from": now}
    change = change.model_copy(update={"metadata": told})
    after = await journal.write(connection, integration_id, change, columns)
    if stage.terminal:
        await run_records.ended(connection, integration_id, after["updated_at"], failure=after["failure"])
    return rows.integration(after)


async def _return(connection: AsyncConnection, integration_id: str, stage: Stage, change: Change) -> Integration:
    """Back to where it was: what serves is what the registry says."""
    row = await journal.locked(connection, integration_id)
    if await journal.written(connection, integration_id, change.key):
        return rows.integration(row)
    now = Stage(row["stage"])
    if not may_return(now, stage):
        raise Conflict(f"An integration that is {now} cannot return to {stage}.", stage=now, wanted=stage)
    columns: dict[str, object] = {"stage": stage, "under_way": False, "failure": change.detail}
    query = select(registry.c.document).where(registry.c.integration_id == integration_id, registry.c.is_current)
    entry = (await connection.execute(query)).scalar_one_or_none()
    if entry is not None:
        columns |= {"version": entry["version"], "url": entry["url"]}
    change = change.model_copy(update={"metadata": change.metadata | {"from": now}})
    after = await journal.write(connection, integration_id, change, columns)
    await run_records.ended(connection, integration_id, after["updated_at"], failure=change.detail)
    return rows.integration(after)
