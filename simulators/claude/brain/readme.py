"""Writes `README.md`."""

from simulators.claude.brain.naming import ascii_text
from simulators.claude.brain.operations import Service


def _cell(text: str) -> str:
    return ascii_text(text, 300).replace("|", "/").replace("<", "(").replace(">", ")")


def readme(service: Service) -> str:
    """What it does, its routes and settings, how to run and test it."""
    routes = [
        f"| `{o.capability}` | `{o.route_method.upper()} {o.route}` | {_cell(o.description)} |"
        for o in service.operations
    ]
    settings = [f"| `BASE_URL` | where the API is | `{service.base_url}` |"]
    settings += [f"| `{name}` | {_cell(text)} | |" for name, text in service.settings]
    settings += [f"| `{name}` | secret for the API | |" for one in service.credentials for name in one.variables]
    lines = [
        f"# {(service.wishes.title and _cell(service.wishes.title)) or service.name}",
        "",
        _cell(service.summary),
        "",
        "| capability | route | what it does |",
        "|---|---|---|",
        "| | `GET /health` | Say that the process answers, without calling out. |",
        *routes,
        "",
        "An error of the API becomes 502 with a JSON `detail`; its 404 stays a 404.",
        "",
        "## Settings",
        "",
        "| variable | meaning | default |",
        "|---|---|---|",
        *settings,
        "",
        "## Run and test",
        "",
        "```sh",
        f"uvicorn {service.package}.app:app",
        "python -m pytest",
        "```",
    ]
    left_out = [(o.function, ", ".join(f"`{name}`" for name in o.left_out)) for o in service.operations if o.left_out]
    if left_out:
        lines += ["", "## Left out", "", "Parameters of the API that are optional and do not fit in a plain URL:", ""]
        lines += [f"- `{name}`: {parameters}" for name, parameters in left_out]
    if service.acceptance:
        lines += ["", "## Accepted when", "", *(f"- {_cell(line)}" for line in service.acceptance)]
    if service.wishes.notes:
        lines += ["", "## Changes asked for in review", "", *(f"- {_cell(note)}" for note in service.wishes.notes)]
    return "\n".join(lines) + "\n"
