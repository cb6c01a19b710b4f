"""Which parts a stack has."""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cli.stack import datadir, probes, servers, temporal
from cli.stack.addresses import Addresses
from cli.stack.options import StackOptions
from cli.stack.part import Part
from cli.stack.plan import OIDC_CLIENT, PROVIDERS, VENDORS, Plan
from domain.runs import BUILD_QUEUE, CLAUDE_QUEUE, DEPLOY_QUEUE, LIFECYCLE_QUEUE

_PYTHON: Final = (sys.executable, "-P", "-m")  # -P: a folder named `api` where somebody stands is not ours
_MIGRATE: Final = """
import asyncio, os, sys
from adapters.database.migrate import migrate
from domain.errors import CcbError
try:
    asyncio.run(migrate(os.environ["CCB_DATABASE_URL"]))
except CcbError as error:
    sys.exit(error.message)
"""


@dataclass(frozen=True)
class Layout:
    """`addresses` is written to `stack.json` when all parts are ready."""

    parts: list[Part]
    addresses: Addresses | None = None


MakeLayout = Callable[[StackOptions, Path, Mapping[str, str]], Layout]


def standard(options: StackOptions, data_dir: Path, environ: Mapping[str, str]) -> Layout:
    """The product. Raises StackRefused for a busy port or a server that is not installed."""
    plan = Plan(options, data_dir, environ)
    others = (servers.temporal_server(plan), servers.valkey(plan), servers.s3(plan), simulators(plan))
    ours = [database(plan), runner(plan), api(plan), workers(plan), builders(plan)]
    return Layout(parts=[*(part for part in others if part is not None), *ours], addresses=plan.addresses())


def simulators(plan: Plan) -> Part | None:
    if not plan.options.simulate:
        return None
    settings, api = plan.settings, plan.url("api_port")
    config = {
        "github": {
            "token": settings["CCB_GITHUB_TOKEN"],
            "webhook_secret": settings["CCB_GITHUB_WEBHOOK_SECRET"],
            "webhook_url": f"{api}/webhooks/github",
            "repository": settings["CCB_GITHUB_REPOSITORY"],
        },
        "slack": {
            "token": settings["CCB_SLACK_TOKEN"],
            "signing_secret": settings["CCB_SLACK_SIGNING_SECRET"],
            "callback_url": f"{api}/webhooks/slack",
            "channel": settings["CCB_SLACK_CHANNEL"],
        },
        "linear": {
            "token": settings["CCB_LINEAR_TOKEN"],
            "webhook_secret": settings["CCB_LINEAR_WEBHOOK_SECRET"],
            "webhook_url": f"{api}/webhooks/linear",
        },
        "jira": {
            "email": settings["CCB_JIRA_EMAIL"],
            "token": settings["CCB_JIRA_TOKEN"],
            "webhook_secret": settings["CCB_JIRA_WEBHOOK_SECRET"],
            "webhook_url": f"{api}/webhooks/jira",
        },
        "claude": {"api_key": settings["CCB_CLAUDE_API_KEY"]},
        "packages": {},
        "osv": {},
        "oidc": {"clients": {OIDC_CLIENT: _client(plan)}},
    }
    file, state = plan.data_dir / "simulators.json", plan.data_dir / "simulators"
    datadir.write_private(file, json.dumps(config, indent=2))
    where = ("--port", str(plan.ports["simulators_port"]), "--state-dir", str(state), "--config", str(file))
    return Part(
        name="simulators",
        command=[*_PYTHON, "simulators", *where],
        environment=plan.plain,
        ready=probes.http(f"{plan.url('simulators_port')}/_sim/health"),
        url=plan.url("simulators_port"),
    )


_OF_ACCOUNTS: Final = ("CCB_TOKENS_", "CCB_SMTP_", "CCB_OIDC_")
"""By which sessions are signed, mail is sent and people log in elsewhere: the API's alone."""


def _client(plan: Plan) -> dict[str, object]:
    """What the simulated providers know of the API."""
    callbacks = [f"{plan.settings['CCB_API_PUBLIC_URL']}/api/v1/auth/oauth/{name}/callback" for name in PROVIDERS]
    return {"secret": plan.secrets.oidc_client_secret.get_secret_value(), "redirect_uris": callbacks}


def database(plan: Plan) -> Part:
    withheld = ("CCB_ARTIFACTS_", "CCB_RUNNER_", "CCB_SECRETS_", "CCB_SIGNING_", "CCB_PACKAGES_")
    told = plan.told(*VENDORS, *withheld, *_OF_ACCOUNTS)
    return Part(name="database", command=[sys.executable, "-P", "-c", _MIGRATE], environment=told, once=True)


def runner(plan: Plan) -> Part:
    return Part(
        name="runner",
        command=[*_PYTHON, "workers.runner"],
        environment=plan.told(
            *VENDORS,
            *("CCB_ARTIFACTS_", "CCB_DATABASE_", "CCB_REDIS_", "CCB_SECRETS_"),
            *_OF_ACCOUNTS,
            "CCB_SIGNING_KEY",  # it checks, and can sign nothing
        ),
        ready=probes.http(f"{plan.url('runner_port')}/health"),
        url=plan.url("runner_port"),
    )


_ACTING = (
    "CCB_GITHUB_TOKEN",
    "CCB_GITHUB_APP_ID",
    "CCB_GITHUB_PRIVATE_KEY",
    "CCB_GITHUB_INSTALLATION",
    "CCB_SLACK_TOKEN",
    "CCB_LINEAR_TOKEN",
    "CCB_JIRA_TOKEN",
)
"""By which one acts at GitHub, Slack, Linear and Jira. The API only checks signatures."""


def api(plan: Plan) -> Part:
    return Part(
        name="api",
        command=[*_PYTHON, "api"],
        environment=plan.told("CCB_CLAUDE_", "CCB_SIGNING_", "CCB_PACKAGES_", *_ACTING),
        after=_foundations(plan),
        ready=probes.http(f"{plan.url('api_port')}/health/ready"),
        url=f"{plan.url('api_port')}/docs",
    )


def workers(plan: Plan) -> Part:
    """What holds credentials: the vendors', the runner's, and the key that verdicts are signed with."""
    told = plan.told("CCB_PACKAGES_", *_OF_ACCOUNTS)
    return _workers(plan, "workers", (LIFECYCLE_QUEUE, CLAUDE_QUEUE, DEPLOY_QUEUE), told)


def builders(plan: Plan) -> Part:
    """What handles text and code that nobody trusts: it is told no credential."""
    withheld = (
        *VENDORS,
        *("CCB_RUNNER_", "CCB_SECRETS_"),
        *("CCB_DATABASE_", "CCB_REDIS_", "CCB_SIGNING_"),
        *_OF_ACCOUNTS,
    )
    return _workers(plan, "builders", (BUILD_QUEUE,), plan.told(*withheld))


def _workers(plan: Plan, name: str, queues: tuple[str, ...], told: dict[str, str]) -> Part:
    address, namespace = plan.settings["CCB_TEMPORAL_ADDRESS"], plan.settings["CCB_TEMPORAL_NAMESPACE"]
    return Part(
        name=name,
        command=[*_PYTHON, "workers", "--queues", ",".join(queues)],
        environment=told,
        after=_foundations(plan),
        ready=temporal.workers_polling(address, namespace, queues),
        grace=15.0,  # steps under way get 10 s to end
    )


def _foundations(plan: Plan) -> frozenset[str]:
    own = {"temporal": plan.own_temporal, "valkey": plan.own_valkey, "s3": plan.own_s3}
    own["simulators"] = plan.options.simulate
    return frozenset({"database", *(name for name, ours in own.items() if ours)})
