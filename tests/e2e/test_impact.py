"""A change of a contract is judged by those who were observed to read the port."""
import pytest
from spine import MESH, serving, write_mesh, write_orders


@pytest.fixture(scope="module")
def server(weft, tmp_path_factory):
    folder = tmp_path_factory.mktemp("impact")
    with serving(weft, folder / "data") as server:
        program = server.weft()
        program("apply", write_mesh(folder / "mesh"), "--yes")
        program("publish", "sales.orders", write_orders(folder))
        fay = program.json("token", "create", "--principal", "fay@example.com", "--name", "fay")["token"]
        for _ in range(3):
            server.weft(fay).rows("SELECT customer FROM sales.orders")
        server.weft(fay).rows("SELECT count(*) AS n FROM sales.orders")
        yield server


def contract(text):
    """The orders contract of the mesh, changed."""
    return next(part for part in text.split("---") if "id: c-orders" in part)


def proposed(tmp_path, *edits):
    text = MESH
    for before, after in edits:
        assert before in text
        text = text.replace(before, after, 1)
    (tmp_path / "proposed.yaml").write_text(contract(text))
    write_mesh(tmp_path / "mesh", text)
    return tmp_path / "proposed.yaml"


CUSTOMER = "      - {name: customer, logicalType: string, required: true, logicalTypeOptions: {maxLength: 40}}\n"
DAY = "      - {name: day, logicalType: date}\n    quality"


def impact(server, file, status):
    return server.weft().json("impact", "sales.orders", "--proposed", file, status=status)


def test_a_column_that_somebody_reads_cannot_go(server, tmp_path):
    file = proposed(tmp_path, (CUSTOMER, ""))
    answer = impact(server, file, 1)
    assert answer["verdict"] == "refused"
    [query] = answer["consumers"]
    assert (query["kind"], query["principal"], query["uses"], query["column"]) == ("query", "fay@example.com", 3, "customer")
    assert query["breaks"] is True and "customer" in query["why"]
    plan = server.weft().json("plan", tmp_path / "mesh", status=1)
    [problem] = [each for each in plan["problems"] if each["code"] == "contract.breaks_consumers"]
    assert "fay@example.com" in problem["message"] and "3 times" in problem["message"]
    revision = server.weft().json("history")[0]["revision"]
    server.weft()("apply", tmp_path / "mesh", "--yes", status=1)
    assert server.weft().json("history")[0]["revision"] == revision


def test_pipelines_and_views_are_named_with_their_owners(server, tmp_path):
    answer = impact(server, proposed(tmp_path, (DAY, "    quality")), 1)
    assert [(each["kind"], each["name"], each["owner"], each["column"]) for each in answer["consumers"]] == [("pipeline", "daily", "finance", "day")]
    amount = "      - {name: amount, logicalType: number, physicalType: 'decimal(12,2)', logicalTypeOptions: {minimum: 0}}\n"
    answer = impact(server, proposed(tmp_path, (amount, "")), 1)
    assert {(each["kind"], each["name"]) for each in answer["consumers"]} == {("pipeline", "daily"), ("view", "finance.daily.large")}


def test_a_wider_type_is_accepted_with_a_notice_to_those_who_see_it(server, tmp_path):
    answer = impact(server, proposed(tmp_path, ("decimal(12,2)', logicalTypeOptions: {minimum: 0}", "decimal(14,2)', logicalTypeOptions: {minimum: 0}"), ("version: 1.0.0\nstatus: active\ndomain: sales", "version: 1.1.0\nstatus: active\ndomain: sales")), 0)
    assert answer["verdict"] == "accept with notice"
    assert {each["name"] for each in answer["consumers"]} >= {"finance.daily.large"} and not any(each["breaks"] for each in answer["consumers"])


def test_what_hurts_nobody_is_accepted(server, tmp_path):
    more = DAY.replace("    quality", "      - {name: note, logicalType: string}\n    quality")
    file = proposed(tmp_path, (DAY, more), ("version: 1.0.0\nstatus: active\ndomain: sales", "version: 1.1.0\nstatus: active\ndomain: sales"))
    answer = impact(server, file, 0)
    assert answer["verdict"] == "accept" and answer["consumers"] == [] and answer["observed"] >= 4
    assert [each["code"] for each in answer["changes"]] == ["field.added"]


def test_a_breaking_text_that_nobody_reads_needs_a_new_major(server, tmp_path):
    unread = ("{minimum: 0}}", "{minimum: 0}, classification: confidential}")
    answer = impact(server, proposed(tmp_path, unread), 1)
    assert answer["verdict"] == "needs new major" and "2.0.0" in answer["reasons"][0]
    assert server.weft().json("plan", tmp_path / "mesh")["notices"]
    server.weft()("plan", tmp_path / "mesh", "--fail-on", "breaking", status=1)


def test_only_who_answers_for_the_product_sees_who_reads_it(server, tmp_path):
    file = proposed(tmp_path, (CUSTOMER, ""))
    fay = server.weft().json("token", "create", "--principal", "fay@example.com", "--name", "fay2")["token"]
    done = server.weft(fay)("impact", "sales.orders", "--proposed", file, status=1)
    assert "access.denied" in done.stderr
    ada = server.weft().json("token", "create", "--principal", "ada@example.com", "--name", "ada2")["token"]
    assert server.weft(ada).json("impact", "sales.orders", "--proposed", file, status=1)["verdict"] == "refused"


def test_a_proposal_that_is_none_is_refused(server, tmp_path):
    (tmp_path / "wrong.yaml").write_text("kind: DataContract\napiVersion: v3.1.0\nid: c-nobody\nversion: 1.0.0\nstatus: active\ndomain: sales\n")
    assert "contract.unknown" in server.weft()("impact", "sales.orders", "--proposed", tmp_path / "wrong.yaml", status=1).stderr
    (tmp_path / "wrong.yaml").write_text("a: [")
    server.weft()("impact", "sales.orders", "--proposed", tmp_path / "wrong.yaml", status=None)


SECOND = """
apiVersion: v3.1.0
kind: DataContract
id: c-orders-2
version: 2.0.0
status: active
domain: sales
schema:
  - name: orders
    logicalType: object
    properties:
      - {name: id, logicalType: integer, logicalTypeOptions: {format: i64}, required: true, primaryKey: true, primaryKeyPosition: 1}
      - {name: buyer, logicalType: string, required: true}
"""


def test_the_change_made_right_is_a_second_major_beside_the_first(server, tmp_path):
    port = "{name: orders, type: table, version: 1.0.0, contractId: c-orders}"
    text = MESH.replace(f"outputPorts: [{port}]", f"outputPorts: [{{name: orders, type: table, version: 2.0.0, contractId: c-orders-2}}, {port}]") + "---" + SECOND
    program = server.weft()
    assert program.json("plan", write_mesh(tmp_path / "mesh", text))["breaking"] == []
    program("apply", tmp_path / "mesh", "--yes")
    (tmp_path / "new.csv").write_text("id,buyer\n7,eve\n")
    program("publish", "sales.orders.orders__v2", tmp_path / "new.csv")
    assert program.rows("SELECT buyer FROM sales.orders.orders__v2") == [{"buyer": "eve"}]
    assert program.rows('SELECT buyer FROM sales."orders__orders__v2"') == [{"buyer": "eve"}]
    assert program.rows("SELECT count(*) AS n FROM sales.orders") == [{"n": 3}]  # The plain name stays with the oldest.
    program("validate", write_mesh(tmp_path / "twice", text.replace("version: 2.0.0, contractId: c-orders-2", "version: 1.5.0, contractId: c-orders-2")), status=1)
