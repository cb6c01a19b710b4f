"""README and docs say only what is so: links lead somewhere, commands and variables exist, defaults are real."""

import re
from pathlib import Path

import pytest

from tests.unit.files import variables

ROOT = Path(__file__).parents[3]
README = ROOT / "README.md"
DOCUMENTS = [README, *sorted((ROOT / "docs").rglob("*.md"))]
COMMANDS = variables.commands()

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_ROW = re.compile(r"^\| `(CCB_[A-Z0-9_]+)` \|([^|]*)\|", re.MULTILINE)
_NO_SECTION = re.compile(r"[^\w\- ]")


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(text: str) -> set[str]:
    """GitHub's anchors of a document's headings."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {_NO_SECTION.sub("", heading.lower()).replace(" ", "-") for heading in headings}


def command_lines(text: str) -> list[str]:
    """What is written as `ccb …`, in code spans and in blocks for a shell; without `uv run` and the like."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    spans = [span for span in re.findall(r"`([^`\n]+)`", prose) if re.match(r"(uv run )?ccb( |$)", span)]
    lines = [line for block in blocks for line in block.splitlines() if re.search(r"\bccb [a-z-]", line)]
    found = [re.sub(r"^.*?\bccb\b ?", "", line) for line in [*spans, *lines] if not line.startswith(("cp ", "export "))]
    return [line for line in found if line]


@pytest.mark.parametrize("path", DOCUMENTS, ids=relative)
def test_every_link_leads_somewhere(path: Path) -> None:
    for link in _LINK.findall(path.read_text()):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        found = path.parent / target if target else path
        assert found.exists(), link
        if anchor:
            assert anchor in anchors(found.read_text()), link


@pytest.mark.parametrize("path", DOCUMENTS, ids=relative)
def test_every_command_and_option_exists(path: Path) -> None:
    for line in command_lines(path.read_text()):
        check_command(line)


def check_command(line: str) -> None:
    words = line.split()
    taken: tuple[str, ...] = ()
    command = COMMANDS[taken]
    while words and hasattr(command, "commands") and not words[0].startswith("-"):
        taken = (*taken, words.pop(0))
        assert taken in COMMANDS, f"ccb {line}: there is no command {' '.join(taken)}"
        command = COMMANDS[taken]
    known = {option for parameter in command.params for option in [*parameter.opts, *parameter.secondary_opts]}
    for option in [word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)]:
        assert option in known | {"--help", "-h"}, f"ccb {line}: there is no option {option}"


def test_the_check_of_commands_can_fail() -> None:
    check_command("people add ada --github ada-l")
    with pytest.raises(AssertionError, match="no command"):
        check_command("people forget ada")
    with pytest.raises(AssertionError, match="no option"):
        check_command("up --simulated")
    assert command_lines("Say `ccb list` or `uv run ccb up`, not ccb nothing.\n```sh\nuv run ccb x --y\n```\n") == [
        "list",
        "up",
        "x --y",
    ]


@pytest.mark.parametrize("path", DOCUMENTS, ids=relative)
def test_every_variable_that_is_named_exists(path: Path) -> None:
    named = set(re.findall(r"\bCCB_[A-Z0-9]+(?:_[A-Z0-9]+)+\b", path.read_text()))
    assert named - variables.names() == set()


def test_the_settings_page_has_every_variable_with_its_default() -> None:
    rows = {name: default.strip() for name, default in _ROW.findall((ROOT / "docs" / "settings.md").read_text())}
    assert rows == variables.defaults()


def test_the_readmes_defaults_are_the_real_ones() -> None:
    rows = {name: default.strip() for name, default in _ROW.findall(README.read_text())}
    assert len(rows) > 8
    assert rows == {name: default for name, default in variables.defaults().items() if name in rows}


def test_the_quick_start_is_two_commands() -> None:
    start = README.read_text().partition("## Quick start")[2].partition("\n## ")[0]
    assert re.findall(r"^```sh\n(.*?)\n```", start, re.MULTILINE | re.DOTALL) == [
        "pip install uv && uv run ccb demo",
        "pip install uv && uv run pytest",
    ]


def test_every_folder_of_the_house_is_there() -> None:
    house = README.read_text().partition("## The house")[2]
    folders = re.findall(r"^([a-z]+)/ +\S", house, re.MULTILINE)
    assert len(folders) > 8
    for folder in folders:
        assert (ROOT / folder).is_dir(), folder


def test_decisions_are_numbered_without_gaps() -> None:
    names = sorted(path.name for path in (ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    for name in names:
        title = (ROOT / "docs" / "decisions" / name).read_text().partition("\n")[0]
        assert title.startswith(f"# {int(name[:4])}. "), name


def test_every_activity_that_is_named_exists() -> None:
    text = (ROOT / "docs" / "how-it-works.md").read_text()
    prefixes = "build|chat|claude|conversation|delivery|deploy|document|integration|repository|run|workspace"
    named = set(re.findall(rf"`((?:{prefixes})\.[a-z_]+)`", text))
    assert len(named) > 15
    code = "\n".join(path.read_text() for path in (ROOT / "activities").glob("*.py"))
    assert named - set(re.findall(r'activity\.defn\(name="([^"]+)"\)', code)) == set()
