"""The command `ccb demo`."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import httpx
import typer
from rich.live import Live
from rich.spinner import Spinner

from adapters.openapi import OpenApiDocuments, OpenApiSettings
from cli.client import Api, Run
from cli.demo.request import addressed, request
from cli.demo.result import DemoResult
from cli.demo.story import DemoFailed, Story
from cli.errors import BadInput, reported
from cli.options import Json
from cli.output import console, said, seconds, table
from cli.stack import Addresses, PartState, Stack, StackError, StackEvent, StackOptions
from cli.view import line, rendered
from domain.errors import InvalidDocument
from domain.runs import cents

Spec = Annotated[Path | None, typer.Option("--spec", help="An OpenAPI 3.x document, JSON or YAML.", show_default=False)]
IssueFile = Annotated[
    Path | None, typer.Option("--issue", help="A file with the issue: title, then what is wanted.", show_default=False)
]
Keep = Annotated[bool, typer.Option("--keep", help="Leave everything running until Ctrl-C, and the directory after.")]


def demo(spec: Spec = None, issue: IssueFile = None, keep: Keep = False, as_json: Json = False) -> None:
    """Do the main job once, on this machine: from an issue to a running integration."""
    with reported(as_json=as_json):
        if spec is not None:
            _check(spec)
        try:
            asyncio.run(_Demo(spec, issue, keep=keep, as_json=as_json).run())
        except StackError as error:
            raise DemoFailed(str(error)) from error


def _check(spec: Path) -> None:
    """Raises BadInput for what no run could begin with, before anything is started for it."""
    if not spec.is_file():
        raise BadInput(f"The document {spec} cannot be read: there is no such file.")
    try:
        OpenApiDocuments(OpenApiSettings()).normalise(spec.read_bytes())
    except OSError as error:
        raise BadInput(f"The document {spec} cannot be read: {error.strerror}.") from error
    except InvalidDocument as error:
        raise BadInput(f"{spec}: {error.message}", code=error.code) from error


class _Demo:
    def __init__(self, spec: Path | None, issue: Path | None, *, keep: bool, as_json: bool) -> None:
        self._spec = spec
        self._title, self._body = request(issue, spec)
        self._keep = keep
        self._as_json = as_json
        self._shown = ""
        self._live: Live | None = None
        self._spinner = Spinner("dots", style="cyan")

    async def run(self) -> None:
        began = time.monotonic()
        data_dir = Path(tempfile.mkdtemp(prefix="ccb-demo-"))
        try:
            options = StackOptions.on_free_ports(data_dir, simulate=True)
            with _stand_in(self._spec) as outside:
                async with Stack(options, on_event=self._on_event, environ=_environment(outside)) as stack:
                    result, run = await self._story(stack.addresses, outside)
                    self._report(result.model_copy(update={"seconds": round(time.monotonic() - began, 2)}), run, stack)
                    if self._keep:
                        self._say("It goes on until Ctrl-C.")
                        await _until_told()
        finally:
            if self._keep:
                self._say(
                    f"Everything is kept in {data_dir}; `ccb up --simulate --data-dir {data_dir}` goes on with it."
                )
            else:
                shutil.rmtree(data_dir, ignore_errors=True)

    async def _story(self, addresses: Addresses, outside: str | None) -> tuple[DemoResult, Run]:
        with Api.at(addresses.api_url, None, None, addresses.data_dir) as api:
            body = addressed(
                self._body,
                document_url=f"{outside}/_document" if outside else f"{addresses.temporal_http_url}/openapi.yaml",
                base_url=outside,
            )
            story = Story(api, addresses, say=self._say, on_run=self._on_run)
            try:
                return await story.tell(self._title, body)
            finally:
                if self._live is not None:
                    self._live.stop()

    def _on_event(self, event: StackEvent) -> None:
        if event.state in {PartState.READY, PartState.DONE}:
            self._say(f"{event.part} is up after {seconds(event.seconds)}")
        elif event.state is PartState.DIED:
            self._say(f"{event.part} died: {event.detail}")

    def _on_run(self, run: Run) -> None:
        if self._as_json or not console.is_terminal:
            if (now := line(run.status)) != self._shown:
                self._say(now)
                self._shown = now
            return
        if self._live is None:
            self._live = Live(console=console, refresh_per_second=10)
            self._live.start()
        self._live.update(rendered(run, self._spinner))

    def _say(self, text: str) -> None:
        """To people: on standard error with --json, whose standard output is for programs."""
        if self._as_json:
            sys.stderr.write(f"{text}\n")
        else:
            said(text)

    def _report(self, result: DemoResult, run: Run, stack: Stack) -> None:
        good = all(200 <= code < 300 for code in (result.health.status_code, result.capability.status_code))
        if self._as_json:
            sys.stdout.write(result.model_dump_json() + "\n")
            sys.stdout.flush()
        else:
            _tell(result, run, stack.addresses)
        if not good:
            raise DemoFailed(
                f"The integration answers its health check with {result.health.status_code} and "
                f"{result.capability.name} with {result.capability.status_code}."
            )


def _tell(result: DemoResult, run: Run, addresses: Addresses) -> None:
    shown = table("", "")
    shown.show_header = False
    for name, value in (
        ("integration", f"{result.integration} {result.version}, {result.stage}"),
        ("pull request", f"{result.pull_request} (merged)"),
        ("tests", f"{result.tests.passed} passed, {result.tests.failed} failed"),
        ("Claude", cents(result.cost_usd)),
        ("URL", result.url),
        ("health", str(result.health.status_code)),
        (result.capability.name, str(result.capability.status_code)),
        ("run", run.temporal_url),
        ("API", addresses.api_docs_url),
        ("took", ", ".join(f"{one.name} {seconds(one.seconds)}" for one in result.stages if one.seconds)),
        ("in all", seconds(result.seconds)),
    ):
        shown.add_row(name, value)
    console.print()
    console.print(shown, soft_wrap=True)


def _environment(outside: str | None) -> dict[str, str]:
    """Ours without settings that a real stack has: a demo is the same everywhere. `outside` is the API's stand-in."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CCB_")}
    # The document comes from this machine, as the requester says in the issue.
    kept |= {"CCB_DOCUMENTS_ALLOW_PRIVATE": "true"}
    return kept | ({"CCB_RUNNER_PRIVATE_HOSTS": urlsplit(outside).netloc} if outside else {})


async def _until_told() -> None:
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    await told.wait()


@contextmanager
def _stand_in(spec: Path | None) -> Iterator[str | None]:
    """A server that publishes `spec` and answers its operations, so that any document's integration can be called."""
    if spec is None:
        yield None
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "simulators.outside", "--document", str(spec.resolve()), "--port", str(port)]
    server = subprocess.Popen(command)  # noqa: S603 - our own module, and a file that the user named
    url = f"http://127.0.0.1:{port}"
    try:
        _answers(f"{url}/_document", server)
        yield url
    finally:
        server.terminate()
        server.wait(10)


def _answers(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while server.poll() is None and time.monotonic() < deadline:
        try:
            httpx.get(url, trust_env=False).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise DemoFailed("The stand-in for the outside API does not come up.")
