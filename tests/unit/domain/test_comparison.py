"""Two versions side by side."""

from domain.comparison import MAX_LINES, compare
from domain.manifest import render
from tests import proofs

VERSIONS = ("1.0.0", "2.0.0")


def test_the_same_files_do_not_differ() -> None:
    found = compare({"a.py": "x\n"}, {"a.py": "x\n"}, versions=VERSIONS)
    assert (found.change, found.differences, found.files, found.cut) == ("patch", [], [], False)


def test_the_interface_in_words_and_the_files_by_line() -> None:
    was, now = proofs.manifest(), proofs.manifest(version="2.0.0")
    moved = now.capabilities[0].model_copy(update={"route": "/towns"})
    before = {"integration.yaml": render(was), "gone.py": "a\nb\n", "same.py": "x\n", "ends.py": "a"}
    after = {
        "integration.yaml": render(now.model_copy(update={"capabilities": [moved]})),
        "same.py": "x\n",
        "ends.py": "a\nb",
    }
    found = compare(before, after, versions=VERSIONS)
    assert (found.change, found.before, found.after) == ("major", *VERSIONS)
    assert found.differences == ["the capability cities.list moved from GET /cities to GET /towns"]
    files = {one.path: one for one in found.files}
    assert sorted(files) == ["ends.py", "gone.py", "integration.yaml"]
    gone, ends = files["gone.py"], files["ends.py"]
    assert (gone.status, gone.added, gone.removed) == ("removed", 0, 2)
    assert gone.diff.startswith("--- a/gone.py\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-a\n-b\n")
    assert ends.diff.count("\\ No newline at end of file\n") == 2
    assert files["integration.yaml"].diff.splitlines()[0] == "--- a/integration.yaml"


def test_what_is_long_is_cut_at_a_line_and_keeps_its_counts() -> None:
    before = {f"{name}.py": "" for name in "abc"}
    after = {f"{name}.py": "".join(f"line {n}\n" for n in range(200)) for name in "abc"}
    found = compare(before, after, versions=VERSIONS, characters=1500, of_a_file=1000)
    assert found.cut
    assert [(one.added, one.cut) for one in found.files] == [(200, True)] * 3
    lengths = [len(one.diff) for one in found.files]
    assert 900 < lengths[0] <= 1000
    assert sum(lengths) <= 1500
    assert all(one.diff == "" or one.diff.endswith("\n") for one in found.files)


def test_a_diff_shows_no_more_than_is_promised() -> None:
    long = "".join(f"line {n}\n" for n in range(9_000))
    found = compare({}, {f"{name}.py": long for name in "abcdefg"}, versions=VERSIONS)
    lengths = [len(one.diff) for one in found.files]
    assert 39_900 < max(lengths) <= 40_000
    assert 199_900 < sum(lengths) <= 200_000


def test_a_file_that_is_too_long_to_be_compared_is_counted() -> None:
    lines = [f"{n}\n" for n in range(MAX_LINES)]
    found = compare({"a.txt": "".join(lines)}, {"a.txt": "".join([*lines[1:], "new\n", "newer\n"])}, versions=VERSIONS)
    [one] = found.files
    assert (one.added, one.removed, one.diff, one.cut) == (2, 1, "", True)


def test_without_a_manifest_nothing_is_said_of_the_interface() -> None:
    found = compare({"integration.yaml": ": ["}, {}, versions=VERSIONS)
    assert (found.change, found.differences) == ("patch", [])
