"""docker-compose.yml says only what is so: schema, variables, commands, secrets, ports, images."""

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.runs import BUILD_QUEUE
from tests.unit.files import variables
from workers.queues import QUEUES

ROOT = Path(__file__).parents[3]
FILE = ROOT / "docker-compose.yml"
EXAMPLE = ROOT / "deploy" / "compose" / ".env.example"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name for name, service in SERVICES.items() if service.get("image") == "ccb:local"}

_SAYS_SECRET = re.compile(
    r"PASSWORD|PASSWD|PWD|SECRET|TOKEN|PRIVATE_KEY|ACCESS_KEY|API_KEY|RUNNER_KEY|SIGNING_KEY|_AUTH$|_URL$"
)
_USED = re.compile(r"\$\{([A-Z0-9_]+)([^}]*)\}")


def environments() -> Iterator[tuple[str, str, str | None]]:
    for service, body in SERVICES.items():
        for name, value in body.get("environment", {}).items():
            yield service, name, value


def uses() -> list[tuple[str, str]]:
    """Every `${NAME…}` of the file, with what follows the name."""
    lines = [line.partition(" # ")[0] for line in FILE.read_text().splitlines() if not line.lstrip().startswith("#")]
    return _USED.findall("\n".join(lines))


def test_it_follows_the_published_schema() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(FILE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_variable_of_ours_is_one_that_the_code_reads() -> None:
    named = {name for _, name, _ in environments() if name.startswith("CCB_")}
    assert len(named) > 20
    assert named - variables.names() == set()


def test_each_variable_that_compose_asks_for_is_in_the_example() -> None:
    listed = re.findall(r"^#?([A-Z][A-Z0-9_]*)=", EXAMPLE.read_text(), re.MULTILINE)
    asked = {name for name, _ in uses()}
    assert asked - set(listed) == set()
    required = {name for name, how in uses() if how.startswith(":?")}
    filled_in = re.findall(r"^([A-Z][A-Z0-9_]*)=$", EXAMPLE.read_text(), re.MULTILINE)
    assert set(filled_in) == required | {secret["environment"] for secret in COMPOSE["secrets"].values()}


def test_no_secret_has_a_default() -> None:
    for name, how in uses():
        if _SAYS_SECRET.search(name) and not name.endswith("_URL"):
            assert how.startswith(":?"), f"{name} must be required"
    for service, name, value in environments():
        if value is None or not _SAYS_SECRET.search(name):
            continue
        plain = _USED.sub("", str(value))
        if name.endswith("_URL"):
            assert not re.search(r"//[^/@]*:[^/@:]+@", plain), f"{service}: {name} holds a password"
        elif not name.endswith("_FILE"):
            assert plain == "", f"{service}: {name} is written into the file"


def test_the_example_holds_no_value() -> None:
    values = re.findall(r"^#?[A-Z][A-Z0-9_]*=(.+)$", EXAMPLE.read_text(), re.MULTILINE)
    assert values == []


def test_every_message_of_a_missing_variable_says_what_to_do() -> None:
    for name, how in uses():
        assert not how.startswith(":?") or "set it in .env" in how, name


def test_nothing_is_published_beyond_loopback() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert published
    for port in published:
        assert str(port).startswith("127.0.0.1:"), port
    assert not [name for name, service in SERVICES.items() if service.get("network_mode")]


@pytest.mark.parametrize("name", sorted(OURS))
def test_what_it_starts_exists(name: str) -> None:
    command = SERVICES[name]["command"]
    assert command[0] == "python"
    if command[1] == "-m":
        spec = importlib.util.find_spec(command[2])
        assert spec is not None
        assert spec.submodule_search_locations is None or importlib.util.find_spec(f"{command[2]}.__main__")
    else:
        assert_step(command[1])


def test_the_health_checks_run_what_exists() -> None:
    for name in OURS:
        for word in SERVICES[name].get("healthcheck", {}).get("test", []):
            if word.startswith("/app/"):
                assert_step(word)


def assert_step(path: str) -> None:
    assert path.startswith("/app/steps/")
    assert (ROOT / "deploy" / "steps" / Path(path).name).is_file()


def test_each_file_that_is_mounted_exists() -> None:
    mounts = [volume for service in SERVICES.values() for volume in service.get("volumes", [])]
    files = [mount.split(":")[0] for mount in mounts if mount.startswith("./")]
    assert files
    for file in files:
        assert (ROOT / file).is_file(), file


def test_each_named_volume_is_declared_and_used() -> None:
    mounts = [volume for service in SERVICES.values() for volume in service.get("volumes", [])]
    named = {mount.split(":")[0] for mount in mounts if not mount.startswith((".", "/"))}
    assert named == set(COMPOSE["volumes"])


def test_the_workers_together_take_every_task_queue() -> None:
    taken = []
    for service in ("workers", "builders"):
        command = SERVICES[service]["command"]
        taken += command[command.index("--queues") + 1].split(",")
    assert sorted(taken) == sorted(QUEUES)


def test_only_those_who_run_generated_code_may_make_namespaces() -> None:
    loose = {name for name, service in SERVICES.items() if "seccomp=unconfined" in service.get("security_opt", [])}
    assert loose == {"builders", "runner"}
    assert BUILD_QUEUE in SERVICES["builders"]["command"]
    for name in OURS:
        assert SERVICES[name]["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in SERVICES[name]["security_opt"]
        assert not SERVICES[name].get("privileged")
        assert not SERVICES[name].get("cap_add")


def test_the_runner_sees_no_storage_and_no_vendor() -> None:
    runner = SERVICES["runner"]
    assert runner["networks"] == ["front"]
    assert COMPOSE["networks"]["data"]["internal"] is True
    told = {name for name in runner["environment"] if name.startswith("CCB_")}
    others = {name for name in told if not name.startswith(("CCB_RUNNER_", "CCB_PACKAGES_"))}
    assert others == {"CCB_SIGNING_PUBLIC_KEYS"}


def test_the_api_holds_no_vendors_token() -> None:
    told = set(SERVICES["api"]["environment"])
    assert not told & {"CCB_CLAUDE_API_KEY", "CCB_GITHUB_TOKEN", "CCB_GITHUB_PRIVATE_KEY", "CCB_SLACK_TOKEN"}


def test_who_handles_untrusted_text_and_code_holds_no_credential_but_the_storages() -> None:
    told = set(SERVICES["builders"]["environment"])
    withheld = (
        "CCB_CLAUDE_",
        "CCB_GITHUB_",
        "CCB_SLACK_",
        "CCB_RUNNER_",
        "CCB_SECRETS_",
        "CCB_REDIS_",
        "CCB_SIGNING_",
        "CCB_DATABASE_",
    )
    assert [name for name in told if name.startswith(withheld)] == []
    assert {"CCB_CLAUDE_API_KEY", "CCB_GITHUB_TOKEN", "CCB_SLACK_TOKEN"} <= set(SERVICES["workers"]["environment"])


def test_what_an_operator_decides_holds_for_requests_and_for_issues() -> None:
    """Requests are read by the API, issues by the workers."""
    decided = {name for name in variables.names() if name.startswith(("CCB_REVIEW_", "CCB_BUDGET_"))}
    assert len(decided) > 5
    for service in ("api", "workers"):
        assert decided - set(SERVICES[service]["environment"]) == set(), service


def test_images_are_pinned_by_version() -> None:
    for name, service in SERVICES.items():
        if name not in OURS:
            assert re.search(r":v?\d+\.\d+(\.\d+)?$", service["image"]), service["image"]


def test_every_lasting_service_has_a_health_check() -> None:
    lasting = {name for name, service in SERVICES.items() if service["restart"] == "unless-stopped"}
    assert {name for name in lasting if "healthcheck" not in SERVICES[name]} == set()
    once = set(SERVICES) - lasting
    awaited = {
        name: how["condition"]
        for service in SERVICES.values()
        for name, how in service.get("depends_on", {}).items()
        if name in once
    }
    assert awaited == dict.fromkeys(once, "service_completed_successfully")


def test_the_image_is_made_of_what_is_there() -> None:
    """Each source that the Dockerfile copies exists, and .dockerignore lets it in."""
    admitted = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for path in admitted:
        assert (ROOT / path).exists(), path
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    for source in [word for line in copied for word in line.split() if word != "."]:
        assert any(source == path or source.startswith(f"{path}/") for path in admitted), source
    packages = re.search(r"^packages = \[(.+)\]$", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert packages is not None
    assert set(re.findall(r'"(\w+)"', packages[1])) <= set(admitted)
