"""Start the integration against a stub of the outside API, ask it for each capability, and judge. Runs in the jail.

What the deployed integration answered is judged here too: by the document of the same version, in the same jail.
Prints what `Judged` in bench.py describes.
"""

import asyncio
import ctypes
import json
import re
import sys
import time
from typing import Any

from adapters.validation.contracts.fitting import misfit
from adapters.validation.contracts.outside import Outside
from adapters.validation.performance.driver import asked, own_document, under
from adapters.validation.performance.starting import ADDRESS, best_start, said, stop
from adapters.validation.performance.wire import Ask, Connection

_ASK_SECONDS = 20.0
_PR_SET_DUMPABLE = 4

Answer = tuple[int, str]


def main(given: dict[str, Any]) -> None:
    # The integration may be hostile: it shall not reach into this process by /proc, where its verdict could be forged.
    if ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError("prctl")
    json.dump(asyncio.run(_judged(given)), sys.stdout)


async def _judged(given: dict[str, Any]) -> dict[str, Any]:
    outside = Outside()
    proxies = {f"{scheme}_proxy": outside.url for scheme in ("http", "https", "all")}
    environment = {**proxies, "no_proxy": "127.0.0.1", **given["environment"], "BASE_URL": outside.url}
    starts = await best_start(given, environment, time.monotonic() + given["seconds"])
    if not starts:
        return {"started": False, "said": said(), "cases": []}
    try:
        document = await own_document()
        cases = []
        for capability in given["capabilities"]:
            if (answer := given["outside"].get(capability["name"])) is not None:
                cases.append(await _stubbed(capability, answer, outside, document))
            if (live := given["live"].get(capability["name"])) is not None:
                cases.append(_live(capability, live, document))
    finally:
        await stop(starts[-1].server)
    return {"started": True, "said": said(), "cases": cases}


async def _stubbed(
    capability: dict[str, Any], answer: dict[str, Any], outside: Outside, document: dict[str, Any]
) -> dict[str, Any]:
    outside.answers(answer["status"], json.dumps(answer["body"]).encode())
    operation = under(document, "paths", capability["route"], capability["method"])
    status, body = await _ask(asked(capability, operation, document))
    outcome, message = _verdict(operation, document, status, body)
    if outcome == "passed" and outside.asked and not _calls(capability["operation"], outside.asked):
        method, path = outside.asked[0]
        outcome, message = "failed", f"it called {method.upper()} {path[:200]}, which is not the operation of its plan"
    if outcome == "passed" and not outside.asked:
        message = "it did not call the outside API"
    return _case(capability, answer["source"], outcome, status, message)


def _live(capability: dict[str, Any], live: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    operation = under(document, "paths", capability["route"], capability["method"])
    if live["error"] and live["status"]:
        return _case(capability, "live", "skipped", live["status"], live["error"])
    outcome, message = _verdict(operation, document, live["status"], live["body"])
    if live["at_first"] and outcome == "passed":
        outcome, message = "flaky", live["at_first"]
    return _case(capability, "live", outcome, live["status"], live["error"] or message)


async def _ask(request: Ask) -> Answer:
    connection = Connection(ADDRESS)
    try:
        answer = await connection.ask(request, _ASK_SECONDS)
        return answer.status, answer.body.decode(errors="replace")
    except (OSError, EOFError, ValueError, TimeoutError) as error:
        return 0, str(error)
    finally:
        connection.close()


def _verdict(operation: dict[str, Any], document: dict[str, Any], status: int, body: str) -> tuple[str, str]:
    """A refusal (4xx) says nothing about the contract; the rest fits what the integration says of itself, or not."""
    if status == 0:
        return "failed", f"it did not answer {body[:200]}".strip()
    if status >= 500:
        return "failed", f"it answered {status}: {body[:500]}"
    if status >= 300:
        return "skipped", f"it answered {status}, which proves nothing: {body[:500]}"
    responses = under(operation, "responses")
    declared = next((responses[name] for name in (str(status), "2XX", "default") if name in responses), None)
    schema = under(declared, "content", "application/json").get("schema")
    if schema is None:
        return "passed", ""
    try:
        wrong = misfit(json.loads(body), schema, document)
    except (ValueError, RecursionError) as error:
        wrong = f"the answer is not JSON: {error}"
    return ("failed", wrong) if wrong else ("passed", "")


def _calls(operation: dict[str, Any], seen: list[tuple[str, str]]) -> bool:
    """Whether one of the requests is the operation's, below any base path."""
    parts = re.split(r"\{[^}]*\}", operation["path"])
    path = re.compile("[^/]+".join(re.escape(part) for part in parts) + "/?$")
    return any(method == operation["method"] and path.search(at) for method, at in seen)


def _case(capability: dict[str, Any], source: str, outcome: str, status: int, message: str) -> dict[str, Any]:
    about = {"capability": capability["name"], "source": source, "outcome": outcome}
    return {**about, "status": status, "message": message[:1000]}
