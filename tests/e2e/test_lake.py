"""Tables under publishes that come at once, partitions of every type, contracts that change, rows that are set aside."""
import concurrent.futures
import json

import httpx
import pytest
from spine import Weft, serving, write_mesh, write_orders
from test_readers import agree, by_duckdb, by_pyiceberg, location

TEAMS = """
{apiVersion: weft/v1, kind: Team, name: lab, members: [ada@example.com]}
---
{apiVersion: weft/v1, kind: Domain, name: lab, owner: lab, onCall: lab}
"""


def table(name, columns, properties=""):
    """The documents of a product with one table."""
    lines = "".join(f"\n      - {{{column}}}" for column in columns)
    return f"""
---
apiVersion: v3.1.0
kind: DataContract
id: c-{name}
version: 1.0.0
status: active
domain: lab
schema:
  - name: {name}
    logicalType: object
    properties:{lines}
---
apiVersion: v1.0.0
kind: DataProduct
id: p-{name}
name: {name}
status: active
domain: lab
description: {{purpose: A table}}
{properties}
outputPorts: [{{name: {name}, type: table, version: 1.0.0, contractId: c-{name}}}]
"""


ID = "name: id, logicalType: integer, logicalTypeOptions: {format: i64}, required: true"
KEY = ID + ", primaryKey: true, primaryKeyPosition: 1"
WORD = "name: word, logicalType: string"


def publish(server, name, content, media="text/csv", key=None, **query):
    headers = {"Content-Type": media} | ({"Idempotency-Key": key} if key else {})
    with server.client() as client:
        return client.post(f"/v1/products/lab/{name}/ports/{name}/publishes", content=content, headers=headers, params=query)


def ids(server, name):
    return [row["id"] for row in server.weft().rows(f"SELECT id FROM lab.{name} ORDER BY id")]


@pytest.fixture(scope="module")
def server(weft, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lake")
    names = ("appended", "upserted", "first", "keyed", "modes", "refused")
    documents = TEAMS + "".join(table(name, [KEY, WORD]) for name in names)
    documents += table("careful", [KEY, "name: amount, logicalType: integer, required: true, logicalTypeOptions: {minimum: 0}"],
                       "customProperties: [{property: deadLetter, value: {maxShare: 0.5}}]")
    with serving(weft, folder / "data") as server:
        server.weft()("apply", write_mesh(folder / "mesh", documents), "--yes")
        yield server


def at_once(number, work):
    with concurrent.futures.ThreadPoolExecutor(number) as pool:
        return list(pool.map(work, range(number)))


def test_of_appends_of_one_key_at_once_one_is_committed(server):
    answers = at_once(8, lambda number: publish(server, "appended", f"id,word\n1,w{number}\n{100 + number},x\n"))
    assert sorted(answer.status_code for answer in answers)[0] == 201
    committed = [number for number, answer in enumerate(answers) if answer.status_code == 201]
    assert len(committed) == 1, "the key 1 is unique over the table"
    assert ids(server, "appended") == [1, 100 + committed[0]]


def test_upserts_at_once_lose_no_row(server):
    assert publish(server, "upserted", "id,word\n0,old\n").status_code == 201
    answers = at_once(8, lambda number: publish(server, "upserted", f"id,word\n0,w{number}\n{100 + number},x\n", mode="upsert"))
    done = [100 + number for number, answer in enumerate(answers) if answer.status_code == 201]
    assert done and {answer.status_code for answer in answers} <= {201, 409}
    assert ids(server, "upserted") == [0, *done]


def test_the_first_upserts_of_a_table_lose_no_row(server):
    answers = at_once(8, lambda number: publish(server, "first", f"id,word\n{number},x\n", mode="upsert"))
    done = [number for number, answer in enumerate(answers) if answer.status_code == 201]
    assert done and ids(server, "first") == done


def test_one_key_at_once_is_one_publish(server):
    answers = at_once(8, lambda _: publish(server, "keyed", "id,word\n1,a\n", key="k"))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["publish_id"] for answer in answers}) == 1
    assert ids(server, "keyed") == [1]
    # The same bytes under another key are another publish, which the primary key refuses.
    assert publish(server, "keyed", "id,word\n1,a\n", key="other").status_code == 422
    assert ids(server, "keyed") == [1]


def test_a_key_for_other_bytes_is_a_conflict_and_a_refusal_is_repeated(server):
    assert publish(server, "refused", "id,word\n1,a\n1,b\n", key="k").status_code == 422
    again = publish(server, "refused", "id,word\n1,a\n1,b\n", key="k")
    assert (again.status_code, again.json()["code"]) == (422, "publish.refused")
    other = publish(server, "refused", "id,word\n2,a\n", key="k")
    assert (other.status_code, other.json()["code"]) == (409, "publish.key_conflict")
    assert ids(server, "refused") == []


def test_modes_append_replace_and_upsert(server):
    assert publish(server, "modes", "id,word\n1,a\n2,b\n").status_code == 201
    assert publish(server, "modes", "id,word\n2,c\n3,d\n", mode="upsert").json()["table_rows"] == 3
    assert publish(server, "modes", "id,word\n4,e\n4,f\n", mode="upsert").status_code == 422, "a batch that contradicts itself"
    words = server.weft().rows("SELECT word FROM lab.modes ORDER BY id")
    assert [row["word"] for row in words] == ["a", "c", "d"]
    assert publish(server, "modes", "id,word\n2,z\n", mode="overwrite").json()["table_rows"] == 1
    assert ids(server, "modes") == [2]
    assert publish(server, "modes", "id,word\n9,z\n", mode="sideways").json()["code"] == "publish.mode"
    assert publish(server, "modes", "id,word\n", mode="overwrite").status_code == 201
    assert ids(server, "modes") == []


def test_bad_rows_are_set_aside_up_to_their_share(server):
    answer = publish(server, "careful", "id,amount\n1,5\n2,-1\n3,6\n").json()
    assert (answer["status"], answer["rows"], answer["table_rows"]) == ("committed", 2, 2), answer
    assert ids(server, "careful") == [1, 3]
    letters = server.weft().rows("SELECT publish_id, dead_letters FROM mesh.dead_letters")
    assert letters == [{"publish_id": answer["publish_id"], "dead_letters": 1}]
    # A key that is there already is a bad row too.
    answer = publish(server, "careful", "id,amount\n3,9\n4,5\n5,5\n").json()
    assert (answer["status"], answer["rows"]) == ("committed", 2), answer
    assert ids(server, "careful") == [1, 3, 4, 5]
    assert publish(server, "careful", "id,amount\n10,-5\n11,-1\n12,6\n").status_code == 422, "two of three are too many"
    assert publish(server, "careful", "id,amount\n1,1\n3,1\n12,6\n", mode="append").status_code == 422
    assert ids(server, "careful") == [1, 3, 4, 5]


PARTITIONS = {
    "a_boolean": ("logicalType: boolean", ["true", "false"]),
    "a_long": ("logicalType: integer, logicalTypeOptions: {format: i64}", ["9007199254740993", "-1"]),
    "a_double": ("logicalType: number", ["0.5", "-1.25"]),
    "a_decimal": ("logicalType: number, physicalType: 'decimal(9,2)'", ["14.20", "-0.01"]),
    "a_large_decimal": ("logicalType: number, physicalType: 'decimal(38,2)'", ["123456789012345678901234567890.12", "0.00"]),
    "a_text": ("logicalType: string", ["ä/=..%", "it's"]),
    "a_date": ("logicalType: date", ["2026-01-31", "1969-12-31"]),
    "a_time": ("logicalType: timestamp", ["2026-01-31T23:59:59.999999Z", "1969-12-31T23:59:59Z"]),
}


@pytest.mark.parametrize("name", PARTITIONS)
def test_a_table_is_partitioned_by_any_type_and_read_alike(weft, tmp_path, name):
    declared, values = PARTITIONS[name]
    program = Weft(weft, data=tmp_path / "data")
    column = f"name: part, {declared}, partitioned: true, partitionKeyPosition: 1"
    program("apply", write_mesh(tmp_path / "mesh", TEAMS + table(name, [KEY, WORD, column])), "--yes")

    def csv(start, rows):
        return write_orders(tmp_path, "id,word,part\n" + "".join(f'{start + i},w,"{value}"\n' for i, value in enumerate(rows)), f"{start}.csv")

    program("publish", f"lab.{name}", csv(1, values))
    program("publish", f"lab.{name}", csv(11, [*values, ""]))
    # Rewrites the manifests.
    program("publish", f"lab.{name}", csv(2, [values[0]]), "--mode", "upsert")
    agree(program, f"lab.{name}", [1, 2, 11, 12, 13])
    table_now = by_pyiceberg(location(program, f"lab.{name}"))
    assert len(list(table_now.scan().plan_files())) == len({str(task.file.partition) for task in table_now.scan().plan_files()})
    rows = program.rows(f"SELECT id FROM lab.{name} WHERE part = (SELECT part FROM lab.{name} WHERE id = 12) ORDER BY id")
    assert [row["id"] for row in rows] == [12]


@pytest.fixture
def program(weft, tmp_path):
    return Weft(weft, data=tmp_path / "data")


def apply(program, tmp_path, columns, name="things", **options):
    return program("apply", write_mesh(tmp_path / "mesh", TEAMS + table(name, columns)), "--yes", **options)


def test_a_partition_column_cannot_be_dropped(program, tmp_path):
    day = "name: day, logicalType: date, partitioned: true, partitionKeyPosition: 1"
    apply(program, tmp_path, [KEY, WORD, day])
    program("publish", "lab.things", write_orders(tmp_path, "id,word,day\n1,a,2026-01-01\n"))
    done = apply(program, tmp_path, [KEY, WORD], status=1)
    assert "lake.incompatible_change" in done.stdout + done.stderr
    program("publish", "lab.things", write_orders(tmp_path, "id,word,day\n2,b,2026-01-02\n"))
    agree(program, "lab.things", [1, 2])


def test_values_at_the_edges_of_their_types_prune_right(program, tmp_path):
    columns = [KEY, WORD, "name: small, logicalType: integer", "name: day, logicalType: date", "name: x, logicalType: number",
               "name: price, logicalType: number, physicalType: 'decimal(9,2)'"]
    apply(program, tmp_path, columns)
    lines = ["1,a,-5,2026-01-01,1.5,-3.00", "2,b,2147483647,10000-01-01,NaN,9999999.99", "3,é,,0001-01-01,-inf,"]
    for line in lines:
        program("publish", "lab.things", write_orders(tmp_path, "id,word,small,day,x,price\n" + line + "\n", f"{line[0]}.csv"))
    for condition in ("small < 4294967296", "small > -4294967296", "small > 3000000000", "day > DATE '2026-06-01'", "day < DATE '2000-01-01'", "x > 1.5", "x >= 2",
                      "x < 0", "isnan(x)", "price > 3", "price < 0", "price < 99999999999", "price = 9999999.99", "word > 'z'", "small IS NULL", "id IN (1, 3)"):
        pruned = program.rows(f"SELECT id FROM lab.things WHERE {condition} ORDER BY id")
        # A condition on an expression reads all files.
        whole = program.rows(f"SELECT id FROM lab.things WHERE (CASE WHEN random() >= 0 THEN {condition} END) ORDER BY id")
        assert pruned == whole, condition


def test_a_renamed_column_keeps_its_values_and_frees_its_name(program, tmp_path):
    apply(program, tmp_path, [ID + ", id: c1", "name: word, logicalType: string, id: c2"])
    program("publish", "lab.things", write_orders(tmp_path, "id,word\n1,a\n"))
    done = apply(program, tmp_path, [ID + ", id: c1", "name: text, logicalType: string, id: c2", "name: word, logicalType: string, id: c3"], status=None)
    if done.returncode != 0:
        pytest.fail(done.stdout + done.stderr)
    program("publish", "lab.things", write_orders(tmp_path, "id,text,word\n2,b,c\n"))
    assert program.rows("SELECT id, text, word FROM lab.things ORDER BY id") == [{"id": 1, "text": "a", "word": None}, {"id": 2, "text": "b", "word": "c"}]
    where = location(program, "lab.things")
    assert by_duckdb(where, "SELECT text, word FROM t ORDER BY id") == [("a", None), ("b", "c")]


def test_a_refusal_stands_until_the_contract_changes(program, tmp_path):
    def declare(version, maximum):
        columns = [KEY, f"name: amount, logicalType: integer, logicalTypeOptions: {{maximum: {maximum}}}"]
        text = TEAMS + table("things", columns).replace("1.0.0\nstatus: active\ndomain: lab\nschema", f"{version}\nstatus: active\ndomain: lab\nschema").replace("version: 1.0.0, contractId", f"version: {version}, contractId")
        program("apply", write_mesh(tmp_path / "mesh", text), "--yes")

    rows = write_orders(tmp_path, "id,amount\n1,50\n")
    declare("1.0.0", 10)
    program("publish", "lab.things", rows, "--key", "k", status=1)
    program("publish", "lab.things", rows, "--key", "k", status=1)
    assert program.rows("SELECT count(*) AS n FROM mesh.publishes") == [{"n": 1}], "the second was an answer, not a publish"
    declare("1.1.0", 100)
    assert program.json("publish", "lab.things", rows, "--key", "k")["status"] == "committed"
    assert program.rows("SELECT count(*) AS n FROM lab.things") == [{"n": 1}]


def test_a_rollback_is_a_base_for_what_follows(program, tmp_path):
    apply(program, tmp_path, [KEY, WORD])
    first = program.json("publish", "lab.things", write_orders(tmp_path, "id,word\n1,a\n", "1.csv"))
    program("publish", "lab.things", write_orders(tmp_path, "id,word\n2,b\n", "2.csv"))
    program("rollback", "lab.things", first["snapshot_id"])
    agree(program, "lab.things", [1])
    # The key 2 is free again.
    program("publish", "lab.things", write_orders(tmp_path, "id,word\n2,c\n", "3.csv"))
    agree(program, "lab.things", [1, 2])
    assert program.rows("SELECT word FROM lab.things WHERE id = 2") == [{"word": "c"}]


def test_uniqueness_spans_the_batch_and_the_table(program, tmp_path):
    apply(program, tmp_path, [ID, WORD + ", unique: true"])
    program("publish", "lab.things", write_orders(tmp_path, "id,word\n1,a\n2,\n3,\n", "1.csv"))
    assert program.rows("SELECT count(*) AS n FROM lab.things") == [{"n": 3}], "two that are unknown are not two of the same"
    program("publish", "lab.things", write_orders(tmp_path, "id,word\n4,b\n5,b\n", "2.csv"), status=1)
    program("publish", "lab.things", write_orders(tmp_path, "id,word\n6,a\n", "3.csv"), status=1)
    # What is replaced does not stand in the way.
    program("publish", "lab.things", write_orders(tmp_path, "id,word\n7,a\n", "4.csv"), "--mode", "overwrite")
    assert program.rows("SELECT id FROM lab.things") == [{"id": 7}]


def test_an_upsert_may_not_take_what_is_unique_from_another_row(program, tmp_path):
    apply(program, tmp_path, [KEY, WORD + ", unique: true"])
    program("publish", "lab.things", write_orders(tmp_path, "id,word\n1,a\n2,b\n", "1.csv"))
    program("publish", "lab.things", write_orders(tmp_path, "id,word\n3,a\n", "2.csv"), "--mode", "upsert", status=1)
    program("publish", "lab.things", write_orders(tmp_path, "id,word\n1,a\n2,c\n", "3.csv"), "--mode", "upsert")
    agree(program, "lab.things", [1, 2])


def test_a_failed_publish_leaves_no_file(program, tmp_path):
    apply(program, tmp_path, [KEY, WORD])
    program("publish", "lab.things", write_orders(tmp_path, "id,word\n1,a\n", "1.csv"))
    before = sorted(path for path in (tmp_path / "data").rglob("*") if path.is_file() and path.suffix in (".parquet", ".avro", ".json"))
    for number, text in enumerate(["id,word\n1,again\n", "id,word\nx,y\n", "id,other\n2,b\n", "id,word\n2,b\n2,c\n", ""]):
        program("publish", "lab.things", write_orders(tmp_path, text, f"bad{number}.csv"), status=None)
    after = sorted(path for path in (tmp_path / "data").rglob("*") if path.is_file() and path.suffix in (".parquet", ".avro", ".json"))
    assert after == before
    assert not list((tmp_path / "data" / "staging").glob("*"))
    assert program.rows("SELECT count(*) AS n FROM lab.things") == [{"n": 1}]


def test_an_upload_beyond_the_limit_leaves_nothing(weft, tmp_path):
    with serving(weft, tmp_path / "data", "--upload-max", "1000") as server:
        server.weft()("apply", write_mesh(tmp_path / "mesh", TEAMS + table("things", [KEY, WORD])), "--yes")
        content = b"id,word\n" + b"".join(b"%d,x\n" % number for number in range(1000))
        pieces = (content[at:at + 100] for at in range(0, len(content), 100))
        for body in (content, pieces):  # With its length, and in chunks without one.
            answer = publish(server, "things", body)
            assert (answer.status_code, answer.json()["code"]) == (413, "request.too_large")
        assert not list((tmp_path / "data" / "staging").glob("*"))
        assert publish(server, "things", b"id,word\n1,a\n").status_code == 201
        assert ids(server, "things") == [1]
