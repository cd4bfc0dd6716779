"""The server as other people's HTTP clients see it."""
import asyncio
import json
import resource
import shutil
import signal
import subprocess
import threading
import time

import httpx
import pytest
from spine import Server, Weft, serving, write_mesh, write_orders

IDLE = 10_000


@pytest.fixture(scope="module")
def server(weft, tmp_path_factory):
    folder = tmp_path_factory.mktemp("http")
    with serving(weft, folder / "data") as server:
        program = server.weft()
        program("apply", write_mesh(folder / "mesh"), "--yes")
        program("publish", "sales.orders", write_orders(folder))
        yield server


def test_metrics_are_prometheus_text(server):
    text = httpx.get(server.url + "/metrics").text
    assert "weft_http_requests_total" in text and "weft_engine_workers_started_total" in text
    promtool = shutil.which("promtool")
    assert promtool, "promtool is fetched by ./dev test"
    checked = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_openapi_validates_and_names_every_route_once(server):
    from openapi_spec_validator import validate

    document = httpx.get(server.url + "/openapi.json").json()
    validate(document)
    assert document["openapi"].startswith("3.1")
    ids = [operation["operationId"] for path in document["paths"].values() for operation in path.values() if "operationId" in operation]
    assert len(ids) == len(set(ids)) > 20


def test_each_answer_has_its_request_id_and_problems_repeat_it(server):
    first, second = (httpx.get(server.url + "/v1/nothing") for _ in range(2))
    assert first.headers["x-request-id"] == first.json()["request_id"] != second.json()["request_id"]
    assert first.headers["content-type"] == "application/problem+json" and first.json()["code"] == "request.no_route"


@pytest.mark.parametrize("header", ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "garbage", "ff-00-00-00"])
def test_any_traceparent_is_survived(server, header):
    assert httpx.get(server.url + "/healthz", headers={"traceparent": header}).status_code == 200


def test_pages_go_on_where_they_stopped(server):
    with server.client() as client:
        seen, cursor = [], None
        while True:
            page = client.get("/v1/audit", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
            seen += [item["sequence"] for item in page["items"]]
            cursor = page.get("next")
            if not cursor:
                break
        assert seen == sorted(set(seen), reverse=True) and len(seen) > 4
        assert client.get("/v1/audit", params={"limit": 0}).status_code == 400
        assert client.get("/v1/audit", params={"cursor": "zzz"}).status_code == 400
        assert client.get("/v1/audit", params={"colour": "red"}).json()["code"] == "request.unknown_parameter"


def test_ten_thousand_idle_connections_leave_the_server_awake(server):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(IDLE, hard - 500)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    host, port = server.url.removeprefix("http://").split(":")

    async def hold():
        held = []
        for _ in range(count // 500):
            held += await asyncio.gather(*(asyncio.open_connection(host, int(port)) for _ in range(500)))
        async with httpx.AsyncClient(base_url=server.url) as client:
            assert (await client.get("/healthz")).status_code == 200
        reader, writer = held[-1]
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        for _, writer in held:
            writer.close()
        return len(held)

    try:
        assert asyncio.run(hold()) == count // 500 * 500
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert httpx.get(server.url + "/healthz").status_code == 200


def test_a_failure_after_the_first_byte_aborts_the_body(server):
    sql = "SELECT CASE WHEN i = 900000 THEN CAST('x' || i AS INTEGER) ELSE i END AS v FROM range(1000000) t(i)"
    with server.client() as client, pytest.raises(httpx.TransportError):
        answer = client.post("/v1/query", json={"sql": sql})
        assert answer.status_code != 200, "a body that was cut must not pass for whole"
        # It failed before its first byte: a problem, as it should be then.
        assert answer.json()["code"] == "sql.run"
        raise httpx.RemoteProtocolError("told as a problem")


def test_sigterm_lets_a_running_query_finish(weft, tmp_path):
    server = Server(weft, tmp_path / "data")
    answers = []
    sql = "SELECT count(*) AS n FROM range(60000000) a WHERE a.range % 7 = 3"

    def ask():
        with server.client() as client:
            answers.append(client.post("/v1/query", json={"sql": sql}))

    asking = threading.Thread(target=ask)
    asking.start()
    with server.client() as client:
        while not [each for each in client.get("/v1/queries").json()["items"] if each["sql"] == sql]:
            assert asking.is_alive() or answers
            if answers:
                break
    server.process.send_signal(signal.SIGTERM)
    asking.join()
    assert answers[0].status_code == 200
    assert server.process.wait(60) == 0


def test_https_is_spoken_and_verified(weft, tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
    log = open(tmp_path / "log", "w")
    process = subprocess.Popen([weft, "--data", tmp_path / "data", "serve", "--port", "0", "--tls-cert", certificate, "--tls-key", key], stdout=log, stderr=log)
    try:
        url, deadline = None, time.monotonic() + 60
        while url is None and time.monotonic() < deadline:
            lines = [line.split(" on ")[1].strip() for line in (tmp_path / "log").read_text().splitlines() if " on https://" in line]
            url = lines[0] if lines else None
        token = (tmp_path / "data/admin.token").read_text().strip()
        environment = {"WEFT_TOKEN": token, "WEFT_CA_FILE": str(certificate), "HOME": "/nonexistent", "PATH": "/usr/bin"}
        trusted = subprocess.run([weft, "--url", url, "-o", "json", "query", "SELECT 42 AS n"], capture_output=True, text=True, env=environment)
        assert trusted.returncode == 0 and json.loads(trusted.stdout) == [{"n": 42}], trusted.stderr
        del environment["WEFT_CA_FILE"]
        stranger = subprocess.run([weft, "--url", url, "query", "SELECT 42"], capture_output=True, text=True, env=environment)
        assert stranger.returncode == 2 and "certificate" in stranger.stderr, stranger.stderr
        assert token not in stranger.stderr
    finally:
        process.terminate()
        process.wait(60)


def test_plain_http_beyond_loopback_and_open_dev_are_refused(weft, tmp_path):
    for arguments, code in ((["--address", "0.0.0.0"], "serve.plain_http"), (["--address", "0.0.0.0", "--dev"], "serve.dev")):
        done = subprocess.run([weft, "--data", tmp_path / "data", "serve", "--port", "0", *arguments], capture_output=True, text=True, timeout=60)
        assert done.returncode == 2 and code in done.stderr, done.stderr
