"""Read the tests of two revisions, and the code for special cases. Runs in the jail; nothing that is read is run.

Is given `{"files": {path: text}, "baseline": {path: text} or null}`; prints what `Read` in described.py describes.
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
    earlier = given["baseline"]
    if earlier is not None:
        earlier = described({path: text for path, text in earlier.items() if is_test_file(path)})
    json.dump({"now": described(tests), "earlier": earlier, "special": special[:100]}, sys.stdout)
