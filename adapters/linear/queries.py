"""Every operation that we send to Linear, by the name it has there. A test checks each against the published schema."""

VIEWER = """
query Viewer { viewer { id } }
"""

FIND_COMMENT = """
query FindComment($issue: String!, $comment: ID!) {
  issue(id: $issue) { id comments(first: 1, filter: { id: { eq: $comment } }) { nodes { id body } } }
}
"""

CREATE_COMMENT = """
mutation CreateComment($input: CommentCreateInput!) { commentCreate(input: $input) { success comment { id } } }
"""

UPDATE_COMMENT = """
mutation UpdateComment($id: String!, $input: CommentUpdateInput!) {
  commentUpdate(id: $id, input: $input) { success comment { id } }
}
"""

ATTACH = """
mutation Attach($input: AttachmentCreateInput!) { attachmentCreate(input: $input) { success attachment { id } } }
"""

ISSUE_STATES = """
query IssueStates($issue: String!) {
  issue(id: $issue) { id state { id name type } team { states(first: 100) { nodes { id name type } } } }
}
"""

OPEN_ISSUE = """
query OpenIssue($issue: ID!) {
  issues(first: 1, filter: { id: { eq: $issue } }) { nodes { id state { id name type } } }
}
"""

MOVE_ISSUE = """
mutation MoveIssue($id: String!, $input: IssueUpdateInput!) {
  issueUpdate(id: $id, input: $input) { success issue { id state { id name type } } }
}
"""

ALL = (VIEWER, FIND_COMMENT, CREATE_COMMENT, UPDATE_COMMENT, ATTACH, ISSUE_STATES, OPEN_ISSUE, MOVE_ISSUE)
