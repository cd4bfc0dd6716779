"""A schema that a port owns says what the port's contract says, whichever way it arrives."""
import json

import pytest
from spine import MESH, serving, write_mesh
from test_registry import Registry, record

ID = ("id", "long", {})
CUSTOMER = ("customer", "string", {})
AMOUNT = ("amount", ["null", {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}], {"default": None})
DAY = ("day", ["null", {"type": "int", "logicalType": "date"}], {"default": None})
NOTE = ("note", ["null", "string"], {"default": None})
VALUE = "/subjects/:.sales:orders.orders-value/versions"


@pytest.fixture(scope="module")
def server(weft, tmp_path_factory):
    with serving(weft, tmp_path_factory.mktemp("gate") / "data") as server:
        server.weft()("apply", write_mesh(server.data.parent / "mesh"), "--yes")
        yield server


@pytest.fixture
def registry(server):
    with server.client() as client:
        yield Registry(client)


def refusal(registry, schema, language="AVRO", path=VALUE):
    """The message of a registration that is refused, by the same words as the test of compatibility says them."""
    body = {"schema": schema, "schemaType": language}
    answer = registry.send("POST", path, body)
    assert answer.status_code == 409 and answer.json()["error_code"] == 409, answer.text
    verdict = registry.ok("POST", "/compatibility" + path, body, verbose="true")
    assert verdict["is_compatible"] is False and all(reason in answer.json()["message"] for reason in verdict["messages"])
    return answer.json()["message"]


def test_what_the_contract_does_not_declare_is_refused_with_the_patch(registry):
    said = refusal(registry, record(ID, CUSTOMER, AMOUNT, DAY, NOTE))
    assert "c-orders" in said and "- {name: note, logicalType: string}" in said


def test_types_and_required_columns_must_agree(registry):
    assert "contract's column id is long" in refusal(registry, record(("id", "string", {}), CUSTOMER))
    assert "requires column customer" in refusal(registry, record(ID))
    assert "may be null" in refusal(registry, record(ID, ("customer", ["null", "string"], {})))
    assert "describes a record" in refusal(registry, '"string"')


@pytest.mark.parametrize("language, good, bad", [
    ("JSON", {"type": "object", "properties": {"id": {"type": "integer"}, "customer": {"type": "string"}, "day": {"type": "string", "format": "date"}}, "required": ["id", "customer"]},
     {"type": "object", "properties": {"id": {"type": "string"}, "customer": {"type": "string"}}, "required": ["id", "customer"]}),
    ("PROTOBUF", 'syntax = "proto3"; message Order { int64 id = 1; string customer = 2; optional string amount = 3; }',
     'syntax = "proto3"; message Order { int64 id = 1; string customer = 2; bool paid = 3; }')])
def test_each_language_is_held_to_the_contract(registry, language, good, bad):
    as_text = lambda schema: schema if isinstance(schema, str) else json.dumps(schema)
    refusal(registry, as_text(bad), language)
    verdict = registry.ok("POST", "/compatibility" + VALUE, {"schema": as_text(good), "schemaType": language}, verbose="true")
    assert verdict["is_compatible"] is True, verdict


def test_what_agrees_is_registered_and_keys_are_the_primary_key(registry):
    assert registry.register(":.sales:orders.orders-value", record(ID, CUSTOMER, AMOUNT, DAY))
    assert registry.register(":.sales:orders.orders-key", '"long"')
    assert "no part of the contract's primary key" in refusal(registry, record(CUSTOMER), path="/subjects/:.sales:orders.orders-key/versions")
    assert registry.register(":.sales:unowned-value", record(NOTE))


def test_a_contract_may_not_leave_its_subject_behind(server, registry, tmp_path):
    registry.register(":.sales:orders.orders-value", record(ID, CUSTOMER, AMOUNT, DAY))
    gone = MESH.replace("      - {name: day, logicalType: date}\n    quality", "    quality")
    plan = server.weft().json("plan", write_mesh(tmp_path / "mesh", gone), status=1)
    assert any(each["code"] == "contract.subject" and "'day'" in each["message"] for each in plan["problems"])
    more = MESH.replace("      - {name: day, logicalType: date}\n    quality", "      - {name: day, logicalType: date}\n      - {name: note, logicalType: string}\n    quality")
    server.weft()("apply", write_mesh(tmp_path / "more", more), "--yes")
    assert registry.register(":.sales:orders.orders-value", record(ID, CUSTOMER, AMOUNT, DAY, NOTE))


def test_producers_that_lead_may_add_what_may_be_left_out(weft, tmp_path):
    port = "{name: orders, type: table, version: 1.0.0, contractId: c-orders}"
    text = MESH.replace(port, port[:-1] + ", customProperties: [{property: subjects, value: [orders-value]}, {property: schemaSource, value: registry}]}")
    assert text != MESH
    with serving(weft, tmp_path / "data") as server, server.client() as client:
        server.weft()("apply", write_mesh(tmp_path / "mesh", text), "--yes")
        registry = Registry(client)
        assert registry.register(":.sales:orders-value", record(ID, CUSTOMER, NOTE))
        assert "not declared" in refusal(registry, record(ID, CUSTOMER, ("must", "string", {"default": ""})), path="/subjects/:.sales:orders-value/versions")
        wrong = text.replace("value: [orders-value]", "value: [':.finance:orders-value']")
        done = server.weft()("validate", write_mesh(tmp_path / "wrong", wrong), status=1)
        assert "port.subjects" in done.stdout
