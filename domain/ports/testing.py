"""What tests of versions need: a bench to run them on, the deployed integration's answers, a place for results."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from domain.base import Data
from domain.ids import IntegrationId
from domain.plan import Capability
from domain.testing import ContractCase, LiveAnswer, TestRun, TestRunDetail, TestVersion, UnitReport


class Living(Data):
    """An integration that serves."""

    id: IntegrationId
    organization_id: str


class Bench(Protocol):
    """Runs generated code, in the sandbox only. Nothing is remembered: each call runs anew."""

    async def units(self, files: Mapping[str, str], *, heartbeat: Callable[[str], None]) -> UnitReport:
        """The unit tests; if any fails, all of them once more, in a jail of their own.

        A failing, crashing or endless test run is a result, not an error.
        """

    async def contracts(
        self,
        files: Mapping[str, str],
        document: bytes | None,
        live: Sequence[LiveAnswer],
        *,
        heartbeat: Callable[[str], None],
    ) -> list[ContractCase]:
        """Each capability of the manifest against a stub, which answers as a recording in `files` has it, or else as
        the outside API's `document` does.

        What the deployed integration answered (`live`) is held against the same version's own OpenAPI document.
        """


class LiveCalls(Protocol):
    """Asking a deployed integration, by its stable URL, what changes nothing."""

    async def ask(self, url: str, capabilities: Sequence[Capability]) -> list[LiveAnswer]:
        """The example of each capability that is a GET and has one; what fails is asked once more.

        No answer is an answer with status 0.
        """


class TestRuns(Protocol):
    """Results of tests, in the database."""

    async def begin(self, run: TestRun) -> TestRun:
        """Keep one that has begun. Repeated: what is kept."""

    async def finish(self, run: TestRunDetail) -> None:
        """Keep what came of it, with the event `integration.tested`, in one transaction. Repeated: no second event."""

    async def get(self, integration_id: str, test_id: str) -> TestRunDetail:
        """Raises NotFound."""

    async def page(self, integration_id: str, *, limit: int, before: str | None = None) -> list[TestRun]:
        """Newest first; those older than the run `before`, where given."""

    async def last(self, integration_id: str, *, before: str) -> TestRunDetail | None:
        """The newest run before that one which came to a result (not `error`)."""

    async def living(self, *, after: str, limit: int) -> list[Living]:
        """Integrations that serve, of all organisations, by id; those after the id `after`."""


class Tests(Protocol):
    """Starting test runs. Raises what the run refuses (NotFound), StorageUnavailable."""

    async def start(self, cmd: TestVersion) -> TestRun:
        """Start it, and return once its beginning is written. The same id again: the same run."""

    async def run(self, cmd: TestVersion) -> TestRun:
        """Start it, if it is not, and wait for what comes of it. Raises CcbError if it was stopped."""
