"""CreateIntegration: from a request to a running integration.

Promises: the integration ends active, or everything the run made outside is undone and the reason is told. What undoes
it, last first: the registry entry is removed, the stable URL pointed back, the deployment stopped, the merge reverted,
the bundle unpublished, the version discarded, the pull request closed, the branch deleted. Nothing is deployed that
people have not approved by its content hash, unless the policy says automatic.
"""

from temporalio import workflow

from activities.documents import DocumentActivities
from activities.integrations import IntegrationActivities
from activities.prompts import PromptActivities
from domain.checkpoints import Checkpoint, Proven
from domain.errors import Conflict, RequestRefused
from domain.lifecycle import Operation, Stage
from domain.plan import Plan
from domain.runs import CREATE_WORKFLOW, CreateIntegration, RunOutcome
from domain.steps import Accept, BeginAnalysis, ClaimName, Examined, ExamineDocument
from workflows import policies
from workflows._building import Building
from workflows._failures import refusing
from workflows._lifecycle import Lifecycle
from workflows._run import Run
from workflows._steps import record, step

FIRST_VERSION = "1.0.0"


@workflow.defn(name=CREATE_WORKFLOW)
class CreateIntegrationWorkflow(Lifecycle):
    @workflow.init
    def __init__(self, cmd: CreateIntegration) -> None:
        self._cmd = cmd
        request = cmd.request
        super().__init__(
            Run(cmd, operation=Operation.CREATE, title=request.title, name=request.name, version=FIRST_VERSION)
        )

    @workflow.run
    async def run(self, cmd: CreateIntegration) -> RunOutcome:
        return await self.tell(self._create())

    async def _create(self) -> None:
        kept = await self.reached()
        examined = await (self._accept() if kept is None else self._again(kept))
        await self._run.comment()
        async with self._saga:
            plan = self._run.reached.plan or await self._analyze(examined)
            building, proven = await self._built(plan, examined)
            deploying = await self.merged(building, plan, proven)
            await deploying.go_live()

    async def _again(self, kept: Checkpoint) -> Examined:
        """Put the integration that failed back to work; its document was read, and its name is taken anew."""
        examined = self._run.reached.examined
        if examined is None:
            with refusing():
                raise Conflict("The run that failed had read no document, so there is nothing to go on from.")
        await self.again(kept)
        return examined

    async def _built(self, plan: Plan, examined: Examined) -> tuple[Building, Proven]:
        """Write and prove it; what an earlier run wrote and proved is taken as it is."""
        writing, proven = self._run.reached.writing, self._run.reached.proven
        if writing is None:
            building = await Building.begin(self._run, self._cmd.request, plan, examined)
            return building, await building.first()
        building = await Building.again(self._run, self._cmd.request, writing, examined)
        if proven is None:
            return building, await building.first()
        self._run.reached.proven = proven
        return building, proven

    async def _accept(self) -> Examined:
        """Read the document, then write the row: a request that cannot be worked on leaves nothing behind."""
        request = self._cmd.request
        cmd = ExamineDocument(source=request.document, base_url=request.base_url)
        examined = await step(DocumentActivities.examine, cmd, policies.READ, "read the API document")
        accept = Accept(
            create=self._cmd,
            workflow_id=self._run.id,
            run_id=workflow.info().run_id,
            base_url=examined.base_url,
        )
        await record(IntegrationActivities.accept, accept)
        self.accepted = True
        self._run.reached.examined = examined
        return examined

    async def _analyze(self, examined: Examined) -> Plan:
        """Claude turns request and document into a plan; one that cannot be done is refused with a reason."""
        if self._run.book.stage is not Stage.ANALYZING:
            await self._run.enter(Stage.ANALYZING, "Claude reads the request and the API document")
        begin = BeginAnalysis(
            request=self._cmd.request,
            document=examined.document,
            base_url=examined.base_url,
            organization_id=self._cmd.organization_id,
        )
        reached = self._run.reached
        # What is said anew could differ, and turns that were bought answer what was said then.
        reached.analysis = reached.analysis or (await record(PromptActivities.begin_analysis, begin)).conversation
        conversed = await self._run.converse(
            "analysis", reached.analysis, document=examined.document, base_url=examined.base_url
        )
        reached.analysis = None
        plan = conversed.ending.plan
        if plan is None:
            with refusing():
                raise RequestRefused(conversed.ending.reason)
        claim = ClaimName(integration_id=self._cmd.integration_id, name=self._cmd.request.name or plan.name)
        name = await record(IntegrationActivities.claim_name, claim)
        self._run.book.name = name
        self._run.book.plan = plan.model_copy(update={"name": name})
        reached.plan = self._run.book.plan
        return reached.plan
