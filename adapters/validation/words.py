"""What a rule is about and what to do, in words: for rules whose tool does not say it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    short: str
    fix: str


# Bandit's numbers, which ruff's rules S… share (bandit.readthedocs.io, docs.astral.sh/ruff/rules).
_BY_NUMBER = {
    101: Words("assert outside of tests", "raise an exception: `python -O` removes assertions"),
    102: Words("exec", "write the code out; integrations run no code that nobody reviewed"),
    104: Words("binds all interfaces", "leave the address to the runner, which starts the app"),
    105: Words("password in the source", "declare a secret in the plan and read it from the environment"),
    106: Words("password as an argument", "declare a secret in the plan and read it from the environment"),
    107: Words("password as a default", "take it from the environment, without a default"),
    108: Words("fixed temporary path", "use the module tempfile, which chooses names that nobody guesses"),
    110: Words(
        "an exception is passed over", "handle it, or name the one exception that may be passed over and say why"
    ),
    112: Words(
        "an exception is passed over", "handle it, or name the one exception that may be passed over and say why"
    ),
    301: Words("unsafe deserialisation", "use JSON and check it with a Pydantic model"),
    302: Words("unsafe deserialisation", "use JSON and check it with a Pydantic model"),
    303: Words("weak hash", "use SHA-256 (hashlib.sha256)"),
    306: Words("guessable temporary file", "use tempfile.NamedTemporaryFile"),
    307: Words("eval", "use ast.literal_eval for literals, or json.loads"),
    310: Words("URL of any scheme", "use httpx with the declared https address"),
    311: Words("guessable random numbers", "use the module secrets for tokens and keys"),
    314: Words("XML from outside", "ask the API for JSON; integrations have no hardened XML parser"),
    323: Words("TLS without verification", "use the default context, which verifies certificates"),
    324: Words("weak hash", "use SHA-256, or pass usedforsecurity=False if it protects nothing"),
    403: Words("unsafe deserialisation", "use JSON and check it with a Pydantic model"),
    404: Words("processes", "do it in Python; integrations start no processes"),
    501: Words("TLS without verification", "leave verify at its default; for a private authority give its certificate"),
    502: Words("old TLS", "leave the protocol to the library's default"),
    506: Words("unsafe YAML", "use yaml.safe_load"),
    602: Words("shell", "do it in Python; integrations start no processes"),
    603: Words("processes", "do it in Python; integrations start no processes"),
    605: Words("shell", "do it in Python; integrations start no processes"),
    607: Words("processes", "do it in Python; integrations start no processes"),
    608: Words("SQL from pieces of text", "pass values as parameters of the statement"),
    701: Words("templates without escaping", "make the environment with autoescape=True"),
    702: Words("templates without escaping", "escape what comes from outside"),
}
_INSPECTION = {
    "process": Words("processes", "do it in Python; integrations start no processes"),
    "socket": Words("sockets", "use httpx, whose way out the sandbox knows"),
    "native-code": Words("native code", "do it in Python"),
    "dynamic-code": Words("dynamic code", "write the code out, so that people can review what runs"),
    "deserialisation": Words(
        "unsafe deserialisation", "use JSON (or yaml.safe_load) and check it with a Pydantic model"
    ),
    "sql-injection": Words("SQL from pieces of text", "pass values as parameters of the statement"),
    "template-injection": Words("a template from outside", "keep templates constant and pass values to render()"),
    "path-traversal": Words("a path from the request", "look it up in a table of names that are known to be safe"),
    "host-from-request": Words("a host from the request", "keep the host constant, and quote what is put in its path"),
    "undeclared-host": Words("undeclared host", "use only the hosts that the manifest declares"),
}
_SYNTAX = {
    "syntax": Words("does not parse", "mend the syntax at the place named"),
    "suppression": Words("checks turned off", "remove the comment and mend what it hides; on one line, name one rule"),
    "format": Words("not formatted", ""),
    "tool-failed": Words("a tool failed", ""),
    "missing": Words("a file is missing", "put back the file as it was given"),
    "field": Words("invalid by its schema", "write it as its schema says (docs/schemas)"),
    "yaml": Words("not YAML", "mend the syntax at the place named"),
    "requirement": Words("requirement not admitted", "do without it; the plan says what may be required"),
    "entry-point": Words("entry point missing", "write the file that the entry point names"),
    "disagreement": Words("manifest and project file disagree", "make both say the same"),
}
_SECRET = Words(
    "a secret in a file", "remove it and revoke it, declare a secret in the plan, and read it from the environment"
)


def of(tool: str, rule: str) -> Words | None:
    """The words for a rule, None where there are none."""
    if tool in {"bandit", "ruff"} and rule[1:].isdecimal() and rule[0] in "BS":
        return _BY_NUMBER.get(int(rule[1:])) if (tool == "bandit") == (rule[0] == "B") else None
    if tool == "detect-secrets":
        return _SECRET if rule != "tool-failed" else _SYNTAX[rule]
    return _INSPECTION.get(rule) or _SYNTAX.get(rule)
