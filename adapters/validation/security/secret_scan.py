"""Look for secrets in the files named on the command line, with detect-secrets. Runs in the jail as a script.

Prints `[{rule, path, line}]`, never the secret. Which files and lines are looked at is decided here: detect-secrets by
itself leaves out lock files, what looks like an API document, and lines that ask to be left out.
"""

import json
import sys
from types import ModuleType, SimpleNamespace

# A third of the time would be for importing Requests, with which detect-secrets asks vendors whether a secret is one:
# that is not done here, where there is no network.
requests = ModuleType("requests")
requests.__dict__.update(Response=object, exceptions=SimpleNamespace(RequestException=OSError))
sys.modules["requests"] = requests

from detect_secrets.core.scan import scan_file  # noqa: E402
from detect_secrets.settings import default_settings, transient_settings  # noqa: E402

_FILTERS = (
    "detect_secrets.filters.heuristic.is_indirect_reference",
    "detect_secrets.filters.heuristic.is_likely_id_string",
    "detect_secrets.filters.heuristic.is_not_alphanumeric_string",
    "detect_secrets.filters.heuristic.is_potential_uuid",
    "detect_secrets.filters.heuristic.is_prefixed_with_dollar_sign",
    "detect_secrets.filters.heuristic.is_sequential_string",
    "detect_secrets.filters.heuristic.is_templated_secret",
)
_LEFT_OUT = {"IPPublicDetector"}  # an address is no secret


def main() -> None:
    with default_settings() as settings:
        plugins = [{**options, "name": name} for name, options in settings.plugins.items() if name not in _LEFT_OUT]
    with transient_settings({"plugins_used": plugins, "filters_used": [{"path": path} for path in _FILTERS]}):
        found = {(path, secret.line_number, secret.type) for path in sys.argv[1:] for secret in scan_file(path)}
    json.dump([{"rule": rule, "path": path, "line": line} for path, line, rule in sorted(found)], sys.stdout)


if __name__ == "__main__":
    main()
