"""What people read in pull requests. Text from outside is quoted, never rendered as ours."""

from domain.comparison import VersionComparison
from domain.plan import Plan
from domain.reports import Finding
from domain.steps import OpenPullRequest
from domain.vendors import TicketRef

_FILES = 60
"""Of those that differ, as many are named."""


def pull_request_body(cmd: OpenPullRequest, plan: Plan, compared: VersionComparison | None = None) -> str:
    capabilities = "\n".join(
        f"| `{c.name}` | `{c.method.upper()} {c.route}` | `{c.operation.method.upper()} {_cell(c.operation.path)}` "
        f"| {_cell(c.description)} |"
        for c in plan.capabilities
    )
    acceptance = "\n".join(f"- {_cell(sentence)}" for sentence in plan.acceptance)
    names = [*(f"`{key.name}`" for key in plan.configuration), *(f"`{key.name}` (secret)" for key in plan.secrets)]
    issue = f"\nAsked for in #{cmd.issue.number}.\n" if cmd.issue else _ticket(cmd.ticket) if cmd.ticket else ""
    return f"""{_cell(plan.summary)}

Requested by {_cell(cmd.requester)}.
{issue}{_changes(compared)}
| capability | route | operation | |
|---|---|---|---|
{capabilities}

**It can reach:** {", ".join(f"`{host}`" for host in plan.hosts)} and nothing else.
**It is configured by:** {", ".join(names) or "nothing"}.

### It is right when

{acceptance}

### Proof

- Tests: {cmd.tests.passed} passed, {cmd.tests.failed} failed, {cmd.tests.skipped} skipped
- Checks: {cmd.findings} findings, none of them blocking
- Claude: {cmd.usd}
{_for_a_person(cmd.for_a_person)}
Content hash: `{cmd.content_hash}`. An approval holds for this content only; a new commit voids it.
"""


def _ticket(ticket: TicketRef) -> str:
    address = f" ({ticket.url})" if ticket.url.startswith("https://") and not set(ticket.url) & set(" <>()\n") else ""
    return f"\nAsked for in {ticket.tracker.title()}, {_cell(ticket.key)}{address}.\n"


def _changes(compared: VersionComparison | None) -> str:
    """What is new against the version before: in words, then the files with their counts of lines."""
    if compared is None:
        return ""
    interface = (
        "\n".join(f"- {_cell(one)}" for one in compared.differences) or "- Nothing: only the inside has changed."
    )
    rows = "\n".join(
        f"| `{_cell(one.path)}` | {one.status} | +{one.added} | −{one.removed} |" for one in compared.files[:_FILES]
    )
    more = f"\n\nAnd {len(compared.files) - _FILES} files more." if len(compared.files) > _FILES else ""
    return f"""
### {compared.before} → {compared.after}

A {compared.change} change of what others see:

{interface}

| file | | | |
|---|---|---|---|
{rows}{more}
"""


def _for_a_person(findings: list[Finding]) -> str:
    """What the policy leaves to whoever reviews, one line each."""
    if not findings:
        return ""
    lines = "\n".join(f"- {_cell(finding.line_of_text())}" for finding in findings)
    return f"\n### For you to decide\n\nBy approving, you accept these findings.\n\n{lines}\n"


def _cell(text: str) -> str:
    """Text that came through Claude, on one line, with what GitHub would act on (mentions, markup) made inert."""
    quoted = " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").replace("@", "@\u200b")
    return quoted.replace("![", "!\u200b[")
