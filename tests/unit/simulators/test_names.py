"""Whatever a document says, names are safe and texts stay texts."""

import ast
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.plan import Capability
from simulators.claude.brain import naming
from simulators.claude.brain.choosing import choose
from simulators.claude.brain.reading import Listed
from simulators.claude.brain.types import literal, quoted
from simulators.claude.brain.writing import docstring

PARTS = st.lists(st.one_of(st.text(max_size=12), st.text(max_size=8).map(lambda t: f"{{{t}}}")), max_size=6)


@given(st.text())
def test_a_literal_reads_as_the_text_it_was(text: str) -> None:
    assert ast.literal_eval(quoted(text)) == text
    assert ast.literal_eval(literal(text)) == text
    assert quoted(text).isascii()
    assert "\n" not in quoted(text)


@given(st.text())
def test_a_docstring_is_one_string_and_nothing_else(text: str) -> None:
    source = f"def f():\n{docstring(naming.sentence(text, 'Nothing'), 4)}\n"
    [function] = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef)
    assert len(function.body) == 1
    assert ast.get_docstring(function)
    assert max(map(len, source.splitlines())) <= 100


@given(PARTS, st.text(max_size=20))
def test_routes_and_capabilities_fit_the_plan(parts: list[str], identifier: str) -> None:
    path = "/" + "/".join(parts)
    use = {"method": "get", "path": path, "purpose": "p"}
    made = Capability.model_validate(
        {
            "name": naming.capability("get", path, identifier),
            "description": "d",
            "method": "get",
            "route": naming.route(path),
            "operation": use,
        }
    )
    placeholders = re.findall(r"\{(.*?)\}", made.route)
    assert len(set(placeholders)) == len(placeholders)


@given(st.text(), st.text(max_size=5))
def test_names_are_identifiers(text: str, more: str) -> None:
    assert naming.escaped(naming.snake(text), naming.RESERVED_FIELDS).isidentifier()
    assert naming.pascal(text + more).isidentifier()
    assert naming.function(text).isidentifier()


ISSUES = [
    Listed("get", "/repos/{owner}/{repo}", "repos/get", "Get a repository"),
    Listed("get", "/repos/{owner}/{repo}/issues", "issues/list-for-repo", "List repository issues"),
    Listed("post", "/repos/{owner}/{repo}/issues", "issues/create", "Create an issue"),
    Listed("get", "/repos/{owner}/{repo}/issues/{issue_number}", "issues/get", "Get an issue"),
    Listed("delete", "/repos/{owner}/{repo}", "repos/delete", "Delete a repository"),
    Listed("get", "/orgs/{org}/teams", "teams/list", "List teams"),
]


@pytest.mark.parametrize(
    ("wish", "identifiers"),
    [
        ("We need to list issues of a repository and to create an issue.", ["issues/list-for-repo", "issues/create"]),
        ("Get a repository.", ["repos/get"]),
        ("Show a single issue", ["issues/get"]),
        ("Use `teams/list` only, whatever is said of issues.", ["teams/list"]),
        ("Delete a repository", ["repos/delete"]),
        ("GET /repos/{o}/{r}/issues/{n} please", ["issues/get"]),
        ("Teams", ["teams/list"]),
        ("Bake a pizza", []),
    ],
)
def test_the_operations_asked_for_are_chosen(wish: str, identifiers: list[str]) -> None:
    assert [one.operation_id for one in choose(wish, ISSUES).operations] == identifiers
