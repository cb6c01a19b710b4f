"""Syntax and types: the good package is clean, and each fault is found by the right tool at the right place."""

import pytest

from adapters.validation.syntax.validator import Syntax
from adapters.validation.typed import Types
from domain.reports import Kind, Level
from tests.contract.sandbox.conftest import PACKAGE
from tests.contract.validation.conftest import Files, Look, seen

CLIENT = f"{PACKAGE}/client.py"
MODELS = f"{PACKAGE}/models.py"


async def test_the_good_package_is_clean(look: Look, good: Files) -> None:
    assert (await look(Syntax(), good)).findings == []
    assert (await look(Types(), good)).findings == []


async def test_a_type_error_names_its_line(look: Look, good: Files) -> None:
    good[CLIENT] = good[CLIENT].replace("timeout=10,", 'timeout="ten",')
    (finding,) = (await look(Types(), good)).findings
    line = good[CLIENT].splitlines().index('            timeout="ten",') + 1
    assert (finding.kind, finding.tool, finding.rule) == (Kind.TYPES, "mypy", "arg-type")
    assert (finding.path, finding.line, finding.level) == (CLIENT, line, Level.ERROR)


async def test_no_folder_is_left_out(look: Look, good: Files) -> None:
    """Tools pass over folders by their names; code in them is imported like any other."""
    for folder in ("build", "dist", "venv", "node_modules"):
        good[f"{folder}/__init__.py"] = '"""Hidden."""\n\nimport os\n\nx: int = "a"\n'
    syntax, types = await look(Syntax(), good), await look(Types(), good)
    for folder in ("build", "dist", "venv", "node_modules"):
        assert ("ruff", "F401", f"{folder}/__init__.py") in seen(syntax.findings)
        assert ("mypy", "assignment", f"{folder}/__init__.py") in seen(types.findings)


async def test_an_unformatted_file_comes_with_the_change(look: Look, good: Files) -> None:
    good[CLIENT] = good[CLIENT].replace("timeout=10,", "timeout = 10,")
    (finding,) = (await look(Syntax(), good)).findings
    assert (finding.tool, finding.rule, finding.path) == ("ruff format", "format", CLIENT)
    assert "+            timeout=10," in finding.fix


async def test_lint_uses_our_rules_and_not_the_workspaces(look: Look, good: Files) -> None:
    good["ruff.toml"] = 'lint.ignore = ["ALL"]\n'
    good[CLIENT] = good[CLIENT].replace('        """Read a colour."""\n', "")
    assert seen((await look(Syntax(), good)).findings) == {("ruff", "D102", CLIENT)}


async def test_a_suppression_of_anothers_rule_is_not_called_unused(look: Look, good: Files) -> None:
    good[MODELS] += "\n\nNAME = 1  # noqa: S105\n"
    assert (await look(Syntax(), good)).findings == []


async def test_files_of_code_and_configuration_parse(look: Look, good: Files) -> None:
    good[MODELS] += "\ndef broken(:\n"
    good["data.json"] = '{\n "a": 1,\n}\n'
    good["settings.toml"] = "a = 1\nb =\n"
    good["more.yaml"] = "a: [1\nb: 2\n"
    found = [one for one in (await look(Syntax(), good)).findings if one.tool == "source"]
    assert {(one.rule, one.path, one.line) for one in found} == {
        ("syntax", MODELS, good[MODELS].count("\n")),
        ("syntax", "data.json", 3),
        ("syntax", "settings.toml", 2),
        ("syntax", "more.yaml", 2),
    }


@pytest.mark.parametrize("line", ["# mypy: ignore-errors", "# ruff: noqa", "# type: ignore"])
async def test_checks_are_not_turned_off_for_a_file(look: Look, good: Files, line: str) -> None:
    good[MODELS] = f"{line}\n{good[MODELS]}"
    assert ("source", "suppression", MODELS) in seen((await look(Syntax(), good)).findings)


async def test_source_made_to_break_the_tools_is_a_finding(look: Look, good: Files) -> None:
    good[f"{PACKAGE}/deep.py"] = "x = " + "-" * 150_000 + "1\n"
    good[f"{PACKAGE}/nul.py"] = "x = 1\0\n"
    good["deep.json"] = "[" * 90_000
    good["bomb.yaml"] = "a: &a {x: 1}\n" + "".join(
        f"{b}: &{b} {{<<: [{', '.join([f'*{a}'] * 9)}]}}\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    found = await look(Syntax(), good)
    assert {f"{PACKAGE}/deep.py", f"{PACKAGE}/nul.py", "deep.json"} <= {one.path for one in found.findings}
    assert all(one.level is Level.ERROR for one in found.findings)


@pytest.mark.parametrize(
    ("old", "new", "rule", "words"),
    [
        ("description: Looks up colours by their names.\n", "", "field", "description: Field required"),
        ("version: 1.0.0", "version: one", "field", "version: "),
        ("name: colour-names", "name: [", "yaml", "not YAML"),
        ("description: Looks", "author: &a x\nbase_url: *a\ndescription: Looks", "yaml", "aliases"),
        ("- uvicorn", "- uvicorn\n- requests", "requirement", "requests"),
        ("- uvicorn", "- uvicorn>=99", "requirement", "uvicorn"),
        ("colour_names_integration.app:app", "other_package.app:app", "entry-point", "other_package/__init__.py"),
        ("entrypoint:", "surprise: 1\nentrypoint:", "field", "surprise: "),
    ],
    ids=["missing", "version", "not-yaml", "alias", "not-admitted", "not-there", "entry-point", "unknown"],
)
async def test_a_bad_manifest(look: Look, good: Files, old: str, new: str, rule: str, words: str) -> None:
    good["integration.yaml"] = good["integration.yaml"].replace(old, new, 1)
    found = [one for one in (await look(Syntax(), good)).findings if one.tool == "manifest"]
    assert ("manifest", rule, "integration.yaml") in seen(found)
    assert any(words in one.message for one in found)


@pytest.mark.parametrize(
    ("old", "new", "rule", "words"),
    [
        ('version = "1.0.0"', 'version = "1.0.1"', "disagreement", "project.version is 1.0.1"),
        ('"httpx", ', "", "disagreement", "project.dependencies"),
        ('name = "colour-names"\n', "", "field", "project.name: Field required"),
    ],
    ids=["version", "dependencies", "name"],
)
async def test_a_project_file_that_says_otherwise(
    look: Look, good: Files, old: str, new: str, rule: str, words: str
) -> None:
    good["pyproject.toml"] = good["pyproject.toml"].replace(old, new, 1)
    (finding,) = (await look(Syntax(), good)).findings
    assert (finding.rule, finding.path) == (rule, "pyproject.toml")
    assert words in finding.message


async def test_what_is_given_is_there(look: Look, good: Files) -> None:
    del good["integration.yaml"], good["pyproject.toml"]
    assert seen((await look(Syntax(), good)).findings) == {
        ("manifest", "missing", "integration.yaml"),
        ("manifest", "missing", "pyproject.toml"),
    }
