"""The tools Claude has. Their inputs are checked against these models; what they do is in activities/tools.py."""

from typing import Annotated

from pydantic import Field, StringConstraints

from domain.base import Data
from domain.conversation import Tool
from domain.plan import Plan

Path = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_.][A-Za-z0-9_.-]*(/[A-Za-z0-9_.][A-Za-z0-9_.-]*)*$", max_length=200),
]

MAX_FILES = 60
MAX_FILE_BYTES = 200_000


class SearchOperations(Data):
    """Find operations of the API document by words in their method, path, id, tags and summary.

    Answers one line an operation: `METHOD path | operationId | summary`. An empty query lists the first ones.
    """

    query: Annotated[str, StringConstraints(max_length=300)] = ""
    limit: int = Field(default=20, ge=1, le=100)


class ReadOperation(Data):
    """Read one operation of the API document as JSON.

    Answers `{"method", "path", "operation", "parameters", "security_schemes", "servers", "schemas"}`: path-level and
    operation-level parameters merged with references to parameters, bodies and responses resolved, and the named
    schemas it needs (two levels deep; deeper ones by read_schema) under the names used in `#/components/schemas/…`.
    """

    method: str
    path: str


class ReadSchema(Data):
    """Read one named schema of `#/components/schemas` as JSON, with the names of the schemas it refers to."""

    name: str


class SubmitPlan(Plan):
    """Hand in the plan. Ends the analysis if it is valid; otherwise the errors come back."""


class Refuse(Data):
    """Say that the request cannot be done with this API, why, and what would help. Ends the analysis."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    suggestion: Annotated[str, StringConstraints(max_length=1000)] = ""


class ListFiles(Data):
    """List the files of the workspace: one line a file, `path bytes`."""


class SearchFiles(Data):
    """Find a piece of text (not a pattern) in the files of the workspace: `path:line: text`."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class ReadFile(Data):
    """Read a file of the workspace."""

    path: Path


class WriteFile(Data):
    """Create or replace a file of the workspace. `integration.yaml` and `pyproject.toml` are given and protected."""

    path: Path
    content: Annotated[str, StringConstraints(max_length=MAX_FILE_BYTES)]


class EditFile(Data):
    """Replace a piece of a file that occurs exactly once."""

    path: Path
    old: Annotated[str, StringConstraints(min_length=1)]
    new: str


class RunChecks(Data):
    """Run the validators (syntax, format, lint, types, manifest) over the workspace. Answers the findings."""


class RunTests(Data):
    """Run the workspace's tests in the sandbox, without network. Answers counts and failures."""


class Finish(Data):
    """Say that the integration is written, its checks clean and its tests passing. Ends the generation."""

    summary: Annotated[str, StringConstraints(min_length=1, max_length=2000)]


DOCUMENT_TOOLS: dict[str, type[Data]] = {
    "search_operations": SearchOperations,
    "read_operation": ReadOperation,
    "read_schema": ReadSchema,
}
ANALYSIS_TOOLS: dict[str, type[Data]] = {**DOCUMENT_TOOLS, "submit_plan": SubmitPlan, "refuse": Refuse}
GENERATION_TOOLS: dict[str, type[Data]] = {
    **DOCUMENT_TOOLS,
    "list_files": ListFiles,
    "search_files": SearchFiles,
    "read_file": ReadFile,
    "write_file": WriteFile,
    "edit_file": EditFile,
    "run_checks": RunChecks,
    "run_tests": RunTests,
    "finish": Finish,
}


def described(tools: dict[str, type[Data]]) -> list[Tool]:
    """The tools as Claude is told of them."""
    return [
        Tool(name=name, description=" ".join((model.__doc__ or "").split()), input_schema=model.model_json_schema())
        for name, model in tools.items()
    ]
