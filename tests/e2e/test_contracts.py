"""`weft contract`: checks, differences, exports; what they say is held against other people's readers."""
import json
import pathlib
import subprocess

import duckdb
import fastavro
import jsonschema
import pytest
import yaml

CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: c-orders
version: 1.0.0
status: active
domain: sales
name: orders
schema:
  - name: orders
    logicalType: object
    description: Orders of the shop
    properties:
      - {name: id, logicalType: integer, logicalTypeOptions: {format: i64}, required: true, primaryKey: true, primaryKeyPosition: 1, description: "It's a \\"number\\""}
      - {name: customer, logicalType: string, required: true, logicalTypeOptions: {maxLength: 40}}
      - {name: amount, logicalType: number, physicalType: 'decimal(12,2)', logicalTypeOptions: {minimum: 0}}
      - {name: day, logicalType: date}
      - {name: seen, logicalType: timestamp}
      - {name: tags, logicalType: array, items: {logicalType: string}}
      - {name: address, logicalType: object, properties: [{name: city, logicalType: string, required: true}, {name: zip, logicalType: string}]}
"""


@pytest.fixture
def run(weft):
    def call(*arguments, text_in=None, status=0):
        done = subprocess.run([weft, *map(str, arguments)], input=text_in, capture_output=True, text=True, timeout=120)
        assert done.returncode == status, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    return call


@pytest.fixture
def contract(tmp_path):
    path = tmp_path / "orders.yaml"
    path.write_text(CONTRACT)
    return path


def test_lint_names_file_line_and_column(run, tmp_path, contract):
    run("contract", "lint", contract)
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(CONTRACT.replace("logicalType: date", "logicalType: day").replace("status: active\n", ""))
    done = run("contract", "lint", contract, wrong, status=1)
    line = 1 + wrong.read_text().splitlines().index("      - {name: day, logicalType: day}")
    assert f"{wrong}:{line}:" in done.stdout and "status" in done.stdout
    assert json.loads(run("contract", "lint", "--sarif", wrong, status=1).stdout)["version"] == "2.1.0"
    assert run("contract", "lint", "--github", wrong, status=1).stdout.startswith("::error file=")
    run("contract", "lint", tmp_path / "nothing.yaml", status=2)


def test_lint_lines_agree_with_the_standards_schema(run, weft):
    folder = pathlib.Path(__file__).resolve().parents[2] / "src/formats/standard"
    document = yaml.safe_load(CONTRACT)
    mutants = [document]
    for key in list(document):
        mutants.append({k: v for k, v in document.items() if k != key})
        for value in (None, 7, "text", [], {}, [1], {"x": 1}, True):
            mutants.append({**document, key: value})
    fields = document["schema"][0]["properties"]
    for i, field in enumerate(fields):
        for key in list(field) + ["unknown", "tags", "primaryKeyPosition", "unique"]:
            for value in (None, -1, "x", [], {}, ["a", "a"]):
                changed = json.loads(json.dumps(document))
                changed["schema"][0]["properties"][i][key] = value
                mutants.append(changed)
    lines, wanted = [], []
    for version in ("v3.0.0", "v3.0.2", "v3.1.0", "v3.2.0"):
        schema = json.loads((folder / f"odcs_{version[1:].replace('.', '_')}.json").read_text())
        validator = jsonschema.validators.Draft201909Validator(schema)
        for mutant in mutants:
            if mutant.get("apiVersion") == document["apiVersion"]:
                mutant = {**mutant, "apiVersion": version}
            if version.startswith("v3.0"):
                mutant = json.loads(json.dumps(mutant).replace('"timestamp"', '"date"'))
            lines.append(json.dumps({"apiVersion": version, "doc": mutant}))
            wanted.append(validator.is_valid(mutant))
    done = run("contract", "lint", "--jsonl", text_in="\n".join(lines) + "\n", status=1)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(lines) and 100 < sum(wanted) < len(wanted) - 100
    for line, answer, valid in zip(lines, answers, wanted):
        assert answer["valid"] is valid, (line, answer)
        assert answer["problems"] or answer["conforms"]


def test_diff_weighs_changes_and_asks_for_the_version(run, tmp_path, contract):
    new = tmp_path / "new.yaml"
    new.write_text(CONTRACT.replace("maxLength: 40", "maxLength: 30").replace("version: 1.0.0", "version: 1.1.0"))
    answer = json.loads(run("-o", "json", "contract", "diff", contract, new, status=1).stdout)
    assert answer["verdict"] == "breaking" and answer["changes"][0]["code"] == "options.tightened"
    assert answer["changes"][0]["where"] == "orders.customer.maxLength" and "2.0.0" in answer["version_problem"]
    new.write_text(CONTRACT.replace("maxLength: 40", "maxLength: 30").replace("version: 1.0.0", "version: 2.0.0"))
    run("contract", "diff", contract, new)
    run("contract", "diff", contract, new, "--fail-on", "breaking", status=1)
    assert "### Breaking" in run("contract", "changelog", contract, new).stdout
    rules = json.loads(run("-o", "json", "contract", "rules").stdout)
    assert {each["weight"] for each in rules} == {"breaking", "additive", "documentation"}


def export(run, contract, *arguments):
    return run("contract", "export", contract, "--to", *arguments).stdout


def test_an_exported_json_schema_takes_what_the_contract_takes(run, contract):
    schema = json.loads(export(run, contract, "json-schema"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    good = {"id": 1, "customer": "ann", "amount": None, "tags": ["a"], "address": {"city": "Rome", "zip": None}}
    assert validator.is_valid(good)
    for bad in ({"customer": "ann"}, {**good, "customer": "x" * 41}, {**good, "amount": -1}, {**good, "address": {"zip": "1"}}):
        assert not validator.is_valid(bad), bad


def test_an_exported_avro_schema_is_read_by_others(run, contract):
    schema = fastavro.parse_schema(json.loads(export(run, contract, "avro")))
    assert schema["name"] == "sales.orders"
    assert fastavro.validate({"id": 1, "customer": "a", "amount": None, "day": None, "seen": None, "tags": ["x"], "address": {"city": "c", "zip": None}}, schema)


def test_exported_ddl_makes_a_table_that_holds_to_the_contract(run, contract):
    ddl = export(run, contract, "sql", "--dialect", "duckdb")
    database = duckdb.connect()
    database.execute(ddl)
    database.execute("INSERT INTO orders (id, customer, amount) VALUES (1, 'ann', 1.5)")
    for bad in ("(1, 'again', 1)", "(2, NULL, 1)", "(3, 'bob', -1)"):
        with pytest.raises(duckdb.ConstraintException):
            database.execute(f"INSERT INTO orders (id, customer, amount) VALUES {bad}")
    for dialect in ("postgres", "spark", "trino"):
        assert "CREATE TABLE" in export(run, contract, "sql", "--dialect", dialect)


def test_the_other_exports_are_whole_and_say_what_they_leave_out(run, contract):
    done = run("contract", "export", contract, "--to", "protobuf")
    assert 'syntax = "proto3";' in done.stdout and "message Orders {" in done.stdout and "left out: orders.customer: option maxLength" in done.stderr
    models = yaml.safe_load(export(run, contract, "dbt"))
    assert [column["name"] for column in models["models"][0]["columns"]][:2] == ["id", "customer"]
    assert "| `address.city` |" in run("contract", "docs", contract).stdout
    assert "&quot;number&quot;" in run("contract", "docs", "--html", contract).stdout
    run("contract", "export", contract, "--to", "avro", "--object", "nobody", status=2)


def test_files_are_held_to_a_declared_contract_without_a_change(weft, tmp_path):
    import xml.etree.ElementTree

    from spine import Weft, write_mesh, write_orders

    program = Weft(weft, data=tmp_path / "data")
    program("apply", write_mesh(tmp_path / "mesh"), "--yes")
    good, bad = write_orders(tmp_path), write_orders(tmp_path, "id,customer,amount,day\n1,,5,2026-01-01\n1,bob,-2,2026-01-01\n", "bad.csv")
    answer = program.json("contract", "test", "sales.orders", good)
    assert answer["status"] == "passed" and answer["rows_read"] == 3 and answer["checks"] and answer["problems"] == []
    answer = program.json("contract", "test", "sales.orders", bad, status=1)
    assert answer["status"] == "failed" and {"customer", "amount"} <= {each["column"] for each in answer["problems"]}
    ragged = write_orders(tmp_path, "id,customer\n1,ann,more\n", "ragged.csv")
    report = xml.etree.ElementTree.fromstring(program("contract", "test", "sales.orders", good, bad, ragged, "--junit", status=1).stdout)
    suites = {suite.get("name"): suite for suite in report}
    assert int(suites[str(good)].get("failures")) == 0 and int(suites[str(good)].get("tests")) == len(suites[str(good)])
    assert int(suites[str(bad)].get("failures")) == len(suites[str(bad)].findall("testcase/failure")) >= 2
    assert int(suites[str(ragged)].get("failures")) >= 1
    assert program("contract", "test", "sales.orders", bad, "--github", status=1).stdout.startswith(f"::error file={bad},line=")
    assert json.loads(program("contract", "test", "sales.orders", bad, "--sarif", status=1).stdout)["runs"][0]["results"]
    assert program.rows("SELECT count(*) AS n FROM sales.orders") == [{"n": 0}]
    assert program.json("publishes", "list") == [] and not list((tmp_path / "data" / "lake").rglob("*.parquet"))
    program("contract", "test", "sales.nobody", good, status=1)
