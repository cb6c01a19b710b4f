"""The trackers beside the code host that are set up: who is told there, and how what they deliver is read."""

from dataclasses import dataclass, field

from adapters.jira.inbox import JiraInbox
from adapters.jira.settings import JiraSettings
from adapters.jira.tracker import JiraTracker
from adapters.linear.inbox import LinearInbox
from adapters.linear.settings import LinearSettings
from adapters.linear.tracker import LinearTracker
from adapters.trackers.requests import Requests
from adapters.trackers.unused import UnusedInbox
from domain.ports import Inbox, Tracker


@dataclass(frozen=True)
class Trackers:
    """By name. What is not set up has an inbox that says so, and nobody to tell."""

    told: dict[str, Tracker] = field(default_factory=dict)
    inboxes: dict[str, Inbox] = field(default_factory=dict)


def configured(requests: Requests) -> Trackers:
    """From the environment. Raises InvalidInput where a tracker is set up by half."""
    found = Trackers(
        inboxes={"linear": UnusedInbox("CCB_LINEAR_TOKEN"), "jira": UnusedInbox("CCB_JIRA_TOKEN")},
    )
    linear, jira = LinearSettings(), JiraSettings()
    if linear.token is not None:
        in_linear = LinearTracker(linear)
        found.told["linear"], found.inboxes["linear"] = in_linear, LinearInbox(linear, requests, in_linear)
    if jira.token is not None:
        in_jira = JiraTracker(jira)
        found.told["jira"], found.inboxes["jira"] = in_jira, JiraInbox(jira, requests, in_jira)
    return found
