"""Bad input: each gets a refusal of its own with a stable code, and changes nothing."""
import datetime
import decimal
import gzip
import socket
import time

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from spine import ORDERS, serving, write_mesh, write_orders

GOOD = {"id": pa.array([50], pa.int64()), "customer": pa.array(["a"]), "amount": pa.array([decimal.Decimal("1.00")], pa.decimal128(12, 2)),
        "day": pa.array([datetime.date(2026, 1, 1)])}


@pytest.fixture(scope="module")
def server(weft, tmp_path_factory):
    folder = tmp_path_factory.mktemp("input")
    with serving(weft, folder / "data") as server:
        program = server.weft()
        program("apply", write_mesh(folder / "mesh"), "--yes")
        program("publish", "sales.orders", write_orders(folder))
        yield server


def publish(server, content, media="application/octet-stream", **query):
    with server.client() as client:
        return client.post("/v1/products/sales/orders/ports/orders/publishes", content=content, headers={"Content-Type": media}, params=query)


def rows(server):
    with server.client() as client:
        return client.post("/v1/query", json={"sql": "SELECT count(*) AS n FROM sales.orders"}).json()["rows"][0][0]


def codes(answer):
    problem = answer.json()
    return {problem["code"], *(each["code"] for each in problem.get("problems", []))}


def refused(server, content, code, media="application/octet-stream", **query):
    before = rows(server)
    answer = publish(server, content, media, **query)
    assert 400 <= answer.status_code < 500, answer.text[:600]
    assert code in codes(answer), answer.text[:600]
    assert rows(server) == before
    return answer


def parquet(**columns):
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({name: column for name, column in columns.items() if column is not None}), sink)
    return sink.getvalue().to_pybytes()


def test_a_good_file_of_each_format_commits(server):
    before = rows(server)
    contents = [parquet(**GOOD), "id,customer,amount,day\n51,b,2.00,2026-01-02\n", '{"id":52,"customer":"c","amount":3.5,"day":"2026-01-03"}\n',
                '[{"id":53,"customer":"d","amount":"4.25"}]', gzip.compress(b"id,customer\n54,e\n"),
                gzip.compress(b'{"id":55,"customer":"f"}\n'), pa.compress(b"id;customer\n56;g\n", codec="zstd", asbytes=True)]
    for number, content in enumerate(contents):
        answer = publish(server, content)
        assert answer.status_code == 201, answer.text
        assert rows(server) == before + number + 1


@pytest.mark.parametrize(
    "content,code",
    [
        (b"", "request.no_body"),
        (b"  \n", "input.empty"),
        (b"PAR1" + b"\0" * 100, "input.malformed"),
        (b"id,customer\n60,a\n61\n", "input.malformed"),
        (b"id,customer\n60,a,b,c\n", "input.malformed"),
        (b"id,customer\n60,a\0b\n", "input.nul"),
        (b'{"id":60,"customer":"a"\n', "input.malformed"),
        (b'[{"id":60,"customer":"a"}', "input.malformed"),
        (b"ARROW1\0\0rest", "input.format"),
        (gzip.compress(b"id,customer\n60,a\n")[:-12], "input.malformed"),
        (b"id,customer,amount\n60,a,123456789012345678901234567890\n", "input.lossy_value"),
        (b"id,customer,amount\n60,a,1.234\n", "input.lossy_value"),
        (b"id,customer,amount\n60,a,NaN\n", "input.lossy_value"),
        (b"id,customer\n9223372036854775808,a\n", "input.lossy_value"),
        (b"id,customer\n1.5,a\n", "input.lossy_value"),
        (b"id,customer,day\n60,a,2026-02-30\n", "input.lossy_value"),
        (b"id,customer,day\n60,a,99999999-01-01\n", "input.lossy_value"),
        (b"customer\na\n", "input.missing_column"),
        (b"id,customer,colour\n60,a,red\n", "input.unknown_column"),
        (b"Id,customer\n60,a\n", "input.case"),
        (b"id,customer\n60,\xff\xfe\n", "input.malformed"),
        (b'{"id":60,"customer":{"name":"a"}}\n', "input.type"),
        (b"id,customer\n", "rule.metric"),
    ],
)
def test_a_bad_text_file_is_refused(server, content, code):
    refused(server, content, code)


@pytest.mark.parametrize(
    "columns,code",
    [
        ({**GOOD, "id": pa.array([1.5])}, "input.lossy_value"),
        ({**GOOD, "id": pa.array([2**63], pa.uint64())}, "input.lossy_value"),
        ({**GOOD, "id": pa.array([True])}, "input.type"),
        ({**GOOD, "id": pa.array([[1]])}, "input.type"),
        ({**GOOD, "amount": pa.array([float("nan")])}, "input.lossy_value"),
        ({**GOOD, "amount": pa.array([1e300])}, "input.lossy_value"),
        ({**GOOD, "day": pa.array([datetime.datetime(2026, 1, 1, 10)])}, "input.lossy_value"),
        ({**GOOD, "id": None}, "input.missing_column"),
        ({**GOOD, "extra": pa.array(["x"])}, "input.unknown_column"),
        ({**GOOD, "id": pa.array([None], pa.int64())}, "rule.required"),
        ({**GOOD, "customer": pa.array(["x" * 41])}, "rule.length"),
        ({**GOOD, "amount": pa.array([decimal.Decimal("-0.01")], pa.decimal128(12, 2))}, "rule.bounds"),
        ({**GOOD, "id": pa.array([1], pa.int64())}, "rule.unique"),
        ({f"c{number}": pa.array([number]) for number in range(2000)}, "input.unknown_column"),
    ],
)
def test_a_bad_parquet_file_is_refused(server, columns, code):
    refused(server, parquet(**columns), code)


def test_a_truncated_parquet_file_is_refused(server):
    whole = parquet(**GOOD)
    refused(server, whole[: len(whole) // 2] + b"PAR1", "input.malformed")
    refused(server, whole[:-20], "input.malformed")


def test_a_mislabelled_file_is_refused(server):
    refused(server, b"id,customer\n60,a\n", "input.mislabelled", format="parquet")
    refused(server, parquet(**GOOD), "input.mislabelled", format="csv")


def test_a_refusal_tells_every_rule_at_once(server):
    answer = refused(server, b"id,customer,amount\n1,,-5\nx," + b"y" * 50 + b",1\n", "publish.refused")
    told = {each["code"] for each in answer.json()["problems"]}
    assert {"input.lossy_value", "rule.required", "rule.length", "rule.bounds", "rule.unique"} <= told, told


def test_samples_show_rows_and_values_only_to_those_who_may_see_them(server):
    problem = refused(server, b"id,customer,amount\n70,a,-5\n71,b,1\n72,c,-6\n", "rule.bounds").json()
    bounds = next(each for each in problem["problems"] if each["code"] == "rule.bounds")
    assert bounds["failures"] == 2 and bounds["sample_rows"] == [1, 3]


def test_hostile_values_come_back_as_they_went(server):
    words = ["'; DROP TABLE x; --", '"quoted"', "../../etc/passwd", "ünïcødé \U0001f600", "tab\tinside", "\\n", "", "null"]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"id": pa.array(range(900, 900 + len(words)), pa.int64()), "customer": words}), sink)
    assert publish(server, sink.getvalue().to_pybytes()).status_code == 201
    with server.client() as client:
        back = client.post("/v1/query", json={"sql": "SELECT customer FROM sales.orders WHERE id >= 900 ORDER BY id"}).json()["rows"]
    assert [row[0] for row in back] == words


@pytest.mark.parametrize("path", ["/v1/products/sales/..%2f..%2fetc/ports/orders", "/v1/products/%00/orders", "/v1/products/sales/ord%22ers", "/v1/products/sal%C3%A9s/orders",
                                  "/v1/products/sales/orders/ports/%ff", "/v1/products/" + "x" * 300 + "/y"])
def test_names_that_are_none_find_nothing(server, path):
    with server.client() as client:
        answer = client.get(path)
    assert answer.status_code in (400, 404) and answer.json()["code"], answer.text


def test_a_body_that_stops_half_way_changes_nothing(server):
    before = rows(server)
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as raw:
        raw.sendall((f"POST /v1/products/sales/orders/ports/orders/publishes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.token}\r\n"
                     "Content-Length: 1000000\r\n\r\nid,customer\n80,a\n").encode())
        raw.shutdown(socket.SHUT_WR)
        answer = raw.recv(65536)
    assert not answer or b"HTTP/1.1 4" in answer, answer
    assert rows(server) == before


@pytest.mark.parametrize(
    "token", ["weft_" + "A" * 43, "weft_", "x", "weft_" + "A" * 100_00, "Bearer", "é"])
def test_a_token_of_nobody_is_refused(server, token):
    answer = httpx.get(server.url + "/v1/products", headers=[(b"Authorization", b"Bearer " + token.encode())])
    assert answer.status_code == 401 and answer.json()["code"].startswith("auth."), answer.text


def test_an_expired_and_a_revoked_token_are_refused(server):
    program = server.weft()
    with server.client() as client:
        short = client.post("/v1/tokens", json={"principal": "ada@example.com", "name": "short", "expires_in": 1}).json()
    deadline = time.monotonic() + 30
    while httpx.get(server.url + "/v1/products", headers={"Authorization": f"Bearer {short['token']}"}).status_code != 401:
        assert time.monotonic() < deadline
    made = program.json("token", "create", "--principal", "ada@example.com", "--name", "gone")
    assert httpx.get(server.url + "/v1/products", headers={"Authorization": f"Bearer {made['token']}"}).status_code == 200
    program("token", "revoke", made["id"])
    assert httpx.get(server.url + "/v1/products", headers={"Authorization": f"Bearer {made['token']}"}).status_code == 401


@pytest.mark.parametrize(
    "body,status",
    [(b"", 400), (b"{", 400), (b"[]", 400), (b"{}", 400), (b'{"sql": 5}', 400), (b'{"sql":"SELECT 1","sql":"SELECT 2"}', 400), (b'{"sql":"SELECT 1","limit":1e400}', 400),
     (b'{"sql":"\xff"}', 400), (b'{"sql":"\\ud800"}', 400), (b"[" * 100_000, 413), (b'{"sql":"SELECT 1","colour":1}', 400), (b'{"sql":"SELECT $1","parameters":[9223372036854775808]}', 400)])
def test_a_malformed_query_body_is_refused(server, body, status):
    with server.client() as client:
        answer = client.post("/v1/query", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status and answer.json()["code"], answer.text


def test_zero_rows_are_a_table_of_none(server):
    with server.client() as client:
        answer = client.post("/v1/query", json={"sql": "SELECT id FROM sales.orders WHERE false"}).json()
    assert answer["rows"] == [] and answer["columns"][0]["name"] == "id"


def test_numbers_keep_all_their_digits(server):
    with server.client() as client:
        text = client.post("/v1/query", json={"sql": "SELECT 9007199254740993 AS a, 170141183460469231731687303715884105727 AS b, 0.1::DECIMAL(3,2) AS c, 'NaN'::DOUBLE AS d, '-inf'::DOUBLE AS e"}).text
    assert "9007199254740993" in text and "170141183460469231731687303715884105727" in text and "0.10" in text, text
