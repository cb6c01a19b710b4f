"""Rolling out: requests move from the old deployment to the new one, which is judged meanwhile against the old."""

from datetime import datetime

from temporalio import workflow

from activities.deployments import DeploymentActivities
from domain.errors import DeploymentWorse
from domain.operations import Rollout
from domain.rollout import Judged
from domain.runs import Waiting
from domain.steps import DeploymentOf, JudgeRollout, Split
from workflows import policies
from workflows._failures import refusing
from workflows._run import Run
from workflows._steps import at_once, step


class Rolling:
    """One rollout. To go back is the saga's: it is the undo of the route."""

    def __init__(self, run: Run, rollout: Rollout, old: DeploymentOf, new: DeploymentOf) -> None:
        self._run = run
        self._rollout = rollout
        self._old = old
        self._new = new
        self._began = workflow.now()

    async def share_out(self) -> None:
        """One share after another, each held. Raises DeploymentWorse, as a failure."""
        for percent in self._rollout.shares:
            cmd = Split(candidate=self._new, percent=percent)
            await step(DeploymentActivities.split, cmd, policies.DEPLOY, f"send it {percent} % of the requests")
            await self.hold(percent)

    async def hold(self, percent: int) -> None:
        """Keep it so, and look again and again; a run that is paused goes on looking, and so does one whose two
        deployments are both away, for as long as `policies.OUTAGE`. Raises DeploymentWorse.
        """
        since = workflow.now()
        until = since + self._rollout.hold
        self._run.doing(f"sends {percent} % of the requests to {self._run.book.version}, and watches how it does")
        self._run.waits(Waiting(what=f"its figures at {percent} % of the requests", since=since, until=until))
        pause = policies.between_looks(self._rollout.hold)
        outage = False
        while (left := until - workflow.now()) > policies.NO_TIME or self._run.pausing.on or outage:
            await workflow.sleep(
                min(pause, left) if left > policies.NO_TIME else pause, summary=f"watch it at {percent} %"
            )
            outage = await self._judge(since, percent, patient=workflow.now() < until + policies.OUTAGE)
        self._run.waits(None)

    async def _judge(self, since: datetime, percent: int, *, patient: bool) -> bool:
        """The new one by what it did since, the old one by what it did from one `hold` before the rollout on.

        Whether nothing can be said of it, for neither answers: who is not patient any more takes the new one for worse.
        """
        now = workflow.now()
        cmd = JudgeRollout(
            rollout=self._rollout,
            old=self._old,
            new=self._new,
            old_seconds=(now - self._began + self._rollout.hold).total_seconds(),
            new_seconds=(now - since).total_seconds(),
        )
        found = await at_once(DeploymentActivities.judge, cmd, policies.JUDGE, f"judge it at {percent} %")
        if found.judged is Judged.WORSE or (found.outage and not patient):
            self._run.waits(None)
            with refusing():
                raise DeploymentWorse(
                    f"{self._new.name} {self._run.book.version} is worse than what serves: at {percent} % of the "
                    f"requests {found.reason}. All requests go to the old one again.",
                    percent=percent,
                    reason=found.reason,
                )
        return found.outage
