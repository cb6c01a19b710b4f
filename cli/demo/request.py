"""What is asked for in a demo: the default request, or the one in a file; with the document's address added."""

from pathlib import Path

from cli.errors import BadInput

TITLE = "Integration: Temporal namespaces and workflows"
BODY = """\
We want to see from our own tools what our Temporal server is doing.

Please build an integration that can list the namespaces (`ListNamespaces`), describe one (`DescribeNamespace`) and list
the workflows of a namespace (`ListWorkflowExecutions`), for example of the namespace "default".
"""


def request(issue: Path | None, spec: Path | None) -> tuple[str, str]:
    """Title and body of the issue to open, without addresses. Raises BadInput if the file cannot be used."""
    if issue is not None:
        return _parsed(issue)
    if spec is not None:
        return f"Integration: {spec.stem}"[:250], "Please build an integration that offers its main read operations.\n"
    return TITLE, BODY


def addressed(body: str, *, document_url: str, base_url: str | None) -> str:
    """The body with the lines that say where the document and the API are."""
    lines = [body.rstrip(), "", f"API document: {document_url}"]
    if base_url is not None:
        lines.append(f"Base URL: {base_url}")
    return "\n".join(lines) + "\n"


def _parsed(issue: Path) -> tuple[str, str]:
    try:
        text = issue.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"The issue {issue} cannot be read as text: {error}.") from error
    title, _, body = text.partition("\n")
    title = title.lstrip("# ").strip()
    if not title:
        raise BadInput(f"The issue {issue} is empty: its first line is the title, the rest what is wanted.")
    return title[:250], body.strip()
