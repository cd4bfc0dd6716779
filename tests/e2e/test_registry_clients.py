"""Other people's registry clients, unmodified, against the schema registry."""
import json
import os
import subprocess

import pytest
from confluent_kafka.schema_registry import Schema, SchemaReference, SchemaRegistryClient, record_subject_name_strategy
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from spine import ROOT, serving

ORDER = json.dumps({"type": "record", "name": "Order", "namespace": "shop", "fields": [{"name": "id", "type": "int"}]})
WIDER = json.dumps({"type": "record", "name": "Order", "namespace": "shop", "fields": [
    {"name": "id", "type": "int"}, {"name": "note", "type": "string", "default": ""}]})
BREAKING = json.dumps({"type": "record", "name": "Order", "namespace": "shop", "fields": [{"name": "must", "type": "string"}]})


@pytest.fixture(scope="module")
def server(weft, tmp_path_factory):
    with serving(weft, tmp_path_factory.mktemp("clients") / "data") as server:
        yield server


@pytest.fixture(scope="module")
def client(server):
    return SchemaRegistryClient({"url": server.url + "/registry", "basic.auth.user.info": f"token:{server.token}"})


def value_of(topic):
    return SerializationContext(topic, MessageField.VALUE)


def test_confluents_python_client_registers_looks_up_and_deletes(client):
    schema_id = client.register_schema("py-value", Schema(ORDER, "AVRO"))
    assert client.register_schema("py-value", Schema(ORDER, "AVRO")) == schema_id
    assert json.loads(client.get_schema(schema_id).schema_str) == json.loads(ORDER)
    found = client.lookup_schema("py-value", Schema(ORDER, "AVRO"))
    assert (found.subject, found.version, found.schema_id) == ("py-value", 1, schema_id)
    assert client.register_schema("py-value", Schema(WIDER, "AVRO")) != schema_id
    assert client.get_versions("py-value") == [1, 2] and client.get_latest_version("py-value").version == 2
    assert client.test_compatibility("py-value", Schema(BREAKING, "AVRO")) is False
    with pytest.raises(SchemaRegistryError) as refused:
        client.register_schema("py-value", Schema(BREAKING, "AVRO"))
    assert (refused.value.http_status_code, refused.value.error_code) == (409, 409)
    with pytest.raises(SchemaRegistryError) as missing:
        client.get_latest_version("nobody")
    assert missing.value.error_code == 40401
    client.set_compatibility("py-value", "NONE")
    assert client.get_compatibility("py-value") == "NONE"
    assert client.register_schema("py-value", Schema(BREAKING, "AVRO"))
    assert "py-value" in client.get_subjects()
    assert client.delete_version("py-value", 3) == 3
    assert client.delete_subject("py-value") == [1, 2]
    assert client.delete_subject("py-value", permanent=True) == [1, 2, 3]


def test_confluents_python_client_follows_references(client):
    client.register_schema("ref-customer", Schema(json.dumps({"type": "record", "name": "Customer", "namespace": "shop", "fields": [{"name": "name", "type": "string"}]}), "AVRO"))
    order = json.dumps({"type": "record", "name": "Sale", "namespace": "shop", "fields": [{"name": "who", "type": "shop.Customer"}]})
    schema = Schema(order, "AVRO", [SchemaReference("shop.Customer", "ref-customer", 1)])
    serialize = AvroSerializer(client, schema)
    deserialize = AvroDeserializer(client)
    data = serialize({"who": {"name": "ann"}}, value_of("sales"))
    assert deserialize(data, value_of("sales")) == {"who": {"name": "ann"}}


def test_avro_written_with_an_old_schema_is_read_with_the_new_one(client):
    data = AvroSerializer(client, ORDER)({"id": 7}, value_of("avro"))
    assert data[0] == 0
    assert AvroDeserializer(client, WIDER)(data, value_of("avro")) == {"id": 7, "note": ""}
    normalized = AvroSerializer(client, ORDER, conf={"normalize.schemas": True, "subject.name.strategy": record_subject_name_strategy})
    assert normalized({"id": 8}, value_of("avro"))
    assert "shop.Order" in client.get_subjects()


def test_json_goes_through_its_serializer(client):
    schema = json.dumps({"$schema": "http://json-schema.org/draft-07/schema#", "title": "Order", "type": "object",
                         "properties": {"id": {"type": "integer"}}, "required": ["id"], "additionalProperties": False})
    data = JSONSerializer(schema, client)({"id": 7}, value_of("json"))
    assert JSONDeserializer(schema, schema_registry_client=client)(data, value_of("json")) == {"id": 7}
    narrower = json.loads(schema)
    narrower["required"] = ["id", "more"]
    narrower["properties"]["more"] = {"type": "string"}
    assert client.test_compatibility("json-value", Schema(json.dumps(narrower), "JSON")) is False


def order_message():
    """A message class of a file that imports another one, made without a compiler."""
    base = descriptor_pb2.FileDescriptorProto(name="weft_base.proto", package="shop", syntax="proto3")
    base.message_type.add(name="Base").field.add(name="id", number=1, type=5, label=1)
    file = descriptor_pb2.FileDescriptorProto(name="weft_order.proto", package="shop", syntax="proto3", dependency=["weft_base.proto"])
    message = file.message_type.add(name="Order")
    message.field.add(name="base", number=1, type=11, label=1, type_name=".shop.Base")
    message.field.add(name="note", number=2, type=9, label=1)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(base)
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("shop.Order"))


def test_protobuf_goes_through_its_serializer_with_its_imports(client):
    Order = order_message()
    message = Order(note="n")
    message.base.id = 7
    data = ProtobufSerializer(Order, client, {"use.deprecated.format": False})(message, value_of("proto"))
    answer = ProtobufDeserializer(Order, {"use.deprecated.format": False}, client)(data, value_of("proto"))
    assert (answer.base.id, answer.note) == (7, "n")
    registered = client.get_latest_version("proto-value")
    assert [each.name for each in registered.schema.references] == ["weft_base.proto"]
    assert "message Order" in client.get_version("proto-value", 1).schema.schema_str


def javascript(server, script):
    folder = ROOT / "build/npm"
    environment = {**os.environ, "WEFT_TOKEN": server.token, "NODE_PATH": str(folder / "node_modules")}
    done = subprocess.run([ROOT / "build/venv/bin/node", ROOT / "tests/npm" / script, server.url + "/registry"],
                          capture_output=True, text=True, timeout=120, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_kafkajs_registers_encodes_and_decodes(server):
    out = javascript(server, "kafkajs.js")
    assert (out["avro"], out["json"], out["protobuf"]) == ({"id": 7}, {"id": 8}, {"id": 9, "note": "n"})
    assert out["magic"] == 0 and out["framedId"] and out["latest"] and out["bySchema"]
    assert out["refused"]["status"] == 409 and "incompatible with an earlier schema" in out["refused"]["message"]


def test_confluents_javascript_client_does_its_round(server):
    out = javascript(server, "confluent.js")
    assert out["sameId"] and out["latest"] and out["versions"] == [1] and out["compatible"] is False and out["level"] == "FULL"
    assert (out["avro"], out["json"]) == ({"id": 7}, {"id": 8})
    assert out["subjects"] == ["cjs-avro-value", "cjs-json-value"] and out["deleted"] == [1]
