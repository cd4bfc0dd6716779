"""Nothing lost, nothing doubled: processes that are killed, publishes that come at once, folders that are copied."""
import concurrent.futures
import os
import pathlib
import re
import subprocess

import httpx
import pytest
from spine import ROOT, Server, Weft, serving, write_mesh, write_orders

FAIL_POINTS = re.findall(r'"([a-z]+\.[a-z_]+)"', (ROOT / "src/base/fail_point.h").read_text().split("kAll")[1].split(";")[0])
MORE = "id,customer,amount,day\n10,zoe,1.00,2026-02-01\n11,yan,2.00,2026-02-01\n"


@pytest.fixture
def program(weft, tmp_path):
    program = Weft(weft, data=tmp_path / "data")
    program("apply", write_mesh(tmp_path / "mesh"), "--yes")
    program("publish", "sales.orders", write_orders(tmp_path))
    return program


def unreferenced(program):
    """Files of the lake that the current snapshot does not reach, and those that it wants and lacks."""
    from pyiceberg.table import StaticTable

    described = program.json("describe", "sales.orders")["table"]
    table = StaticTable.from_metadata(described["metadata_location"])
    wanted = {task.file.file_path.removeprefix("file://") for task in table.scan().plan_files()}
    there = {str(path) for path in pathlib.Path(described["location"].removeprefix("file://")).rglob("*.parquet")}
    return there - wanted, wanted - there


@pytest.mark.parametrize("point", FAIL_POINTS)
def test_killed_at_a_step_of_a_publish_a_table_is_the_old_or_the_new_one(program, tmp_path, point):
    more = write_orders(tmp_path, MORE, "more.csv")
    environment = {**os.environ, "WEFT_FAIL_POINT": point, "HOME": "/nonexistent"}
    died = subprocess.run([program.program, "--data", program.data, "publish", "sales.orders", more, "--key", "k"], env=environment, capture_output=True, timeout=120)
    assert died.returncode < 0, f"{point} was never reached: {died.stderr}"
    count = program.rows("SELECT count(*) AS n FROM sales.orders")[0]["n"]
    assert count in (3, 5)
    lost = unreferenced(program)[1]
    assert not lost
    # The retry finishes the job, or learns that it was done.
    answer = program.json("publish", "sales.orders", more, "--key", "k")
    assert answer["status"] == "committed"
    assert program.rows("SELECT count(*) AS n FROM sales.orders") == [{"n": 5}]
    assert not unreferenced(program)[1]
    program("audit", "verify")
    assert program.rows("SELECT count(*) AS n FROM mesh.audit WHERE action = 'publish.commit'") == [{"n": 2}]


def test_a_killed_server_keeps_what_it_confirmed(weft, tmp_path):
    import signal

    server = Server(weft, tmp_path / "data")
    program = server.weft()
    program("apply", write_mesh(tmp_path / "mesh"), "--yes")
    confirmed = 0
    for number in range(5):
        program("publish", "sales.orders", write_orders(tmp_path, f"id,customer,amount,day\n{number},a,1.00,2026-01-01\n", f"{number}.csv"))
        confirmed += 1
    token = server.token
    server.stop(signal.SIGKILL)
    with serving(weft, tmp_path / "data") as again:
        program = again.weft(token)
        assert program.rows("SELECT count(*) AS n FROM sales.orders") == [{"n": confirmed}]
        program("audit", "verify")


TABLES = 10
PUBLISHES = 200


def many_tables():
    documents = ["{apiVersion: weft/v1, kind: Team, name: t, members: [a@example.com]}", "{apiVersion: weft/v1, kind: Domain, name: d, owner: t, onCall: t}"]
    for number in range(TABLES):
        documents.append(f"""apiVersion: v3.1.0
kind: DataContract
id: c{number}
version: 1.0.0
status: active
domain: d
schema: [{{name: p{number}, logicalType: object, properties: [{{name: id, logicalType: integer, required: true, primaryKey: true, primaryKeyPosition: 1}}]}}]""")
        documents.append(f"{{apiVersion: v1.0.0, kind: DataProduct, id: p{number}, name: p{number}, status: active, domain: d, description: {{purpose: x}}, "
                         f"outputPorts: [{{name: p{number}, type: table, version: 1.0.0, contractId: c{number}}}]}}")
    return "\n---\n".join(documents)


def test_two_hundred_publishes_at_once_all_commit_once(weft, tmp_path):
    with serving(weft, tmp_path / "data") as server:
        program = server.weft()
        program("apply", write_mesh(tmp_path / "mesh", many_tables()), "--yes")
        headers = {"Authorization": f"Bearer {server.token}", "Content-Type": "text/csv"}

        def publish(number):
            table = f"p{number % TABLES}"
            with httpx.Client(base_url=server.url, headers=headers, timeout=300) as client:
                return client.post(f"/v1/products/d/{table}/ports/{table}/publishes", content=f"id\n{number}\n", headers={"Idempotency-Key": f"k{number}"})

        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            answers = list(pool.map(publish, range(PUBLISHES)))
        assert [answer.text for answer in answers if answer.status_code not in (200, 201)] == []
        for number in range(TABLES):
            ids = [row["id"] for row in program.rows(f"SELECT id FROM d.p{number} ORDER BY id")]
            assert ids == list(range(number, PUBLISHES, TABLES))
        program("audit", "verify")


def test_one_folder_has_one_owner(weft, tmp_path):
    with serving(weft, tmp_path / "data") as server:
        done = Weft(weft, data=tmp_path / "data")("products", "list", status=None)
        assert done.returncode != 0 and "store.locked" in done.stderr and server.url in done.stderr


def test_a_backup_is_restored_whole_where_it_came_from(program, tmp_path):
    program("backup", tmp_path / "backup")
    program("publish", "sales.orders", write_orders(tmp_path, MORE, "more.csv"))
    assert "restore.not_empty" in program("restore", tmp_path / "backup", status=1).stderr
    (tmp_path / "data").rename(tmp_path / "moved")
    elsewhere = Weft(program.program, data=tmp_path / "elsewhere")
    assert "restore.place" in elsewhere("restore", tmp_path / "backup", status=1).stderr
    program("restore", tmp_path / "backup")
    assert program.rows("SELECT count(*) AS n FROM sales.orders") == [{"n": 3}]
    program("audit", "verify")
    program("doctor")
    program("publish", "sales.orders", write_orders(tmp_path, MORE, "more.csv"))
    assert program.rows("SELECT count(*) AS n FROM sales.orders") == [{"n": 5}]


def test_a_damaged_backup_is_refused_and_places_nothing(program, tmp_path):
    program("backup", tmp_path / "backup")
    (tmp_path / "data").rename(tmp_path / "moved")
    victim = next((tmp_path / "backup").rglob("*.parquet"))
    body = bytearray(victim.read_bytes())
    body[len(body) // 2] ^= 1
    victim.unlink()
    victim.write_bytes(body)
    done = program("restore", tmp_path / "backup", status=None)
    assert done.returncode != 0 and "restore.damaged" in done.stderr and victim.name in done.stderr
    assert not (tmp_path / "data").exists()


def test_doctor_finds_what_is_broken(program):
    program("doctor")
    for path in pathlib.Path(program.data).rglob("*.metadata.json"):
        path.rename(path.with_suffix(".gone"))
    done = program("doctor", status=1)
    assert "failed" in done.stdout and "lake.tables" in done.stdout
