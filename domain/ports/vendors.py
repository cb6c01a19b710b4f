"""Outside systems, in our words."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Protocol

from domain.conversation import Answer, Conversation, Piece, Price
from domain.vendors import (
    Branch,
    ChatMessage,
    CommentRef,
    CommitState,
    Form,
    IssueRef,
    Merge,
    MessageRef,
    PullRequest,
    Reply,
)


class Claude(Protocol):
    """The Messages API."""

    def price(self, model: str) -> Price:
        """From the dated table in configuration. Raises InvalidInput for a model without a price."""

    async def count_tokens(self, conversation: Conversation) -> int: ...

    async def answer(
        self,
        conversation: Conversation,
        *,
        on_piece: Callable[[Piece], None],
        on_exhausted: Callable[[datetime], Awaitable[None]] | None = None,
    ) -> Answer:
        """One turn, streamed. `on_piece` gets each piece of text or tool input as it comes.

        `on_exhausted` is told as soon as the vendor says that nothing more may be asked until then. A stream that is
        cut after something usable came is an answer with stop reason `interrupted`: it is kept, since it was paid for.
        An error with `usage` in its details was paid for too, and brought nothing.
        """


class CodeHost(Protocol):
    """Repositories, issues and pull requests."""

    async def push(
        self, repo: str, branch: str, *, files: Mapping[str, str], folder: str, message: str, key: str
    ) -> Branch:
        """Make `branch` from the default branch's head with one commit that sets `folder` to exactly `files`.

        If the branch exists with our key in its head commit's trailer (`Ccb-Key: …`), or holds exactly `files`, it is
        returned as it is. If it is ours otherwise (a commit of it has one of our keys), a commit with the new content
        is added on top, whoever wrote the last one; it takes back what the branch changes outside `folder`. If it is
        not ours: Conflict.
        """

    async def delete_branch(self, repo: str, branch: str) -> None:
        """Nothing there is fine."""

    async def open_pull_request(self, branch: Branch, *, title: str, body: str, key: str) -> PullRequest:
        """The open pull request of this branch, made if need be, its title and body set."""

    async def pull_request(self, repo: str, number: int) -> PullRequest: ...

    async def close_pull_request(self, repo: str, branch: str, *, comment: str) -> None:
        """Close the open pull request of `branch`, saying why; nothing there, or merged, is fine."""

    async def merge(self, pull: PullRequest, *, message: str) -> Merge:
        """Merge if its head is still `pull.head_sha`, and read it back; already merged: returns that merge.

        Raises ContentChanged if the head has moved.
        """

    async def revert(
        self, repo: str, *, folder: str, branch: str, message: str, key: str, number: int | None = None
    ) -> None:
        """Undo of a merge of `branch`: one commit that returns `folder` to what it was before the merge.

        `number` says which pull request, where several runs used a branch of this name; without it, the newest.

        Does nothing if the branch's pull request was never merged or the folder is already back.
        """

    async def remove_folder(self, repo: str, *, folder: str, message: str, key: str) -> None:
        """One commit on the default branch without `folder`, read back; nothing there is fine. History keeps it."""

    async def files(self, repo: str, ref: str, folder: str) -> dict[str, str]:
        """The text files below `folder` at `ref`, paths relative to it; empty if there is none."""

    async def upsert_comment(self, issue: IssueRef, *, key: str, body: str) -> CommentRef:
        """The one comment that carries our hidden marker for `key`, made or edited."""

    async def set_status(
        self, repo: str, sha: str, *, context: str, state: CommitState, description: str, target_url: str = ""
    ) -> None:
        """Have the commit's newest status of `context` be this one, and read it back; it is not made twice in a row."""

    async def pulls_of(self, repo: str, sha: str) -> list[PullRequest]:
        """The pull requests that brought this commit in, or would; none for a commit that is not there."""

    async def wrote(self, repo: str, sha: str) -> bool:
        """Whether the commit says that it is ours. Anybody can write so: nothing may be allowed because of it."""

    async def bot_login(self) -> str: ...


class Chat(Protocol):
    """Messages to people."""

    async def post(self, channel: str, message: ChatMessage, *, key: str) -> MessageRef:
        """Post once per key: a message with this key in its metadata is found and returned."""

    async def update(self, ref: MessageRef, message: ChatMessage) -> None: ...

    async def delete(self, ref: MessageRef) -> None:
        """Nothing there is fine."""

    async def find(self, channel: str, *, key: str) -> MessageRef | None: ...

    async def answer(self, reply: Reply, message: ChatMessage) -> None:
        """Answer whoever asked so that only they see it. A repeat may show it twice."""

    async def open_form(self, trigger: str, form: Form) -> None:
        """Open a form before whoever clicked; repeated, it is that one. Raises VendorRejected if it is too late."""

    async def show_home(self, user: str, message: ChatMessage) -> None:
        """Make `message` what this person sees on our page in the chat."""


class ApiDocuments(Protocol):
    """Reading OpenAPI documents. Pure but for `fetch`."""

    async def fetch(self, url: str) -> bytes:
        """Raises Unreachable, DocumentTooLarge."""

    def normalise(self, data: bytes) -> bytes:
        """JSON or YAML in, canonical JSON out (UTF-8, sorted keys). Raises InvalidDocument, DocumentTooLarge.

        Refused, each with its own sentence: not JSON or YAML; no `openapi` field; Swagger 2.0; not 3.x; no operations;
        a reference that leads back to itself without a schema between, or to another file, or nowhere; a document that
        contains itself (YAML aliases) or expands beyond bounds; too deep.
        """

    def server(self, document: bytes, *, fetched_from: str | None) -> str | None:
        """The base URL: the first server, relative to where the document came from (OpenAPI 3.1.1 §4.8.5)."""

    def hosts(self, document: bytes) -> set[str]:
        """Hosts, with their ports, of the document's servers and of where its security schemes give tokens."""

    def summary(self, document: bytes) -> str:
        """Title, version, servers, security schemes and number of operations; at most 2,000 characters."""

    def search(self, document: bytes, query: str, limit: int) -> str: ...

    def index(self, document: bytes, query: str, *, characters: int) -> str:
        """All operations, a line each, if they fit; else those that `query` is about, and the rest counted by tag."""

    def operation(self, document: bytes, method: str, path: str) -> str:
        """As described in tools.ReadOperation; at most 60,000 characters. Raises NotFound with near names."""

    def schema(self, document: bytes, name: str) -> str:
        """As described in tools.ReadSchema. Raises NotFound with near names."""
