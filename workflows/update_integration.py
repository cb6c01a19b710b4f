"""UpdateIntegration: from a reason to a new version, beside the one that serves and then in its place.

Promises: the new version serves, or the one before serves on as if nothing had been asked: its route, its entry in the
registry, its folder in the repository and its row are as they were, and the reason is told. Nothing of it is touched
until the new one is healthy and registered; only then is its deployment stopped. The undos are those of
CreateIntegration, and return what they find to what it was before, not to nothing.
"""

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.documents import DocumentActivities
from activities.prompts import PromptActivities
from domain import compatibility, manifest
from domain.errors import Conflict, RequestRefused, Unreachable
from domain.lifecycle import Operation, Stage
from domain.operations import UPDATE_WORKFLOW, UpdateIntegration
from domain.plan import Plan
from domain.registry import Version
from domain.runs import DocumentSource, IntegrationRequest, RunOutcome
from domain.steps import BeginUpdate, Examined, ExamineDocument, Standing
from workflows import policies
from workflows._building import Building, Proven
from workflows._failures import describe, refusing
from workflows._lifecycle import Lifecycle
from workflows._reached import Reached
from workflows._run import Run
from workflows._steps import record, step


@workflow.defn(name=UPDATE_WORKFLOW)
class UpdateIntegrationWorkflow(Lifecycle):
    @workflow.init
    def __init__(self, cmd: UpdateIntegration) -> None:
        self._cmd = cmd
        super().__init__(Run(cmd, operation=Operation.UPDATE, title=cmd.reason.title))

    @workflow.run
    async def run(self, cmd: UpdateIntegration) -> RunOutcome:
        return await self.tell(self._update())

    async def _update(self) -> None:
        await self.reached()
        standing = await self.begin(Stage.ACTIVE, detail=self._cmd.reason.title)
        await self._run.comment()
        async with self._saga:
            serving = self._serving(standing)
            request = self._request(serving)
            reached = self._run.reached
            reached.examined = examined = reached.examined or await self._examine(request, serving)
            plan = reached.plan or await self._plan(
                request, examined, serving, newest=standing.newest or serving.version
            )
            building, proven = await self._built(request, plan, examined, serving)
            deploying = await self.merged(building, plan, proven)
            await deploying.go_live(self._cmd.rollout)
        await deploying.stop_previous()

    def _serving(self, standing: Standing) -> Version:
        """What serves, and is to be left alone. What an earlier run reached from another version is of no use."""
        serving, run = standing.version, self._run
        if serving is None:
            with refusing():
                raise Conflict("There is no version that serves, so there is nothing to update.")
        if run.reached.serving != serving.version:
            run.reached = Reached(serving=serving.version)
            run.book.plan, run.book.version = None, serving.version
        run.book.previous = serving.version
        return serving

    def _request(self, serving: Version) -> IntegrationRequest:
        """The reason as a request, for the API that the version was built for where no other is named."""
        stored = None if serving.document is None else DocumentSource(artifact=serving.document)
        source = self._cmd.document or serving.source or stored
        if source is None:
            with refusing():
                raise Conflict(f"Version {serving.version} does not say what it was built for: name the document.")
        return IntegrationRequest(
            title=self._cmd.reason.title,
            description=self._cmd.reason.words,
            document=source,
            name=self._run.book.name,
            base_url=serving.base_url or None,
        )

    async def _examine(self, request: IntegrationRequest, serving: Version) -> Examined:
        """Read the document; where nobody named it and it cannot be reached, the one that the version was built for."""
        self._run.doing("reads the API document")
        cmd = ExamineDocument(source=request.document, base_url=request.base_url)
        try:
            return await step(DocumentActivities.examine, cmd, policies.READ, "read the API document")
        except ActivityError as error:
            why = describe(error)
            if why.code != Unreachable.code or self._cmd.document is not None or serving.document is None:
                raise
        self._run.book.notes.append(
            f"The API document could not be read ({why.message}); this is built for the one that {serving.version} was."
        )
        stored = ExamineDocument(source=DocumentSource(artifact=serving.document), base_url=request.base_url)
        return await step(DocumentActivities.examine, stored, policies.READ, "read what it was built for before")

    async def _plan(self, request: IntegrationRequest, examined: Examined, serving: Version, *, newest: str) -> Plan:
        """Claude revises the plan; the difference of the two says which version it will be."""
        await self._run.enter(Stage.ANALYZING, "Claude reads the request, the API document and the plan so far")
        begin = BeginUpdate(
            request=request,
            document=examined.document,
            base_url=examined.base_url,
            organization_id=self._cmd.organization_id,
            kind=self._cmd.reason.kind,
            version=serving.version,
            before=serving.plan,
            built_for=serving.document,
            evidence=self._cmd.reason.evidence,
        )
        begun = await record(PromptActivities.begin_update, begin)
        reached = self._run.reached
        # What is said anew could differ, and turns that were bought answer what was said then.
        reached.analysis = reached.analysis or begun.conversation
        conversed = await self._run.converse(
            "analysis", reached.analysis, document=examined.document, base_url=examined.base_url
        )
        reached.analysis = None
        revised = conversed.ending.plan
        if revised is None:
            with refusing():
                raise RequestRefused(conversed.ending.reason)
        plan = revised.model_copy(update={"name": begun.before.name})
        reached.plan = self._run.book.plan = plan
        self._run.book.version = _next(begun.before, plan, serving=serving.version, newest=newest)
        self._run.doing(f"plans {self._run.book.version}, after {serving.version}")
        return plan

    async def _built(
        self, request: IntegrationRequest, plan: Plan, examined: Examined, serving: Version
    ) -> tuple[Building, Proven]:
        """Write and prove it; what an earlier run wrote and proved is taken as it is."""
        run, writing, proven = self._run, self._run.reached.writing, self._run.reached.proven
        if writing is None:
            building = await Building.begin(run, request, plan, examined, previous=serving.files)
        else:
            building = await Building.again(run, request, writing, examined, previous=serving.files)
        if proven is None:
            return building, await building.first()
        run.reached.proven = proven
        return building, proven


def _next(before: Plan, after: Plan, *, serving: str, newest: str) -> str:
    """The version that says how far the interface differs from the one that serves.

    Numbers that were given are not given again: after a rollback, one that serves is not the newest.
    """
    were, are = (manifest.from_plan(plan, version=serving, author="") for plan in (before, after))
    highest = max(serving, newest, key=compatibility.precedence)
    return compatibility.next_version(highest, compatibility.change(were, are))
