"""What checks outside find of our commits, and the rule of what follows from it.

A check that fails on the head of a pull request that waits for review is a request for changes: one for each head,
however many checks fail, and at most `MOST` in one review, after which people decide. One that fails on what serves
opens an update: one for each commit, and never for a version that such an update made. So neither goes round for ever.
"""

from pydantic import AwareDatetime, Field

from domain.base import Data
from domain.people import Actor, Channel
from domain.vendors import CommitSha, RepoName

MOST = 2
"""Requests for changes that failing checks make in one review."""

CHECK = Actor(channel=Channel.GITHUB, name="a failing check", bot=True)
"""In whose name that is asked. It never approves."""


class FailedCheck(Data):
    """A check that failed on a commit. `words` are the check's own: untrusted text."""

    repo: RepoName
    sha: CommitSha
    name: str = Field(min_length=1, max_length=300)
    words: str = Field(default="", max_length=8_000)
    url: str = Field(default="", max_length=2000)
    at: AwareDatetime

    def told(self) -> str:
        """For whoever is to mend it."""
        where = f" ({self.url})" if self.url else ""
        said = f" It says:\n\n{self.words}" if self.words else ""
        return f"The check “{self.name}” failed on commit {self.sha[:12]}{where}.{said}"
