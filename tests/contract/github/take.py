"""`python -m tests.contract.github.take FOLDER`: make `data/` anew from two packages of GitHub's own descriptions.

FOLDER is where `npm pack @octokit/webhooks-examples @octokit/openapi` left them. Taken are all examples of webhooks of
api.github.com, and of its OpenAPI document the operations that `OPERATIONS` names: parameters and bodies, without what
only people read. Both packages are MIT-licensed; `data/NOTICE` says so.
"""

import gzip
import json
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
_R = "/repos/{owner}/{repo}"
OPERATIONS = [
    "GET /app",
    "POST /app/installations/{installation_id}/access_tokens",
    "GET /user",
    f"GET {_R}",
    f"GET {_R}/branches/{{branch}}",
    f"GET {_R}/commits/{{ref}}",
    f"GET {_R}/commits/{{ref}}/status",
    f"GET {_R}/commits/{{commit_sha}}/pulls",
    f"GET {_R}/compare/{{basehead}}",
    f"GET {_R}/git/blobs/{{file_sha}}",
    f"POST {_R}/git/blobs",
    f"GET {_R}/git/commits/{{commit_sha}}",
    f"POST {_R}/git/commits",
    f"GET {_R}/git/matching-refs/{{ref}}",
    f"GET {_R}/git/ref/{{ref}}",
    f"POST {_R}/git/refs",
    f"PATCH {_R}/git/refs/{{ref}}",
    f"DELETE {_R}/git/refs/{{ref}}",
    f"GET {_R}/git/trees/{{tree_sha}}",
    f"POST {_R}/git/trees",
    f"GET {_R}/issues/{{issue_number}}",
    f"GET {_R}/issues/{{issue_number}}/comments",
    f"POST {_R}/issues/{{issue_number}}/comments",
    f"PATCH {_R}/issues/comments/{{comment_id}}",
    f"DELETE {_R}/issues/comments/{{comment_id}}",
    f"GET {_R}/pulls",
    f"POST {_R}/pulls",
    f"GET {_R}/pulls/{{pull_number}}",
    f"PATCH {_R}/pulls/{{pull_number}}",
    f"PUT {_R}/pulls/{{pull_number}}/merge",
    f"POST {_R}/statuses/{{sha}}",
]
_FOR_PEOPLE = {"description", "summary", "example", "examples", "title", "externalDocs", "x-github", "x-octokit"}


def examples(package: Path) -> None:
    with tarfile.open(package) as archive:
        found = json.loads(_read(archive, "package/api.github.com/index.json"))
    kept = [{"name": one["name"], "examples": one["examples"]} for one in found]
    _write("webhooks.json.gz", kept)


def openapi(package: Path) -> None:
    with tarfile.open(package) as archive:
        document = json.loads(_read(archive, "package/generated/api.github.com.json"))
    components, defs, operations = document["components"], {}, {}
    for name in OPERATIONS:
        method, path = name.split()
        item = document["paths"][path]
        operation = item[method.lower()]
        parameters = [
            _resolved(one, components) for one in [*item.get("parameters", []), *operation.get("parameters", [])]
        ]
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        operations[name] = {
            "parameters": [{key: one[key] for key in ("name", "in", "schema")} for one in parameters],
            "body": None if body is None else _schema(body),
            "required": operation.get("requestBody", {}).get("required", False),
        }
    wanted = list(_references(operations))
    while wanted:
        name = wanted.pop()
        if name not in defs:
            defs[name] = _schema(components["schemas"][name])
            wanted += _references(defs[name])
    _write("requests.json.gz", {"operations": operations, "$defs": defs})


def _resolved(parameter: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    found = components["parameters"][parameter["$ref"].rsplit("/", 1)[1]] if "$ref" in parameter else parameter
    return {**found, "schema": _schema(found["schema"])}


def _schema(value: Any) -> Any:
    """As JSON Schema 2020-12: `nullable` becomes a type, references lead to `$defs`, prose is left out."""
    if isinstance(value, list):
        return [_schema(one) for one in value]
    if not isinstance(value, dict):
        return value
    kept = {key: _schema(one) for key, one in value.items() if key not in _FOR_PEOPLE or key == "properties"}
    if isinstance(value.get("properties"), dict):
        kept["properties"] = {name: _schema(one) for name, one in value["properties"].items()}
    if "$ref" in kept:
        kept["$ref"] = kept["$ref"].replace("#/components/schemas/", "#/$defs/")
    return {"anyOf": [kept, {"type": "null"}]} if kept.pop("nullable", False) else kept


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _references(one)
    elif isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"].rsplit("/", 1)[1]
        for one in value.values():
            yield from _references(one)


def _read(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file is not None
    return file.read()


def _write(name: str, value: object) -> None:
    """The same bytes for the same value: without a time in it."""
    text = json.dumps(value, separators=(",", ":"), sort_keys=True)
    (DATA / name).write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))


def main(folder: Path) -> None:
    (found,) = folder.glob("octokit-webhooks-examples-*.tgz")
    examples(found)
    (found,) = folder.glob("octokit-openapi-*.tgz")
    openapi(found)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
