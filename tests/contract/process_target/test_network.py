"""What a deployed integration can reach: its manifest's hosts, through the proxy, and nothing else."""

import json
from collections.abc import Mapping

import pytest
from pydantic import SecretStr, ValidationError

from adapters.process_target import RunnerSettings
from adapters.process_target.hosts import Hosts, PrivateHosts, Refused, is_public
from tests.contract.process_target.conftest import World, built

PRIVATE = [
    "127.0.0.1",
    "localhost",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
]


async def call(world: World, url: str, order: Mapping[str, object]) -> dict[str, object]:
    answer = await world.http.post(f"{url}/elsewhere", json=order)
    return dict(answer.json())


async def test_an_undeclared_host_is_refused_and_sees_nothing(world: World) -> None:
    version = built(hosts=["api.example.com"])
    url = await world.up(version)
    answer = await world.http.get(f"{url}/widgets/7")
    sentence = f"refused connection to {world.upstream.host}, not among the manifest's hosts"
    assert answer.json() == {"upstream_status": 403, "upstream": {"detail": f"runner: {sentence}"}}
    assert world.upstream.seen == []
    lines = await world.target.logs(version.spec.id, limit=100)
    assert [line.text for line in lines if line.stream == "runner"].count(sentence) == 1


async def test_the_port_counts(world: World) -> None:
    url = await world.up(built(hosts=["127.0.0.1", f"127.0.0.1:{world.upstream.port + 1}"]))
    answer = await call(world, url, {"url": f"http://{world.upstream.host}/"})
    assert answer["status"] == 403
    assert world.upstream.seen == []


async def test_a_tunnel_is_held_to_the_same_hosts(world: World) -> None:
    url = await world.up(built(hosts=[world.upstream.host]))
    refused = await call(world, url, {"url": "https://127.0.0.1:1/"})
    assert "403" in str(refused["text"])
    request = f"CONNECT {world.upstream.host} HTTP/1.1\r\nHost: x\r\n\r\n"
    within = "GET /through HTTP/1.1\r\nHost: inner\r\nConnection: close\r\n\r\n"
    answer = (await world.http.post(f"{url}/raw", content=request + within)).json()["answer"]
    assert answer.startswith("HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 200 OK")
    assert [(path, headers["host"]) for _, path, headers, _ in world.upstream.seen] == [("/through", "inner")]


async def test_a_body_arrives_whole(world: World) -> None:
    url = await world.up(built(hosts=[world.upstream.host]))
    for body in ("x", "y" * 300_000):
        order = {"method": "POST", "url": f"http://{world.upstream.host}/p?q=1%2F2", "content": body}
        assert (await call(world, url, order))["status"] == 200
        method, path, _, received = world.upstream.seen[-1]
        assert (method, path, received) == ("POST", "/p?q=1%2F2", body.encode())


async def test_a_request_that_is_not_plain_is_refused(world: World) -> None:
    url = await world.up(built(hosts=[world.upstream.host]))
    for request, status in (
        ("GET /origin-form HTTP/1.1\r\nHost: HOST\r\n\r\n", 400),
        ("GET ftp://HOST/ HTTP/1.1\r\nHost: HOST\r\n\r\n", 400),
        ("GET http://user@HOST/ HTTP/1.1\r\nHost: HOST\r\n\r\n", 400),
        ("GET http://HOST:x/ HTTP/1.1\r\nHost: HOST\r\n\r\n", 400),
        ("GET http://HOST/ HTTP/1.1\r\nHost: HOST\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        ("CONNECT 127.0.0.1 HTTP/1.1\r\nHost: HOST\r\n\r\n", 400),
        ("GET http://[::ffff:127.0.0.1]/ HTTP/1.1\r\nHost: HOST\r\n\r\n", 403),
        ("GET http://2130706433/ HTTP/1.1\r\nHost: HOST\r\n\r\n", 403),
        ("rubbish\r\n\r\n", 400),
    ):
        content = request.replace("HOST", world.upstream.host)
        answer = (await world.http.post(f"{url}/raw", content=content)).json()["answer"]
        assert answer.startswith(f"HTTP/1.1 {status} "), request[:100]
    assert world.upstream.seen == []


async def test_a_head_without_bounds_is_cut_off(world: World) -> None:
    url = await world.up(built(hosts=[world.upstream.host]))
    content = f"GET http://{world.upstream.host}/ HTTP/1.1\r\nHost: x\r\nX: {'y' * 200_000}\r\n\r\n"
    answer = (await world.http.post(f"{url}/raw", content=content)).json()["answer"]
    # The connection is reset while the jail still sends, so the answer may be lost.
    assert answer.startswith("HTTP/1.1 431 ") or answer == ""
    assert world.upstream.seen == []


async def test_nothing_is_smuggled_behind_a_request(world: World) -> None:
    url = await world.up(built(hosts=[world.upstream.host]))
    first = (
        f"GET http://{world.upstream.host}/first HTTP/1.1\r\nHost: evil.example\r\nProxy-Connection: keep-alive\r\n\r\n"
    )
    second = "GET http://evil.example/second HTTP/1.1\r\nHost: evil.example\r\n\r\n"
    answer = (await world.http.post(f"{url}/raw", content=first + second)).json()["answer"]
    assert answer.count("HTTP/1.1 ") == 1
    ((_, path, headers, _),) = world.upstream.seen
    assert (path, headers["host"]) == ("/first", world.upstream.host)
    assert "proxy-connection" not in headers


async def test_there_is_no_way_past_the_proxy(world: World) -> None:
    url = await world.up(built(hosts=[world.upstream.host]))
    for host, port in (("127.0.0.1", world.upstream.port), ("127.0.0.1", world.runner.port), ("192.0.2.1", 80)):
        answer = await world.http.post(f"{url}/directly", json={"host": host, "port": port})
        assert answer.json()["result"] in {"ConnectionRefusedError", "OSError"}
    assert world.upstream.seen == []


async def test_the_runners_files_are_out_of_sight(world: World) -> None:
    url = await world.up(built())
    for path in (world.runner.data_dir, world.runner.folder / "routes.json", "/etc/passwd", "/home", "/work"):
        assert (await world.http.get(f"{url}/reach", params={"path": str(path)})).json() == {"exists": False}
    assert (await world.http.get(f"{url}/reach", params={"path": "/app"})).json() == {"exists": True}


async def test_the_environment_is_what_the_manifest_declares(world: World) -> None:
    url = await world.up(built())
    found = (await world.http.get(f"{url}/environment")).json()
    proxies = {name for scheme in ("http", "https", "all") for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper())}
    assert {found.pop(name) for name in proxies} == {"http://127.0.0.1:3128"}
    assert found.pop("BASE_URL") == f"http://{world.upstream.host}"
    assert found.pop("REGION") == "north"
    assert found.pop("API_TOKEN")
    assert found.keys() <= {"PATH", "HOME", "LANG", "PWD", "LC_CTYPE"}


async def test_a_declared_name_that_leads_into_the_private_network_is_refused(world: World) -> None:
    names = ["127.1", "0x7f.0.0.1", "2130706433"]
    url = await world.up(built(hosts=[f"{name}:{world.upstream.port}" for name in names]))
    for name in names:
        answer = await call(world, url, {"url": f"http://{name}:{world.upstream.port}/"})
        assert answer["status"] == 403
        assert "private address 127.0.0.1" in json.loads(str(answer["text"]))["detail"]
    assert world.upstream.seen == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("224.0.0.1", False),
        ("0.0.0.0", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("2002:7f00:1::", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("64:ff9b:1::7f00:1", False),
        ("64:ff9b::5db8:d822", True),
        ("::7f00:1", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("192.0.0.1", False),
        ("198.18.0.1", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


async def test_declared_hosts_are_admitted_by_name_and_port() -> None:
    private = PrivateHosts.parse("127.0.0.1:7243, localhost:8000, 192.0.2.0/24")
    hosts = Hosts(["127.0.0.1:7243", "localhost:8000", "192.0.2.7"], private)
    assert await hosts.addresses("127.0.0.1", 7243) == ["127.0.0.1"]
    assert await hosts.addresses("192.0.2.7", 443) == ["192.0.2.7"]
    assert await hosts.addresses("LOCALHOST.", 8000) == ["127.0.0.1", "::1"]
    for host, port in (("127.0.0.1", 7244), ("192.0.2.7", 8080), ("localhost", 7243), ("evil.192.0.2.7", 80)):
        with pytest.raises(Refused, match="not among the manifest's hosts") as refused:
            await hosts.addresses(host, port)
        assert refused.value.status == 403


@pytest.mark.parametrize("host", PRIVATE)
async def test_an_address_that_is_not_public_is_the_operators_to_permit(host: str) -> None:
    declared = [host, f"{host}:7243"]
    for elsewhere in ("", "192.0.2.0/24", f"{host}:7244", "127.0.0.1.example:7243"):
        with pytest.raises(Refused, match="only the operator may permit it") as refused:
            await Hosts(declared, PrivateHosts.parse(elsewhere)).addresses(host, 7243)
        assert refused.value.status == 403
    assert await Hosts(declared, PrivateHosts.parse(f"{host}:7243")).addresses(host, 7243)
    with pytest.raises(Refused, match="only the operator may permit it"):
        await Hosts(declared, PrivateHosts.parse(f"{host}:7243")).addresses(host, 80)


async def test_a_permitted_network_holds_for_names_that_lead_there() -> None:
    hosts = Hosts(["2130706433:81", "127.1:82"], PrivateHosts.parse("127.0.0.0/8"))
    assert await hosts.addresses("2130706433", 81) == ["127.0.0.1"]
    assert await hosts.addresses("127.1", 82) == ["127.0.0.1"]


@pytest.mark.parametrize("text", ["10.0.0.1", "10.0.0.1/8", "host:", "host:0", "host:70000", ":80", "host:8o", "a b"])
def test_a_setting_that_cannot_be_meant_is_refused_at_the_start(text: str) -> None:
    with pytest.raises(ValidationError):
        RunnerSettings(key=SecretStr("k" * 16), private_hosts=text)


async def test_the_proxy_refuses_what_the_operator_did_not_permit(world: World) -> None:
    port = world.upstream.port
    url = await world.up(built(hosts=[f"localhost:{port}", f"127.0.0.2:{port}", "169.254.169.254"]))
    for target in (f"localhost:{port}", f"127.0.0.2:{port}", "169.254.169.254"):
        answer = await call(world, url, {"url": f"http://{target}/latest/meta-data/"})
        assert answer["status"] == 403
        assert "private address" in json.loads(str(answer["text"]))["detail"]
    assert world.upstream.seen == []
