"""The main job, in process and over HTTP: the same answers through both."""
import pytest
from spine import ORDERS, Weft, serving, write_mesh, write_orders


@pytest.fixture(params=["data", "url"])
def mesh(request, weft, tmp_path):
    """A mesh with its documents applied and orders published, through either door."""
    folder, orders = write_mesh(tmp_path / "mesh"), write_orders(tmp_path)
    if request.param == "data":
        program = Weft(weft, data=tmp_path / "data")
        program("apply", folder, "--yes")
        program("publish", "sales.orders", orders)
        yield program
        return
    with serving(weft, tmp_path / "data") as server:
        program = server.weft()
        program("apply", folder, "--yes")
        program("publish", "sales.orders", orders)
        yield program


def test_init_scaffolds_a_mesh_that_validates(weft, tmp_path):
    program = Weft(weft, data=tmp_path / "data")
    program("init", tmp_path / "mesh")
    program("validate", tmp_path / "mesh")
    assert not (tmp_path / "data").exists(), "validate needs no mesh folder"


def test_validate_reports_all_problems_with_their_places(weft, tmp_path):
    folder = write_mesh(tmp_path / "mesh")
    (folder / "bad.yaml").write_text("{apiVersion: weft/v1, kind: Domain, name: ops, owner: shop_tem, onCall: shop_team}\n---\n{apiVersion: weft/v1, kind: Team, nam: x}\n")
    done = Weft(weft, data=tmp_path / "data")("validate", folder, status=1)
    assert "bad.yaml:1:" in done.stdout and "shop_team" in done.stdout
    assert "bad.yaml:3:" in done.stdout


def test_validate_could_not_run_on_a_missing_folder(weft, tmp_path):
    Weft(weft, data=tmp_path / "data")("validate", tmp_path / "nowhere", status=2)


def test_published_rows_come_back(mesh):
    rows = mesh.rows("SELECT id, customer, amount, day FROM sales.orders ORDER BY id")
    assert [row["id"] for row in rows] == [1, 2, 3]
    assert str(rows[0]["amount"]) in ("10.5", "10.50") and rows[2]["amount"] is None
    assert rows[0]["day"] == "2026-01-01"


def test_names_resolve_at_two_and_three_levels(mesh):
    for name in ("sales.orders", "sales.orders.orders", '"sales"."orders"'):
        assert mesh.rows(f"SELECT count(*) AS n FROM {name}") == [{"n": 3}]


def test_a_view_shows_its_rows(mesh):
    assert [row["id"] for row in mesh.rows("SELECT id FROM finance.daily.large")] == [2]


def test_a_pipeline_publishes_with_lineage(mesh):
    mesh("run", "daily")
    rows = mesh.rows("SELECT day, orders FROM finance.daily ORDER BY day")
    assert [row["orders"] for row in rows] == [2, 1]
    tree = mesh("lineage", "finance.daily.amount", "--upstream").stdout
    assert "sales.orders" in tree and "amount" in tree


def test_a_bad_batch_is_refused_with_every_reason_and_changes_nothing(mesh, tmp_path):
    bad = write_orders(tmp_path, "id,customer,amount,day\n1,x,-5,2026-01-01\n4,,1,2026-01-01\n5,ok,many,2026-01-01\n5,ok,1,2026-13-01\n", "bad.csv")
    done = mesh("publish", "sales.orders", bad, status=1)
    said = done.stdout + done.stderr
    for reason in ("amount", "customer", "day", "publish.refused"):
        assert reason in said, said
    assert mesh.rows("SELECT count(*) AS n FROM sales.orders") == [{"n": 3}]


def test_a_second_publish_appends_and_at_reads_the_first_snapshot(mesh, tmp_path):
    first = mesh.rows("SELECT snapshot_id FROM mesh.publishes WHERE status = 'committed'")[0]["snapshot_id"]
    mesh("publish", "sales.orders", write_orders(tmp_path, ORDERS.replace("1,", "11,", 1).replace("2,bob", "12,bob").replace("3,cid", "13,cid"), "more.csv"))
    assert mesh.rows("SELECT count(*) AS n FROM sales.orders") == [{"n": 6}]
    assert mesh.rows(f"SELECT count(*) AS n FROM sales.orders AT (VERSION => {first})") == [{"n": 3}]


def test_upsert_replaces_by_primary_key(mesh, tmp_path):
    mesh("publish", "sales.orders", write_orders(tmp_path, "id,customer,amount,day\n2,bob,1.00,2026-01-01\n9,new,2.00,2026-01-03\n", "up.csv"), "--mode", "upsert")
    rows = mesh.rows("SELECT id, customer FROM sales.orders ORDER BY id")
    assert [row["id"] for row in rows] == [1, 2, 3, 9]


def test_an_idempotency_key_makes_a_repeat_a_no_op(mesh, tmp_path):
    more = write_orders(tmp_path, "id,customer,amount,day\n7,gus,1.00,2026-01-01\n", "more.csv")
    one = mesh.json("publish", "sales.orders", more, "--key", "k1")
    two = mesh.json("publish", "sales.orders", more, "--key", "k1")
    assert one == two
    assert mesh.rows("SELECT count(*) AS n FROM sales.orders") == [{"n": 4}]
    other = write_orders(tmp_path, "id,customer,amount,day\n8,hal,1.00,2026-01-01\n", "other.csv")
    assert "publish.key_conflict" in mesh("publish", "sales.orders", other, "--key", "k1", status=1).stderr


def test_plan_shows_nothing_after_apply_and_what_a_dropped_column_breaks(mesh, tmp_path):
    mesh("plan", tmp_path / "mesh")
    path = tmp_path / "mesh" / "mesh.yaml"
    path.write_text(path.read_text().replace("      - {name: day, logicalType: date}\n", "", 1))
    done = mesh("plan", tmp_path / "mesh", status=None)
    said = done.stdout + done.stderr
    assert "day" in said and "finance" in said, said


def test_facts_are_tables(mesh):
    for table in ("domains", "products", "ports", "contracts", "columns", "publishes", "checks", "dead_letters", "queries", "accesses", "lineage_columns", "audit", "revisions"):
        mesh.rows(f"SELECT * FROM mesh.{table} LIMIT 5")
    assert mesh.rows("SELECT count(*) AS n FROM mesh.products") == [{"n": 2}]


def test_the_audit_verifies(mesh):
    mesh("audit", "verify")


def test_history_lists_the_revision(mesh):
    assert len(mesh.json("history")) >= 1
