"""What Linear answers to our operations: what we use of it."""

from pydantic import BaseModel, ConfigDict, Field


class _Seen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Extensions(_Seen):
    """`code` and `type` say what kind of error it is, the sentence is for people."""

    code: str = ""
    type: str = ""
    sentence: str = Field(default="", alias="userPresentableMessage")


class GraphQLError(_Seen):
    message: str = ""
    extensions: Extensions = Extensions()


class Errors(_Seen):
    errors: list[GraphQLError] = []


class Named(_Seen):
    id: str


class State(_Seen):
    id: str
    name: str
    type: str


class Comment(_Seen):
    id: str
    body: str


class _Comments(_Seen):
    nodes: list[Comment]


class _Commented(_Seen):
    comments: _Comments


class _States(_Seen):
    nodes: list[State]


class _Team(_Seen):
    states: _States


class _Standing(_Seen):
    id: str
    state: State
    team: _Team


class Viewer(_Seen):
    viewer: Named


class FoundComment(_Seen):
    issue: _Commented


class _CommentDone(_Seen):
    success: bool
    comment: Named


class CreatedComment(_Seen):
    done: _CommentDone = Field(alias="commentCreate")


class UpdatedComment(_Seen):
    done: _CommentDone = Field(alias="commentUpdate")


class _AttachmentDone(_Seen):
    success: bool
    attachment: Named


class Attached(_Seen):
    done: _AttachmentDone = Field(alias="attachmentCreate")


class IssueStates(_Seen):
    issue: _Standing


class _Moved(_Seen):
    id: str
    state: State


class _MoveDone(_Seen):
    success: bool
    issue: _Moved | None = None


class _Issues(_Seen):
    nodes: list[_Moved]


class FoundIssues(_Seen):
    issues: _Issues


class MovedIssue(_Seen):
    done: _MoveDone = Field(alias="issueUpdate")
