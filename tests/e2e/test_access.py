"""Default deny, and what SQL may not do."""
import pytest
from spine import Weft, serving, write_mesh, write_orders


@pytest.fixture(scope="module")
def server(weft, tmp_path_factory):
    folder = tmp_path_factory.mktemp("access")
    with serving(weft, folder / "data") as server:
        program = server.weft()
        program("apply", write_mesh(folder / "mesh"), "--yes")
        program("publish", "sales.orders", write_orders(folder))
        yield server


def token_of(server, principal):
    return server.weft().json("token", "create", "--principal", principal, "--name", principal)["token"]


def ask(server, sql, token=None, **body):
    with server.client(token) as client:
        return client.post("/v1/query", json={"sql": sql, **body})


def test_without_a_token_nothing_is_answered(server):
    import httpx

    answer = httpx.post(server.url + "/v1/query", json={"sql": "SELECT 1"})
    assert answer.status_code == 401 and answer.json()["code"] == "auth.required"
    answer = httpx.post(server.url + "/v1/query", json={"sql": "SELECT 1"}, headers={"Authorization": "Bearer weft_nonsense"})
    assert answer.status_code == 401


def test_a_stranger_reads_nothing_and_is_told_why(server):
    answer = ask(server, "SELECT * FROM sales.orders", token_of(server, "stranger@example.com"))
    assert answer.status_code == 403 and answer.json()["code"] == "access.denied"
    assert "no grant" in answer.json()["why"]


def test_a_grant_to_a_domain_serves_those_who_work_in_it(server):
    assert ask(server, "SELECT count(*) AS n FROM sales.orders", token_of(server, "fay@example.com")).json()["rows"] == [[3]]


def test_a_view_is_decided_for_the_reader_and_read_as_its_owner(server):
    assert ask(server, "SELECT * FROM finance.daily.large", token_of(server, "ada@example.com")).status_code == 403
    assert ask(server, "SELECT * FROM finance.daily.large", token_of(server, "fay@example.com")).status_code == 200


def test_denials_are_in_the_audit(server):
    ask(server, "SELECT * FROM sales.orders", token_of(server, "nosy@example.com"))
    rows = ask(server, "SELECT actor, outcome FROM mesh.audit WHERE action = 'access.deny' AND actor = 'nosy@example.com'").json()["rows"]
    assert rows and rows[0][1] == "denied"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_blob('/etc/passwd')",
        "SELECT * FROM read_parquet('weft://0')",
        "SELECT * FROM parquet_metadata('weft://0')",
        "SELECT * FROM glob('/*')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM 'x.csv'",
        "SELECT * FROM query('SELECT 1')",
        "SELECT * FROM query_table('orders')",
        "SELECT json_execute_serialized_sql('x')",
        "SELECT * FROM json_execute_serialized_sql('{}')",
        "SELECT getenv('HOME')",
        "SELECT current_setting('threads')",
        "SELECT getvariable('x')",
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM duckdb_secrets()",
        "SELECT * FROM duckdb_tables()",
        "SELECT * FROM pragma_version()",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM pg_catalog.pg_class",
        "SELECT * FROM weft_scan(0)",
        "SELECT nextval('s')",
        "COPY (SELECT 1) TO '/tmp/x.csv'",
        "ATTACH ':memory:' AS x",
        "SET threads = 9",
        "SET VARIABLE x = 1",
        "RESET threads",
        "PRAGMA version",
        "CALL enable_logging()",
        "CALL pragma_version()",
        "INSTALL httpfs",
        "LOAD httpfs",
        "CREATE TABLE t AS SELECT 1",
        "CREATE MACRO m(x) AS x",
        "CREATE TEMPORARY SECRET s (TYPE s3)",
        "INSERT INTO sales.orders VALUES (1)",
        "DELETE FROM sales.orders",
        "DROP TABLE sales.orders",
        "SELECT 1; SELECT 2",
        "EXPORT DATABASE '/tmp/x'",
        "CHECKPOINT",
        "BEGIN",
        "PREPARE p AS SELECT 1",
        "EXECUTE p",
        "",
    ],
)
def test_sql_that_is_not_a_governed_select_is_refused(server, sql):
    answer = ask(server, sql)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.json()["code"], answer.text


@pytest.mark.parametrize(
    "sql,code",
    [
        ("SELECT * FROM sales.order", "product.unknown"),
        ("SELECT nope FROM sales.orders", "sql.unknown_column"),
        ("SELEC 1", "sql.syntax"),
        ("SELECT " + "(" * 10_000 + "1" + ")" * 10_000, "sql.too_deep"),
        ("SELECT '" + "x" * 10_000_000 + "'", "sql.too_long"),
    ],
)
def test_wrong_sql_gets_its_own_code(server, sql, code):
    answer = ask(server, sql)
    assert answer.status_code >= 400 and answer.json()["code"] == code, answer.text[:400]


def test_a_user_without_rights_sees_no_others_facts(server):
    token = token_of(server, "stranger@example.com")
    rows = ask(server, "SELECT DISTINCT principal FROM mesh.queries", token).json()["rows"]
    assert rows == [] or rows == [["stranger@example.com"]]
    assert ask(server, "SELECT count(*) AS n FROM mesh.audit WHERE actor <> 'stranger@example.com'", token).json()["rows"] == [[0]]


def test_in_process_as_narrows(weft, tmp_path):
    folder = write_mesh(tmp_path / "mesh")
    Weft(weft, data=tmp_path / "data")("apply", folder, "--yes")
    done = Weft(weft, data=tmp_path / "data", name="stranger@example.com")("query", "SELECT * FROM sales.orders", status=1)
    assert "access.denied" in done.stderr
    assert Weft(weft, data=tmp_path / "data", name="stranger@example.com")("apply", write_mesh(tmp_path / "more", "{apiVersion: weft/v1, kind: Team, name: t, members: [x@example.com]}"), "--yes", status=None).returncode == 1
