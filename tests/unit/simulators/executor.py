"""A small product: the tools Claude is given, over an OpenAPI document and a folder, and the loop that uses them."""

import json
import os
import re
import subprocess
import sys
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml

from domain import manifest
from domain.plan import Plan
from domain.tools import ANALYSIS_TOOLS, GENERATION_TOOLS
from simulators.claude.brain import reply

PYPROJECT = """\
[tool.ruff]
line-length = 100
target-version = "py311"

[tool.ruff.lint]
select = ["E", "F", "I", "UP", "B", "S", "ANN", "ASYNC", "RET", "SIM", "PTH", "RUF", "D1"]

[tool.ruff.lint.per-file-ignores]
"tests/*" = ["S101", "D", "S105", "S106"]

[tool.mypy]
strict = true
"""
METHODS = ("get", "post", "put", "patch", "delete")
MAX_TURNS = 20


class Document:
    """The document tools, answering as the product's do."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.root = document
        self.operations = {
            (method, path): operation
            for path, item in document["paths"].items()
            for method, operation in item.items()
            if method in METHODS
        }

    def search(self, query: str, limit: int) -> str:
        wanted = set(re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", query).lower()))
        ranked = []
        for (method, path), operation in self.operations.items():
            about = f"{path} {operation.get('operationId', '')} {_about(operation)}"
            text = re.sub(r"([a-z])([A-Z])", r"\1 \2", about).lower()
            score = sum(word[:5] in text for word in wanted)
            if score or not wanted:
                ranked.append(
                    (-score, f"{method.upper()} {path} | {operation.get('operationId', '')} | {_about(operation)}")
                )
        return (
            "\n".join(text for _, text in sorted(ranked, key=lambda pair: pair[0])[:limit]) or "No operation matches."
        )

    def operation(self, method: str, path: str) -> str:
        operation = deepcopy(self.operations[(method.lower(), path)])
        item = self.root["paths"][path]
        parameters = {(p["in"], p["name"]): p for p in map(self._resolved, item.get("parameters", []))}
        parameters |= {(p["in"], p["name"]): p for p in map(self._resolved, operation.get("parameters", []))}
        operation["responses"] = {c: self._resolved(r) for c, r in operation.get("responses", {}).items()}
        if "requestBody" in operation:
            operation["requestBody"] = self._resolved(operation["requestBody"])
        security = operation.get("security", self.root.get("security", []))
        schemes = self.root.get("components", {}).get("securitySchemes", {})
        answer = {
            "method": method,
            "path": path,
            "operation": operation,
            "parameters": list(parameters.values()),
            "security_schemes": {name: schemes[name] for one in security for name in one if name in schemes},
            "servers": self.root.get("servers", []),
        }
        found: dict[str, Any] = {}
        level: Any = answer
        for _ in range(2):
            names = {name for name in _names(level) if name not in found and name in self.schemas}
            level = {name: self.schemas[name] for name in names}
            found |= level
        return json.dumps(answer | {"schemas": found})

    @property
    def schemas(self) -> dict[str, Any]:
        schemas: dict[str, Any] = self.root.get("components", {}).get("schemas", {})
        return schemas

    def schema(self, name: str) -> str:
        return json.dumps({"name": name, "schema": self.schemas[name], "refers_to": _names(self.schemas[name])})

    def _resolved(self, value: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in value:
            found: Any = self.root
            for part in value["$ref"].removeprefix("#/").split("/"):
                found = found[unquote(part).replace("~1", "/").replace("~0", "~")]
            value = found
        return value


def _about(operation: dict[str, Any]) -> str:
    return " ".join(str(operation.get("summary") or operation.get("description") or "").split())[:140]


def _names(value: object) -> list[str]:
    return [unquote(n).replace("~1", "/") for n in re.findall(r'"#/components/schemas/([^"/]+)', json.dumps(value))]


@dataclass
class Run:
    """A conversation played to its end. `ending` is the name and input of the tool that ended it."""

    ending: tuple[str, dict[str, Any]] | None
    messages: list[dict[str, Any]]
    turns: int
    calls: list[tuple[str, dict[str, Any], str, bool]] = field(default_factory=list)

    def named(self, name: str) -> list[dict[str, Any]]:
        return [arguments for used, arguments, _, _ in self.calls if used == name]


class Executor:
    """Plays the product's part. `folder` is the workspace of a generation; `types` runs mypy, the slowest check.

    An answer with more than `most_writes` files is taken for one that was cut off.
    """

    def __init__(self, document: dict[str, Any], folder: Path | None = None) -> None:
        self.document = Document(document)
        self.folder = folder
        self.types = True
        self.most_writes = 99

    def analyse(
        self, wish: str, *, base_url: str = "http://127.0.0.1:7243", name: str = "", complaints: int = 0
    ) -> Run:
        named = f"Name: {name}\n" if name else ""
        first = (
            f"<request>\n{named}Base URL: {base_url}\n"
            f'<untrusted source="request title">\n{wish.splitlines()[0]}\n</untrusted>\n'
            f'<untrusted source="request description">\n{wish}\n</untrusted>\n</request>\n\nThe document, in short:\n\n'
            f'<untrusted source="API document">\nOperations: {len(self.document.operations)}\n</untrusted>'
        )
        self.complaints = complaints
        return self.play([{"role": "user", "content": [{"type": "text", "text": first}]}], list(ANALYSIS_TOOLS))

    def generate(self, plan: Plan, wish: str = "") -> Run:
        assert self.folder is not None
        given = manifest.from_plan(plan, version="0.1.0", author="somebody")
        self.folder.joinpath("integration.yaml").write_text(manifest.render(given))
        self.folder.joinpath("pyproject.toml").write_text(PYPROJECT)
        text = (
            f"The approved plan:\n\n```json\n{plan.model_dump_json(indent=1)}\n```\n\n"
            f"<request>\nBase URL: {plan.base_url}\n"
            f'<untrusted source="request description">\n{wish}\n</untrusted>\n</request>'
        )
        return self.play([{"role": "user", "content": text}], list(GENERATION_TOOLS))

    def say(self, run: Run, text: str) -> Run:
        return self.play(
            [*run.messages, {"role": "user", "content": [{"type": "text", "text": text}]}], list(GENERATION_TOOLS)
        )

    def play(self, messages: list[dict[str, Any]], tools: list[str]) -> Run:
        calls: list[tuple[str, dict[str, Any], str, bool]] = []
        for turn in range(1, MAX_TURNS + 1):
            blocks = reply(
                {"messages": messages, "tools": [{"name": name} for name in tools], "model": "m", "max_tokens": 1}
            )
            messages = [*messages, {"role": "assistant", "content": blocks}]
            uses = [block for block in blocks if block["type"] == "tool_use"]
            if not uses:
                return Run(None, messages, turn, calls)
            results = []
            ending = None
            cut = sum(use["name"] == "write_file" for use in uses) > self.most_writes
            for use in uses:
                text, failed = ("Your answer was cut off.", True) if cut else self.do(use["name"], use["input"])
                calls.append((use["name"], use["input"], text, failed))
                results.append({"type": "tool_result", "tool_use_id": use["id"], "content": text, "is_error": failed})
                if use["name"] in ("submit_plan", "refuse", "finish") and not failed:
                    ending = (use["name"], use["input"])
            messages = [*messages, {"role": "user", "content": results}]
            if ending:
                return Run(ending, messages, turn, calls)
        raise AssertionError(f"no end after {MAX_TURNS} turns: {[(c[0], c[2][:300]) for c in calls[-6:]]}")

    def do(self, name: str, arguments: dict[str, Any]) -> tuple[str, bool]:
        try:
            {**ANALYSIS_TOOLS, **GENERATION_TOOLS}[name].model_validate(arguments)
            return self._do(name, arguments), False
        except (ValueError, KeyError, OSError) as error:
            return str(error), True

    def _do(self, name: str, arguments: dict[str, Any]) -> str:
        match name:
            case "search_operations":
                return self.document.search(arguments["query"], arguments["limit"])
            case "read_operation":
                return self.document.operation(arguments["method"], arguments["path"])
            case "read_schema":
                return self.document.schema(arguments["name"])
            case "submit_plan" if self.complaints > 0:
                self.complaints -= 1
                raise ValueError("The input of `submit_plan` is not valid: capabilities.0.route: String should match.")
            case "submit_plan" | "refuse" | "finish":
                return "Done."
            case "run_checks":
                return "\n".join(self.findings()) or "Clean: no findings."
            case "run_tests":
                return self.tests()
        return self._files(name, arguments)

    def _files(self, name: str, arguments: dict[str, Any]) -> str:
        assert self.folder is not None
        if name == "list_files":
            return "\n".join(f"{p.relative_to(self.folder)} 1" for p in sorted(self.folder.rglob("*")) if p.is_file())
        if any(part.startswith(".") for part in arguments["path"].split("/")):
            raise ValueError("Hidden files and parent folders are not for you.")
        path = self.folder / arguments["path"]
        if name == "read_file":
            return path.read_text("utf-8")
        if path.name in ("integration.yaml", "pyproject.toml"):
            raise ValueError(f"{path.name} is given by the plan and cannot be changed.")
        if name == "write_file":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(arguments["content"], "utf-8")
            return "Written."
        text = path.read_text("utf-8")
        assert name == "edit_file"
        if text.count(arguments["old"]) != 1:
            raise ValueError("`old` must occur exactly once.")
        path.write_text(text.replace(arguments["old"], arguments["new"]), "utf-8")
        return "Written."

    def findings(self) -> list[str]:
        """What ruff and mypy say of the workspace, one line each."""
        cache = os.environ.get("BRAIN_MYPY_CACHE", ".mypy_cache")
        commands = [
            ["ruff", "check", "--no-cache", "--output-format", "concise", "--quiet", "."],
            ["ruff", "format", "--no-cache", "--check", "--quiet", "."],
            ["mypy", "--strict", "--no-error-summary", "--cache-dir", cache, "."],
        ]
        found: list[str] = []
        for command in commands if self.types else commands[:2]:
            done = self.python("-m", *command)
            lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
            if done.returncode != 0:
                found += [f"error: {line}" for line in lines] or [f"error: {command[1]} failed"]
        return found

    def tests(self) -> str:
        """What pytest says, with counts as the product gives them."""
        done = self.python(
            "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir=."
        )
        counts = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|error)", done.stdout)}
        failed = counts.get("failed", 0) + counts.get("error", 0)
        text = f"{counts.get('passed', 0)} passed, {failed} failed, 0 skipped."
        return text if done.returncode == 0 else f"{text}\n{done.stdout[-6000:]}{done.stderr[-2000:]}"

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {k: v for k, v in os.environ.items() if k not in ("BASE_URL", "PYTHONPATH")}
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        return subprocess.run(
            [sys.executable, *arguments], cwd=self.folder, capture_output=True, text=True, check=False, env=environment
        )


def load(path: Path) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document: dict[str, Any] = yaml.load(path.read_text("utf-8"), Loader=loader)
    return document
