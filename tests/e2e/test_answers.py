"""Answers in each format, read by other people's readers."""
import datetime
import decimal
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from spine import serving, write_mesh, write_orders

KINDS = """SELECT 1::TINYINT AS i8, 2::UBIGINT AS u64, 9007199254740993 AS big, 1.5::FLOAT AS f, 'NaN'::DOUBLE AS nan, 12.34::DECIMAL(9,2) AS money,
 true AS yes, 'ä' AS word, 'xyz'::BLOB AS bytes, DATE '2026-01-31' AS day, TIME '10:11:12.5' AS clock, TIMESTAMP '2026-01-31 10:11:12.123456' AS moment,
 TIMESTAMPTZ '2026-01-31 10:11:12Z' AS instant, INTERVAL '1 month 2 days' AS span, [1, NULL, 3] AS list, {'a': 1, 'b': 'x'} AS pair,
 MAP {'k': 1} AS map, '6b29fc40-ca47-1067-b31d-00dd010662da'::UUID AS id, NULL AS nothing, 'red'::ENUM('red', 'green') AS colour, 5::HUGEINT AS huge"""


@pytest.fixture(scope="module")
def client(weft, tmp_path_factory):
    folder = tmp_path_factory.mktemp("answers")
    with serving(weft, folder / "data") as server:
        program = server.weft()
        program("apply", write_mesh(folder / "mesh"), "--yes")
        program("publish", "sales.orders", write_orders(folder))
        with server.client() as client:
            yield client


def ask(client, sql, media):
    answer = client.post("/v1/query", json={"sql": sql}, headers={"Accept": media})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith(media)
    assert answer.headers["weft-query-id"].startswith("qry_")
    return answer


def arrow(client, sql):
    with pa.ipc.open_stream(ask(client, sql, "application/vnd.apache.arrow.stream").content) as reader:
        table = reader.read_all()
    table.validate(full=True)
    return table


def test_an_arrow_stream_holds_every_kind_of_value(client):
    row = arrow(client, KINDS).to_pylist()[0]
    assert row["big"] == 9007199254740993 and row["u64"] == 2 and row["nan"] != row["nan"] and row["money"] == decimal.Decimal("12.34")
    assert row["word"] == "ä" and row["bytes"] == b"xyz" and row["day"] == datetime.date(2026, 1, 31) and row["clock"] == datetime.time(10, 11, 12, 500000)
    assert row["moment"] == datetime.datetime(2026, 1, 31, 10, 11, 12, 123456) and row["instant"].utcoffset() == datetime.timedelta(0)
    assert row["list"] == [1, None, 3] and row["pair"] == {"a": 1, "b": "x"} and row["map"] == [("k", 1)]
    assert str(row["id"]) == "6b29fc40-ca47-1067-b31d-00dd010662da" and row["nothing"] is None and row["colour"] == "red" and row["huge"] == 5


def test_a_long_arrow_stream_comes_in_batches(client):
    table = arrow(client, "SELECT i, CASE WHEN i % 3 = 0 THEN NULL ELSE 'v' || i END AS v, [i, i + 1] AS l FROM range(200000) t(i)")
    assert table.num_rows == 200_000 and len(table.to_batches()) > 1
    assert table["i"].to_pylist() == list(range(200_000))
    assert table["v"].null_count == 66_667 and table["l"][199_999].as_py() == [199_999, 200_000]


def test_no_rows_are_a_schema(client):
    table = arrow(client, "SELECT id, customer FROM sales.orders WHERE false")
    assert table.num_rows == 0 and table.column_names == ["id", "customer"]


def test_parquet_holds_the_same(client):
    table = pq.read_table(io.BytesIO(ask(client, "SELECT * FROM sales.orders ORDER BY id", "application/vnd.apache.parquet").content))
    assert table["id"].to_pylist() == [1, 2, 3] and table["amount"].to_pylist() == [decimal.Decimal("10.50"), decimal.Decimal("200.00"), None]


def test_ndjson_and_csv_are_lines(client):
    lines = ask(client, "SELECT id, customer FROM sales.orders ORDER BY id", "application/x-ndjson").text.splitlines()
    assert [json.loads(line)["id"] for line in lines] == [1, 2, 3]
    assert ask(client, "SELECT id, customer FROM sales.orders ORDER BY id", "text/csv").text.splitlines() == ["id,customer", "1,ann", "2,bob", "3,cid"]


def test_an_unknown_format_is_refused_by_name(client):
    answer = client.post("/v1/query", json={"sql": "SELECT 1"}, headers={"Accept": "image/png"})
    assert answer.status_code in (406, 415) and answer.json()["code"] in ("query.format", "request.not_acceptable"), answer.text


def test_json_keeps_types_apart(client):
    answer = ask(client, KINDS, "application/json").json()
    assert {column["name"]: column["type"] for column in answer["columns"]}["money"] == "DECIMAL(9,2)"
