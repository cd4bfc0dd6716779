"""Tables are Iceberg: other people's readers see the same rows, after every kind of commit."""
import os
import pathlib

import duckdb
import pytest
from spine import ROOT, Weft, write_mesh, write_orders

EXTENSIONS = ROOT / "deps/cache/duckdb/extensions/v1.5.5/linux_amd64"

MESH = """
{apiVersion: weft/v1, kind: Team, name: lab, members: [ada@example.com]}
---
{apiVersion: weft/v1, kind: Domain, name: lab, owner: lab, onCall: lab}
---
apiVersion: v3.1.0
kind: DataContract
id: c-kinds
version: 1.0.0
status: active
domain: lab
schema:
  - name: kinds
    logicalType: object
    properties:
      - {name: id, logicalType: integer, logicalTypeOptions: {format: i64}, required: true, primaryKey: true, primaryKeyPosition: 1}
      - {name: small, logicalType: integer, description: Thirty-two bits}
      - {name: price, logicalType: number, physicalType: 'decimal(18,4)'}
      - {name: ratio, logicalType: number}
      - {name: is_open, logicalType: boolean}
      - {name: word, logicalType: string}
      - {name: day, logicalType: date, partitioned: true, partitionKeyPosition: 1}
      - {name: seen, logicalType: timestamp}
      - {name: tags, logicalType: array, items: {name: element, logicalType: string}}
      - name: place
        logicalType: object
        properties:
          - {name: city, logicalType: string}
          - {name: floor, logicalType: integer}
---
apiVersion: v1.0.0
kind: DataProduct
id: p-kinds
name: kinds
status: active
domain: lab
description: {purpose: One column of each kind}
outputPorts: [{name: kinds, type: table, version: 1.0.0, contractId: c-kinds}]
"""

ROWS = [
    {"id": 1, "small": -7, "price": "12.3400", "ratio": 0.5, "is_open": True, "word": "ä \"quoted\"", "day": "2026-01-01",
     "seen": "2026-01-01T10:00:00.123456Z", "tags": ["a", "b"], "place": {"city": "Bern", "floor": 3}},
    {"id": 2, "small": None, "price": None, "ratio": None, "is_open": None, "word": None, "day": "2026-01-02", "seen": None, "tags": None, "place": None},
    {"id": 3, "small": 2147483647, "price": "-0.0001", "ratio": -1e300, "is_open": False, "word": "", "day": None,
     "seen": "1969-12-31T23:59:59Z", "tags": [], "place": {"city": None, "floor": None}},
]


def ndjson(path, rows):
    import json

    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def location(program, port):
    return program.json("describe", port)["table"]["metadata_location"]


def by_pyiceberg(metadata_location):
    from pyiceberg.table import StaticTable

    return StaticTable.from_metadata(metadata_location)


def by_duckdb(metadata_location, sql="SELECT * FROM t"):
    connection = duckdb.connect(config={"allow_unsigned_extensions": True, "autoinstall_known_extensions": False, "autoload_known_extensions": False})
    for name in ("avro", "iceberg"):
        connection.execute(f"LOAD '{EXTENSIONS}/{name}.duckdb_extension'")
    connection.execute(f"CREATE VIEW t AS SELECT * FROM iceberg_scan('{metadata_location.removeprefix('file://')}')")
    return connection.execute(sql).fetchall()


def agree(program, port, ids):
    """Weft, PyIceberg and DuckDB's extension tell the same rows."""
    ours = program.rows(f"SELECT id, word FROM {port} ORDER BY id")
    assert [row["id"] for row in ours] == ids
    where = location(program, port)
    theirs = sorted(by_pyiceberg(where).scan().to_arrow().select(["id", "word"]).to_pylist(), key=lambda row: row["id"])
    assert theirs == ours
    assert by_duckdb(where, "SELECT id, word FROM t ORDER BY id") == [(row["id"], row["word"]) for row in ours]


@pytest.fixture
def program(weft, tmp_path):
    program = Weft(weft, data=tmp_path / "data")
    program("apply", write_mesh(tmp_path / "mesh", MESH), "--yes")
    return program


def test_other_readers_see_each_kind_of_value(program, tmp_path):
    program("publish", "lab.kinds", ndjson(tmp_path / "rows.ndjson", ROWS))
    table = by_pyiceberg(location(program, "lab.kinds"))
    rows = sorted(table.scan().to_arrow().to_pylist(), key=lambda row: row["id"])
    assert rows[0]["tags"] == ["a", "b"] and rows[0]["place"] == {"city": "Bern", "floor": 3}
    assert str(rows[0]["price"]) == "12.3400" and str(rows[2]["price"]) == "-0.0001"
    assert rows[0]["seen"].isoformat().startswith("2026-01-01T10:00:00.123456")
    assert rows[1] | {"day": None} == dict.fromkeys(rows[1], None) | {"id": 2}
    assert table.schema().find_field("small").doc == "Thirty-two bits"
    agree(program, "lab.kinds", [1, 2, 3])


def test_partitions_are_read_alone(program, tmp_path):
    program("publish", "lab.kinds", ndjson(tmp_path / "rows.ndjson", ROWS))
    table = by_pyiceberg(location(program, "lab.kinds"))
    assert [field.source_id for field in table.spec().fields] == [table.schema().find_field("day").field_id]
    files = list(table.scan(row_filter="day = '2026-01-01'").plan_files())
    assert len(files) == 1 and files[0].file.record_count == 1
    assert len(list(table.scan().plan_files())) == 3


def test_bounds_prune_for_other_readers(program, tmp_path):
    for start in (0, 1000, 2000):
        program("publish", "lab.kinds", ndjson(tmp_path / f"{start}.ndjson", [{"id": start + i, "word": f"w{i}", "day": "2026-01-01"} for i in range(10)]))
    table = by_pyiceberg(location(program, "lab.kinds"))
    assert len(list(table.scan(row_filter="id = 1005").plan_files())) == 1
    assert table.scan(row_filter="id = 1005").to_arrow().num_rows == 1


def test_every_kind_of_commit_is_read_alike(program, tmp_path):
    program("publish", "lab.kinds", ndjson(tmp_path / "1.ndjson", ROWS))
    program("publish", "lab.kinds", ndjson(tmp_path / "2.ndjson", [{"id": 9, "word": "nine"}]))
    agree(program, "lab.kinds", [1, 2, 3, 9])
    program("publish", "lab.kinds", ndjson(tmp_path / "3.ndjson", [{"id": 2, "word": "two"}, {"id": 5, "word": "five"}]), "--mode", "upsert")
    agree(program, "lab.kinds", [1, 2, 3, 5, 9])
    program("publish", "lab.kinds", ndjson(tmp_path / "4.ndjson", [{"id": 7, "word": "seven"}]), "--mode", "overwrite")
    agree(program, "lab.kinds", [7])
    operations = [each.summary.operation.value for each in by_pyiceberg(location(program, "lab.kinds")).snapshots()]
    assert operations == ["append", "append", "overwrite", "overwrite"]


def test_an_added_and_a_widened_column_are_read_alike(program, tmp_path):
    program("publish", "lab.kinds", ndjson(tmp_path / "1.ndjson", ROWS))
    text = MESH.replace("{name: small, logicalType: integer, description: Thirty-two bits}",
                        "{name: small, logicalType: integer, logicalTypeOptions: {format: i64}}\n      - {name: extra, logicalType: string}")
    program("apply", write_mesh(tmp_path / "mesh", text.replace("version: 1.0.0\nstatus: active\ndomain: lab\nschema", "version: 1.1.0\nstatus: active\ndomain: lab\nschema")
                                .replace("version: 1.0.0, contractId: c-kinds", "version: 1.1.0, contractId: c-kinds")), "--yes")
    program("publish", "lab.kinds", ndjson(tmp_path / "2.ndjson", [{"id": 4, "small": 2**40, "extra": "x"}]))
    agree(program, "lab.kinds", [1, 2, 3, 4])
    rows = {row["id"]: row for row in by_pyiceberg(location(program, "lab.kinds")).scan().to_arrow().to_pylist()}
    assert rows[4]["small"] == 2**40 and rows[1]["small"] == -7 and rows[1]["extra"] is None and rows[4]["extra"] == "x"


def test_the_demos_tables_count_alike(weft, tmp_path):
    data = ROOT / "deps/cache/data"
    program = Weft(weft, data=tmp_path / "data")
    program("apply", ROOT / "examples/flights/mesh", "--yes")
    for port, file in (("aviation.flights", "flights-3m.parquet"), ("aviation.airports", "airports.csv"), ("climate.weather", "weather.csv"), ("wildlife.strikes", "birdstrikes.csv")):
        program("publish", port, data / file)
    program("run", "departures")
    for port in ("aviation.flights", "aviation.airports", "climate.weather", "wildlife.strikes", "insights.departures"):
        ours = program.rows(f"SELECT count(*) AS n FROM {port}")[0]["n"]
        where = location(program, port)
        assert by_pyiceberg(where).scan().count() == ours
        assert by_duckdb(where, "SELECT count(*) FROM t") == [(ours,)]
    assert program.rows("SELECT count(*) AS n FROM aviation.flights")[0]["n"] == 3_000_000
