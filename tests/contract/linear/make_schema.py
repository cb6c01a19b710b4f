"""Makes `published.graphql`: as much of Linear's schema as the adapter and the simulator touch.

Linear publishes its schema as the types of its SDK (npm `@linear/sdk`, MIT, `NOTICE.md` beside this). From a folder
into which that package was unpacked:

    npm pack @linear/sdk && tar xzf linear-sdk-*.tgz
    python -m tests.contract.linear.make_schema package > tests/contract/linear/published.graphql
"""

import json
import re
import sys
from pathlib import Path

OBJECTS = (
    *("Query", "Mutation", "Node", "PageInfo", "User", "Team", "Issue", "Comment", "Attachment", "WorkflowState"),
    *("CommentConnection", "WorkflowStateConnection", "IssueConnection"),
    *("CommentPayload", "AttachmentPayload", "IssuePayload"),
)
INPUTS = ("CommentCreateInput", "CommentUpdateInput", "AttachmentCreateInput", "IssueUpdateInput", "CommentFilter")
INPUTS += ("IdComparator", "IssueFilter", "IssueIdComparator")
WEBHOOKS = (
    *("EntityWebhookPayload", "IssueWebhookPayload", "CommentWebhookPayload", "ProjectWebhookPayload"),
    *("AttachmentWebhookPayload", "UserActorWebhookPayload", "IssueLabelChildWebhookPayload"),
    *("WorkflowStateChildWebhookPayload", "ProjectChildWebhookPayload", "IssueChildWebhookPayload"),
    *("TeamChildWebhookPayload", "UserChildWebhookPayload"),
)
BUILT_IN = {"ID", "String", "Boolean", "Int", "Float"}

_TYPE = re.compile(r"^type (\w+) = (?:Node & )?\{\n(.*?)^\};$", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^  (\w+)(\?)?: (.+);$", re.MULTILINE)
_COMMENT = re.compile(r"^ {2,}/\*\*.*?\*/\n", re.MULTILINE | re.DOTALL)


class Published:
    def __init__(self, package: Path) -> None:
        text = "".join(path.read_text() for path in sorted(package.glob("dist/*.d.mts")))
        self.version = json.loads((package / "package.json").read_text())["version"]
        self._types = {name: _FIELD.findall(_COMMENT.sub("", body)) for name, body in _TYPE.findall(text)}
        self._known = {*OBJECTS, *INPUTS, *WEBHOOKS}
        self.scalars: set[str] = set()

    def sdl(self) -> str:
        written = [self._written("type", name) for name in (*OBJECTS, *WEBHOOKS)]
        written += [self._written("input", name) for name in INPUTS]
        scalars = [f"scalar {name}\n" for name in sorted(self.scalars - BUILT_IN)]
        return f"# Of @linear/sdk {self.version}, by make_schema.py. See NOTICE.md.\n\n" + "\n".join(
            [*scalars, *written]
        )

    def _written(self, kind: str, name: str) -> str:
        lines = []
        for field, _, type_ in self._types[name]:
            kept = None if field == "__typename" else self._type(type_)
            if kept is not None:
                lines.append(f"  {field}{self._arguments(name, field)}: {kept}\n")
        return f"{kind} {name} {{\n{''.join(lines)}}}\n"

    def _arguments(self, name: str, field: str) -> str:
        found = self._types.get(f"{name}{field[0].upper()}{field[1:]}Args", [])
        kept = [(argument, self._type(type_)) for argument, _, type_ in found]
        written = ", ".join(f"{argument}: {type_}" for argument, type_ in kept if type_ is not None)
        return f"({written})" if written else ""

    def _type(self, text: str) -> str | None:
        """In GraphQL's words; None for what is left out."""
        if maybe := re.fullmatch(r"(?:Input)?Maybe<(.+)>", text):
            inner = self._type(maybe[1])
            return inner.removesuffix("!") if inner else None
        if array := re.fullmatch(r"Array<(.+)>", text):
            inner = self._type(array[1])
            return f"[{inner}]!" if inner else None
        if scalar := re.fullmatch(r'Scalars\["(\w+)"\]', text):
            self.scalars.add(scalar[1])
            return f"{scalar[1]}!"
        return f"{text}!" if text in self._known else None


if __name__ == "__main__":
    sys.stdout.write(Published(Path(sys.argv[1])).sdl())
