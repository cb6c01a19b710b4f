"""Read the tests of two revisions, and the code for special cases. Runs in the jail; nothing that is read is run.

Is given `{"files": {path: text}, "baseline": {path: text} or null, "previous": the same}`; prints what `Read` in
described.py describes.
"""

import json
import sys
from typing import Any

from adapters.validation.weakening.describing import described, is_test_file, parsed
from adapters.validation.weakening.special import special_cases, values


def main(given: dict[str, Any]) -> None:
    tests = {path: text for path, text in given["files"].items() if is_test_file(path)}
    code = {path: text for path, text in given["files"].items() if path.endswith(".py") and path not in tests}
    used = set().union(*(values(parsed(text)) for text in tests.values()))
    special = [
        {"path": path, "line": line, "what": what}
        for path, text in code.items()
        for line, what in sorted(dict(special_cases(parsed(text), used)).items())
    ]
    before = {name: _tests_of(given[name]) for name in ("baseline", "previous")}
    told = {"now": described(tests), "earlier": before["baseline"], "previous": before["previous"]}
    json.dump(told | {"special": special[:100]}, sys.stdout)


def _tests_of(files: dict[str, str] | None) -> dict[str, Any] | None:
    return None if files is None else described({path: text for path, text in files.items() if is_test_file(path)})
