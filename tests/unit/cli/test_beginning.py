"""What is looked at before anything starts, and what is written down."""

import json
import re
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.stack import StackOptions, credentials, datadir, ports
from cli.stack.errors import StackRefused
from cli.stack.layout import Layout, standard
from cli.stack.plan import VENDORS, Plan


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        yield held.getsockname()[1]


def test_a_busy_port_is_named_with_its_holder_and_the_way_out(listener: int) -> None:
    with pytest.raises(StackRefused) as refusal:
        ports.chosen({"api_port": 0, "temporal_ui_port": listener})
    assert re.search(rf"Port {listener} is taken by \S+ \(process \d+\)", refusal.value.message)
    assert "--temporal-ui-port or CCB_TEMPORAL_UI_PORT (0 takes any free one)" in refusal.value.message
    assert refusal.value.exit_code == 2


def test_the_same_port_twice_is_refused(free_port: Callable[[], int]) -> None:
    port = free_port()
    with pytest.raises(StackRefused, match=f"Port {port} "):
        ports.chosen({"api_port": port, "runner_port": port})


def test_free_ports_differ_and_wanted_ones_are_kept(free_port: Callable[[], int]) -> None:
    wanted = free_port()
    found = ports.chosen({**{f"p{n}": 0 for n in range(50)}, "api_port": wanted})
    assert len(set(found.values())) == 51
    assert found["api_port"] == wanted


def test_a_directory_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/ccb")):
        with pytest.raises(StackRefused, match=r"cannot be written \(.+\): choose another with --data-dir"):
            datadir.prepared(path)


def test_a_disk_that_is_nearly_full_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StackRefused, match=r"has \d+ MB left and \d+ are needed"):
        datadir.prepared(tmp_path, min_free=10**18)


def test_the_data_directory_is_private(tmp_path: Path) -> None:
    made = datadir.prepared(tmp_path / "deep" / "data")
    assert made.is_absolute()
    assert stat.S_IMODE(made.stat().st_mode) == 0o700


def test_secrets_are_made_once_and_are_private(tmp_path: Path) -> None:
    first, key = credentials.kept(tmp_path), credentials.ensure_operator_key(tmp_path).read_text()
    assert re.fullmatch(r"ccb_[A-Za-z0-9_-]{43}\n", key)
    for name in ("secrets.json", "operator.key"):
        (tmp_path / name).chmod(0o644)
    assert credentials.kept(tmp_path).revealed() == first.revealed()
    assert credentials.ensure_operator_key(tmp_path).read_text() == key
    for name in ("secrets.json", "operator.key"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert len(set(first.revealed().values())) == len(first.revealed())


def test_secrets_of_an_earlier_release_are_kept_and_added_to(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text(json.dumps({"runner_key": "k" * 40, "unknown": 1}))
    found = credentials.kept(tmp_path)
    assert found.runner_key.get_secret_value() == "k" * 40
    assert credentials.kept(tmp_path).revealed() == found.revealed()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"runner_key": "short"}'])
def test_damaged_secrets_are_not_replaced(tmp_path: Path, text: str) -> None:
    (tmp_path / "secrets.json").write_text(text)
    with pytest.raises(StackRefused, match="cannot be read: restore it, or delete it"):
        credentials.kept(tmp_path)
    assert (tmp_path / "secrets.json").read_text() == text


def made(data_dir: Path, environ: dict[str, str] | None = None, **options: bool) -> Layout:
    return standard(StackOptions.on_free_ports(data_dir, **options), data_dir, environ or {})


def told(layout: Layout, name: str) -> dict[str, str]:
    return dict(next(part for part in layout.parts if part.name == name).environment)


def test_the_parts_are_those_asked_for(tmp_path: Path) -> None:
    ours = ["database", "runner", "api", "workers", "builders"]
    assert [part.name for part in made(tmp_path).parts] == ["temporal", *ours]
    everything = made(tmp_path, simulate=True, valkey=True, s3=True)
    assert [part.name for part in everything.parts] == ["temporal", "valkey", "s3", "simulators", *ours]


def test_no_secret_is_in_a_command_or_in_the_addresses(tmp_path: Path) -> None:
    layout = made(tmp_path, simulate=True, valkey=True, s3=True)
    shown = " ".join(word for part in layout.parts for word in part.command)
    assert layout.addresses is not None
    shown += layout.addresses.model_dump_json()
    for secret in credentials.kept(tmp_path).revealed().values():
        assert secret not in shown
    for file in ("simulators.json", "valkey/valkey.conf"):
        assert stat.S_IMODE((tmp_path / file).stat().st_mode) == 0o600


def test_each_process_gets_no_more_than_it_needs(tmp_path: Path) -> None:
    environ = {"PATH": "/bin", "CCB_CLAUDE_API_KEY": "c", "CCB_GITHUB_TOKEN": "g", "CCB_SLACK_TOKEN": "s", "CCB_X": "x"}
    layout = made(tmp_path, environ, valkey=True, s3=True)
    assert {"CCB_CLAUDE_API_KEY", "CCB_GITHUB_TOKEN", "CCB_SLACK_TOKEN", "CCB_X"} <= set(told(layout, "workers"))
    assert "CCB_CLAUDE_API_KEY" not in told(layout, "api")
    credentials_of = (*VENDORS, "CCB_RUNNER_", "CCB_SECRETS_", "CCB_DATABASE_")
    assert not [name for name in told(layout, "builders") if name.startswith(credentials_of)]
    assert not {"CCB_GITHUB_TOKEN", "CCB_SLACK_TOKEN"} & set(told(layout, "api"))
    assert not {"CCB_CLAUDE_API_KEY", "CCB_GITHUB_TOKEN", "CCB_DATABASE_URL"} & set(told(layout, "runner"))
    for server in ("temporal", "valkey", "s3"):
        assert not [name for name in told(layout, server) if name.startswith("CCB_")]
        assert told(layout, server)["PATH"] == "/bin"


def test_strangers_have_limits_and_the_owner_of_the_machine_has_none(tmp_path: Path) -> None:
    names = ("CCB_RATE_PER_IP", "CCB_RATE_PER_USER", "CCB_RATE_BURST")
    own = told(made(tmp_path), "api")
    assert [own.get(name) for name in names] == ["none"] * 3
    assert "CCB_RATE_GLOBAL" not in own
    beyond = StackOptions.on_free_ports(tmp_path).model_copy(update={"host": "0.0.0.0"})
    wide = told(standard(beyond, tmp_path, {}), "api")
    assert not set(names) & set(wide)
    assert told(made(tmp_path, {"CCB_RATE_PER_IP": "7"}), "api")["CCB_RATE_PER_IP"] == "7"


def test_the_environment_names_other_servers(tmp_path: Path) -> None:
    environ = {
        "CCB_DATABASE_URL": "postgresql+asyncpg://u:p@h/d",
        "CCB_REDIS_URL": "redis://h",
        "CCB_ARTIFACTS_URL": "s3://b",
        "CCB_TEMPORAL_ADDRESS": "t:7233",
        "CCB_API_URL": "https://ccb.example.com",
        "CCB_DOCUMENTS_ALLOW_PRIVATE": "false",
        "CCB_RUNNER_URL": "http://elsewhere",
    }
    layout = made(tmp_path, environ, valkey=True, s3=True)
    assert [part.name for part in layout.parts] == ["database", "runner", "api", "workers", "builders"]
    for name in ("CCB_DATABASE_URL", "CCB_REDIS_URL", "CCB_ARTIFACTS_URL", "CCB_TEMPORAL_ADDRESS", "CCB_API_URL"):
        assert told(layout, "workers")[name] == environ[name]
    assert told(layout, "workers")["CCB_DOCUMENTS_ALLOW_PRIVATE"] == "false"
    assert layout.addresses is not None
    assert told(layout, "workers")["CCB_RUNNER_URL"] == layout.addresses.runner_url  # this stack's own
    assert layout.addresses.temporal_address == "t:7233"


def test_with_simulators_nothing_real_is_reached(tmp_path: Path) -> None:
    environ = {
        "CCB_CLAUDE_API_KEY": "real", "CCB_CLAUDE_BASE_URL": "https://api.anthropic.com", "CCB_CLAUDE_MODEL": "m",
        "CCB_GITHUB_TOKEN": "real", "CCB_GITHUB_APP_ID": "1", "CCB_GITHUB_PRIVATE_KEY": "real",
        "CCB_GITHUB_WEBHOOK_SECRET": "real", "CCB_SLACK_TOKEN": "real", "CCB_API_URL": "https://real.example.com",
        "CCB_LINEAR_TOKEN": "real", "CCB_JIRA_TOKEN": "real", "CCB_JIRA_BASE_URL": "https://real.example.com",
    }  # fmt: skip
    layout = made(tmp_path, environ, simulate=True)
    workers = told(layout, "workers")
    assert "real" not in " ".join(workers.values())
    assert "CCB_GITHUB_APP_ID" not in workers
    assert workers["CCB_CLAUDE_MODEL"] == "m"
    config = json.loads((tmp_path / "simulators.json").read_text())
    assert layout.addresses is not None
    assert config["github"] == {
        "token": workers["CCB_GITHUB_TOKEN"],
        "webhook_secret": workers["CCB_GITHUB_WEBHOOK_SECRET"],
        "webhook_url": f"{layout.addresses.api_url}/webhooks/github",
        "repository": workers["CCB_GITHUB_REPOSITORY"],
    }
    assert config["slack"]["callback_url"] == f"{layout.addresses.api_url}/webhooks/slack"
    assert workers["CCB_SLACK_BASE_URL"] == f"{layout.addresses.simulators_url}/slack/api/"
    assert f"http://{told(layout, 'runner')['CCB_RUNNER_PRIVATE_HOSTS']}" == layout.addresses.temporal_http_url
    assert "CCB_RUNNER_PRIVATE_HOSTS" not in told(made(tmp_path, {}), "runner")


def test_given_values_win_over_the_environments_over_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CCB_API_PORT", "1234")
    monkeypatch.setenv("CCB_TEMPORAL_PORT", "")
    assert StackOptions().api_port == 1234
    assert StackOptions(api_port=99).api_port == 99
    assert StackOptions().temporal_port == 7233
    assert StackOptions.on_free_ports(Path("x")).api_port == 0


def test_a_busy_port_refuses_the_whole_plan(tmp_path: Path, listener: int) -> None:
    with pytest.raises(StackRefused, match="--runner-port"):
        Plan(StackOptions(data_dir=tmp_path, runner_port=listener), tmp_path, {})
