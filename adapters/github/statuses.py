"""Commit statuses. GitHub keeps every one that was made, and shows the newest of each context.

Source: https://docs.github.com/rest/commits/statuses
"""

from dataclasses import dataclass

from github.CommitStatus import CommitStatus
from github.GithubObject import NotSet
from github.Repository import Repository

from domain.errors import VendorOutcomeUnknown
from domain.vendors import CommitState

LIMIT = 140
"""Characters of a description that GitHub takes."""


@dataclass(frozen=True)
class Wanted:
    context: str
    state: CommitState
    description: str
    target_url: str = ""

    def shown_by(self, status: CommitStatus | None) -> bool:
        if status is None:
            return False
        same = (status.state, status.description or "", status.target_url or "")
        return same == (self.state, self.description[:LIMIT], self.target_url)


def set_status(repo: Repository, sha: str, wanted: Wanted) -> None:
    """Make it unless it is the newest of its context already, and read it back."""
    commit = repo.get_commit(sha)

    def newest() -> CommitStatus | None:
        return next((one for one in commit.get_combined_status().statuses if one.context == wanted.context), None)

    if wanted.shown_by(newest()):
        return
    commit.create_status(
        state=wanted.state,
        description=wanted.description[:LIMIT],
        context=wanted.context,
        target_url=wanted.target_url or NotSet,
    )
    if not wanted.shown_by(newest()):
        raise VendorOutcomeUnknown(f"Commit {sha[:7]} does not show its status {wanted.context} yet.", vendor="github")
