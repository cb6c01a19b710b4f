"""Security: each weakness is found once, by the tool that says most about it."""

from collections import Counter

import pytest

from adapters.osv import Osv, OsvSettings
from adapters.validation.security.validator import Security
from adapters.validation.security.vulnerabilities import Vulnerabilities
from domain.proving import ProvingPolicy
from domain.reports import Effect, Level
from simulators.kit import Simulators
from tests.contract.osv.conftest import HIGH, MILD, entry
from tests.contract.sandbox.conftest import PACKAGE
from tests.contract.validation.conftest import Files, Look, seen

CLIENT = f"{PACKAGE}/client.py"

WEAK = {
    "processes": ("import subprocess\n", "inspection", "process"),
    "processes_from": ("from subprocess import run\n", "inspection", "process"),
    "system": ("import os as o\n\no.system('x')\n", "inspection", "process"),
    "popen": ("from os import popen\n", "inspection", "process"),
    "async_process": ("import asyncio\n\nstart = asyncio.create_subprocess_shell\n", "inspection", "process"),
    "sockets": ("import socket\n", "inspection", "socket"),
    "native": ("import ctypes.util\n", "inspection", "native-code"),
    "evaluated": ("eval('1')\n", "inspection", "dynamic-code"),
    "imported": ("import importlib\n\nimportlib.import_module(input())\n", "inspection", "dynamic-code"),
    "pickled": ("import pickle\n", "inspection", "deserialisation"),
    "marshalled": ("from marshal import loads\n", "inspection", "deserialisation"),
    "shelved": ("import shelve\n", "inspection", "deserialisation"),
    "yaml_loaded": ("import yaml\n\nyaml.load('a', yaml.Loader)\n", "inspection", "deserialisation"),
    "sql": (
        'def f(c: object, x: str) -> None:\n    c.execute(f"select a from t where b = {x}")\n',
        "inspection",
        "sql-injection",
    ),
    "template": ("from string import Template\n\nTemplate(input())\n", "inspection", "template-injection"),
    "path": (
        '@app.get("/f/{name}")\ndef f(name: str) -> str:\n    return open(f"data/{name}").read()\n',
        "inspection",
        "path-traversal",
    ),
    "forgery": (
        '@app.get("/f")\nasync def f(host: str) -> object:\n    return await http.get(f"https://{host}/x")\n',
        "inspection",
        "host-from-request",
    ),
    "unverified": ("import httpx\n\nhttpx.Client(verify=False)\n", "ruff", "S501"),
    "weak_hash": ("import hashlib\n\nhashlib.md5(b'x')\n", "ruff", "S324"),
    "password": ('password = "hunter2hunter"\n', "detect-secrets", "secret-keyword"),
    "key": ('KEY = "AKIAIOSFODNN7EXAMPLE"\n', "detect-secrets", "aws-access-key"),
    "token": ('X = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"\n', "detect-secrets", "github-token"),
}
FINE = {
    "looked_up": 'NAMES = {"a": 1}\n\n\n@app.get("/n")\ndef f(name: str) -> object:\n    return NAMES.get(name)\n',
    "safe_yaml": "import yaml\n\nyaml.load('a', Loader=yaml.SafeLoader)\n",
    "own_path": 'from pathlib import Path\n\nTEXT = Path("data.txt")\n',
    "quoted": '@app.get("/q")\nasync def f(name: str) -> object:\n    return await http.get(f"/colours/{name}")\n',
    "from_environment": 'import os\n\ntoken = os.environ["API_TOKEN"]\n',
    "declared": 'URL = "https://colours.example.com/v1"\n',
}


async def test_the_good_package_is_clean(look: Look, good: Files) -> None:
    assert [one for one in (await look(Security(), good)).findings if one.level is not Level.NOTE] == []


async def test_each_weakness_is_found_by_the_tool_that_says_most(look: Look, good: Files) -> None:
    for name, (code, _, _) in WEAK.items():
        good[f"{PACKAGE}/{name}.py"] = code
    found = (await look(Security(), good)).findings
    errors = seen([one for one in found if one.level is Level.ERROR])
    missed = [name for name, (_, tool, rule) in WEAK.items() if (tool, rule, f"{PACKAGE}/{name}.py") not in errors]
    assert missed == []


async def test_what_is_fine_is_not_found(look: Look, good: Files) -> None:
    for name, code in FINE.items():
        good[f"{PACKAGE}/{name}.py"] = code
    found = (await look(Security(), good)).findings
    assert [one for one in found if one.level is not Level.NOTE] == []


async def test_a_line_is_said_once(look: Look, good: Files) -> None:
    good[CLIENT] += '\n\nimport pickle, subprocess\nsubprocess.run("x", shell=True)\npassword = "hunter2hunter"\n'
    found = [one for one in (await look(Security(), good)).findings if one.path == CLIENT]
    lines = Counter(one.line for one in found if one.rule != "undeclared-host")
    last = good[CLIENT].count("\n")
    assert lines[last] == 1
    assert lines[last - 2] == 2  # pickle and subprocess: two matters


async def test_comments_and_settings_of_the_workspace_silence_nothing(look: Look, good: Files) -> None:
    """What a comment asks to leave out is a person's to decide; our own rules cannot be waved through at all."""
    good[".bandit"] = "[bandit]\nskips: B324\n"
    good["ruff.toml"] = 'lint.ignore = ["ALL"]\n'
    good["setup.cfg"] = "[bandit]\nexclude: /\n"
    good[f"{PACKAGE}/a.py"] = "import hashlib\n\nhashlib.md5(b'x')  # noqa: S324\n"
    good[f"{PACKAGE}/b.py"] = "import hashlib\n\nhashlib.md5(b'x')  # nosec\n"
    good[f"{PACKAGE}/c.py"] = 'KEY = "AKIAIOSFODNN7EXAMPLE"  # pragma: allowlist secret\n'
    good[f"{PACKAGE}/d.py"] = "import pickle  # noqa\n"
    good["dist/e.py"] = "import hashlib\n\nhashlib.md5(b'x')\n"
    good["package-lock.json"] = '{"key": "AKIAIOSFODNN7EXAMPLE"}\n'
    found = (await look(Security(), good)).findings
    levels = {(one.path, one.rule): one.level for one in found}
    assert levels[f"{PACKAGE}/a.py", "S324"] is Level.WARNING
    assert levels[f"{PACKAGE}/b.py", "S324"] is Level.WARNING
    assert levels[f"{PACKAGE}/c.py", "aws-access-key"] is Level.WARNING
    assert levels[f"{PACKAGE}/d.py", "deserialisation"] is Level.ERROR
    assert levels["dist/e.py", "S324"] is Level.ERROR
    assert levels["package-lock.json", "aws-access-key"] is Level.ERROR


async def test_a_secrets_value_is_never_repeated(look: Look, good: Files) -> None:
    good[CLIENT] += '\nKEY = "AKIAIOSFODNN7EXAMPLE"\npassword = "hunter2hunter"\n'
    found = (await look(Security(), good)).findings
    assert not [one for one in found if "AKIA" in one.model_dump_json() or "hunter2" in one.model_dump_json()]


@pytest.mark.parametrize(
    "url", ["https://evil.example.net/x", "http://colours.example.com:81/", "https://colours.example.com@evil.net/"]
)
async def test_an_undeclared_host(look: Look, good: Files, url: str) -> None:
    good[CLIENT] = good[CLIENT].replace("https://colours.example.com/v1", url)
    found = (await look(Security(), good)).findings
    assert ("inspection", "undeclared-host", CLIENT) in seen(found)
    assert "colours.example.com" in next(one.fix for one in found if one.rule == "undeclared-host")


@pytest.fixture
async def osv(simulators: Simulators) -> Osv:
    await simulators.reset_faults("osv")
    await simulators.act("osv", "reset")
    return Osv(OsvSettings(url=simulators.osv_url, timeout=1))


async def test_no_known_vulnerability(look: Look, good: Files, osv: Osv) -> None:
    found = await look(Vulnerabilities(osv), good)
    assert found.findings == []
    assert found.keep_for is not None
    assert found.keep_for <= 3600


async def test_a_grave_vulnerability_blocks_and_a_mild_one_asks(
    look: Look, good: Files, osv: Osv, simulators: Simulators, policy: ProvingPolicy
) -> None:
    unmended = entry("PYSEC-2026-3", "starlette", severity=MILD)
    unmended["affected"][0]["ranges"][0]["events"] = [{"introduced": "0"}]
    grave, mild = entry("PYSEC-2026-1", severity=HIGH), entry("PYSEC-2026-2", "anyio", severity=MILD)
    for one in (grave, mild, unmended, entry("PYSEC-2026-4", "h11")):
        await simulators.act("osv", "vulnerabilities", **one)
    found = (await look(Vulnerabilities(osv), good)).findings
    effects = {one.rule: policy.judged(one).effect for one in found}
    assert effects == {
        "PYSEC-2026-1": Effect.BLOCK,
        "PYSEC-2026-2": Effect.PERSON,
        "PYSEC-2026-3": Effect.BLOCK,
        "PYSEC-2026-4": Effect.BLOCK,
    }
    assert {one.rule: one.fix for one in found}["PYSEC-2026-1"] == "mended in 99"


@pytest.mark.parametrize(
    "fault", [{"kind": "drop"}, {"kind": "error", "status": 503}, {"kind": "error", "status": 429}]
)
async def test_what_is_away_for_a_moment_is_nobodys_to_decide(
    look: Look, good: Files, osv: Osv, simulators: Simulators, fault: dict[str, object]
) -> None:
    await simulators.fault("osv", times=1, **fault)  # type: ignore[arg-type]
    assert (await look(Vulnerabilities(osv), good)).findings == []


async def test_unreachable_is_unknown_and_never_green(
    look: Look, good: Files, osv: Osv, simulators: Simulators, policy: ProvingPolicy
) -> None:
    await simulators.fault("osv", "error", times=None)
    unreachable = await look(Vulnerabilities(osv), good)
    await simulators.reset_faults("osv")
    turned_off = await look(Vulnerabilities(Osv(OsvSettings(url="off"))), good)
    good["integration.yaml"] = good["integration.yaml"].replace("- uvicorn", "- uvicorn>=99")
    unresolved = await look(Vulnerabilities(osv), good)
    for found in (unreachable, turned_off, unresolved):
        assert seen(found.findings) == {("osv", "unknown", "integration.yaml")}
        assert policy.judged(found.findings[0]).effect is Effect.PERSON
        assert found.keep_for == 0
