"""Encrypted histories: what Temporal keeps is ciphertext, and its Web UI reads it through the codec server alone."""

import base64
import dataclasses
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from pydantic import SecretStr
from temporalio import workflow
from temporalio.api.common.v1 import Payload, Payloads, WorkflowExecution
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryRequest
from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from adapters.temporal import TemporalSettings, connect
from api.wiring import ProcessSettings, open_services
from domain import ids
from domain.errors import Corrupted, InvalidInput
from tests.api.world import served

CANARY = "canary-7f3a9d"
TOKEN = "a-token-that-operators-are-told"
QUEUE = "encrypted"


@workflow.defn(name="Echo")
class Echo:
    @workflow.run
    async def run(self, said: str) -> str:
        workflow.set_current_details(f"told {said}")
        if said.startswith("fail"):
            raise ApplicationError(f"cannot do {said}")
        return f"heard {said}"


def key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def settings(address: str, *keys: str) -> TemporalSettings:
    return TemporalSettings(address=address, payload_keys=SecretStr(",".join(keys)))


async def history(client: Client, workflow_id: str) -> bytes:
    """As the server has it."""
    asked = GetWorkflowExecutionHistoryRequest(
        namespace=client.namespace, execution=WorkflowExecution(workflow_id=workflow_id)
    )
    return (await client.workflow_service.get_workflow_execution_history(asked)).history.SerializeToString()


async def echoed(client: Client, said: str) -> str:
    """Run one workflow; its id."""
    workflow_id = ids.new("echo")
    async with Worker(client, task_queue=QUEUE, workflows=[Echo], workflow_runner=UnsandboxedWorkflowRunner()):
        started = await client.start_workflow(
            "Echo", said, id=workflow_id, task_queue=QUEUE, static_summary=f"about {said}", result_type=str
        )
        if said.startswith("fail"):
            with pytest.raises(WorkflowFailureError) as failed:
                await started.result()
            assert str(failed.value.cause) == f"cannot do {said}"
        else:
            assert await started.result() == f"heard {said}"
    return workflow_id


async def test_what_temporal_keeps_is_ciphertext(temporal: str) -> None:
    plain = await connect(TemporalSettings(address=temporal))
    assert CANARY.encode() in await history(plain, await echoed(plain, CANARY))
    client = await connect(settings(temporal, f"a:{key()}"))
    for said in (CANARY, f"fail {CANARY}"):
        kept = await history(client, await echoed(client, said))
        assert CANARY.encode() not in kept
        assert b"binary/encrypted" in kept


async def test_keys_are_rotated(temporal: str) -> None:
    old, new = f"old:{key()}", f"new:{key()}"
    before = await echoed(await connect(settings(temporal, old)), "before")
    rotated = await connect(settings(temporal, new, old))
    assert await rotated.get_workflow_handle(before, result_type=str).result() == "heard before"
    after = await echoed(rotated, "after")
    kept = await history(rotated, after)
    assert b"new" in kept
    assert b"old" not in kept
    with pytest.raises(Corrupted, match="'old'"):
        await (await connect(settings(temporal, new))).get_workflow_handle(before, result_type=str).result()
    with pytest.raises(Corrupted, match="changed"):
        await (await connect(settings(temporal, f"old:{key()}"))).get_workflow_handle(before, result_type=str).result()


async def test_histories_from_before_encryption_go_on(temporal: str) -> None:
    plain = await connect(TemporalSettings(address=temporal))
    before = await echoed(plain, "in the clear")
    client = await connect(settings(temporal, f"a:{key()}"))
    assert await client.get_workflow_handle(before, result_type=str).result() == "heard in the clear"


@pytest.mark.parametrize("wrong", ["", "word", "a:short", f":{'A' * 43}=", f"a:{'A' * 43}=,a:{'B' * 43}="])
async def test_what_is_no_key_is_refused_without_showing_it(temporal: str, wrong: str) -> None:
    with pytest.raises(InvalidInput, match="CCB_TEMPORAL_PAYLOAD_KEYS: entry") as refused:
        await connect(settings(temporal, wrong))
    assert not wrong or wrong not in refused.value.message


@dataclass
class Codec:
    url: str
    client: Client

    async def asked(self, direction: str, *payloads: Payload, token: str = TOKEN) -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False) as http:
            body = MessageToDict(Payloads(payloads=payloads))
            return await http.post(f"{self.url}/temporal/codec/{token}/{direction}", json=body)


@pytest.fixture
async def codec(settings: ProcessSettings) -> AsyncIterator[Codec]:
    temporal = settings.temporal.model_copy(update={"payload_keys": SecretStr(f"a:{key()}")})
    api = settings.api.model_copy(update={"codec_token": SecretStr(TOKEN)})
    services = await open_services(dataclasses.replace(settings, temporal=temporal, api=api))
    async with served(services) as url:
        yield Codec(url, await connect(temporal))
    await services.close()


async def test_the_codec_server_decodes_what_the_server_keeps(codec: Codec) -> None:
    workflow_id = await echoed(codec.client, CANARY)
    start = (await codec.client.get_workflow_handle(workflow_id).fetch_history()).events[0]
    kept = start.workflow_execution_started_event_attributes.input.payloads
    answer = await codec.asked("decode", *kept)
    assert answer.status_code == 200
    (payload,) = ParseDict(answer.json(), Payloads()).payloads
    assert payload.data == f'"{CANARY}"'.encode()
    again = ParseDict((await codec.asked("encode", payload)).json(), Payloads()).payloads
    assert CANARY.encode() not in again[0].SerializeToString()
    assert await codec.client.data_converter.decode(again, [str]) == [CANARY]


async def test_the_web_ui_may_ask_it_from_its_own_origin(codec: Codec) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.options(f"{codec.url}/temporal/codec/{TOKEN}/decode", headers={"Origin": "http://x"})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "http://127.0.0.1:8233"


async def test_without_the_token_there_is_nothing(codec: Codec) -> None:
    answer = await codec.asked("decode", Payload(data=b"x"), token="another")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_rubbish_is_refused(codec: Codec) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(f"{codec.url}/temporal/codec/{TOKEN}/decode", content=b"rubbish")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "payloads")
