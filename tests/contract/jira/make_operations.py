"""Makes `operations.json`: of Jira's REST API version 3, the operations that the adapter uses.

Atlassian publishes its OpenAPI document on its site alone; `jira.js` (npm, MIT, `NOTICE.md` beside this) is generated
from it. From a folder into which that package was unpacked:

    npm pack jira.js && tar xzf jira.js-*.tgz
    python -m tests.contract.jira.make_operations package > tests/contract/jira/operations.json
"""

import json
import re
import sys
from pathlib import Path

OPERATIONS = {
    "myself": ["getCurrentUser"],
    "issues": ["getIssue", "getTransitions", "doTransition"],
    "issueComments": ["getComments", "getCommentsByIds", "addComment", "updateComment", "deleteComment"],
    "issueRemoteLinks": ["createOrUpdateRemoteIssueLink"],
}


def operation(source: str, name: str) -> dict[str, object]:
    """The last of its overloads is the one with a body."""
    body = source[source.rindex(f"  async {name}<") :]
    config = body[body.index("const config: RequestConfig = {") :]
    config = config[: config.index("\n    };")]
    path = re.sub(r"\$\{(?:parameters\.)?(\w+)\}", r"{\1}", re.findall(r"url: ['`](.+?)['`]", config)[0])
    method = re.findall(r"method: '(\w+)'", config)[0]
    return {
        "name": name,
        "method": method,
        "path": path,
        "query": _names(config, "params"),
        "body": _names(config, "data"),
    }


def _names(config: str, part: str) -> list[str]:
    found = re.search(rf"^      {part}: \{{\n(.*?)^      \}},", config, re.MULTILINE | re.DOTALL)
    return re.findall(r"^        (\w+)(?::|,)", found[1], re.MULTILINE) if found else []


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    found = [
        operation((folder / "src" / "version3" / f"{file}.ts").read_text(), name)
        for file, names in OPERATIONS.items()
        for name in names
    ]
    version = json.loads((folder / "package.json").read_text())["version"]
    sys.stdout.write(json.dumps({"of": f"jira.js {version}", "operations": found}, indent=2) + "\n")
