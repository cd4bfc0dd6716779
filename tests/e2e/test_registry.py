"""The schema registry by the words of its REST API: statuses, error codes, order of deletion, contexts, modes."""
import concurrent.futures
import json
import os
import urllib.parse

import pytest
from spine import serving, write_mesh

STRING = '"string"'


def record(*fields, name="Order"):
    return json.dumps({"type": "record", "name": name, "fields": [{"name": n, "type": t, **more} for n, t, more in fields]})


V1 = record(("id", "int", {}))
V2 = record(("id", "int", {}), ("note", "string", {"default": ""}))
NOT_BACKWARD = record(("id", "int", {}), ("must", "string", {}))


class Registry:
    def __init__(self, client, prefix="/registry"):
        self.client, self.prefix = client, prefix

    def send(self, method, path, body=None, **query):
        return self.client.request(method, self.prefix + path, json=body, params=query)

    def ok(self, method, path, body=None, **query):
        answer = self.send(method, path, body, **query)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/vnd.schemaregistry.v1+json"
        return answer.json()

    def code(self, method, path, body=None, **query):
        """The error code of a refusal, whose first digits are the status."""
        answer = self.send(method, path, body, **query)
        assert answer.status_code >= 400, answer.text
        said = answer.json()
        assert said["message"] and str(said["error_code"])[:3] == str(answer.status_code), answer.text
        return said["error_code"]

    def register(self, subject, schema, language="AVRO", **more):
        body = {"schema": schema, **({"schemaType": language} if language != "AVRO" else {}), **more}
        return self.ok("POST", f"/subjects/{urllib.parse.quote(subject, safe='')}/versions", body)["id"]


@pytest.fixture(scope="module")
def server(weft, tmp_path_factory):
    with serving(weft, tmp_path_factory.mktemp("registry") / "data") as server:
        server.weft()("apply", write_mesh(server.data.parent / "mesh"), "--yes")
        yield server


@pytest.fixture
def registry(server, request):
    """The registry in a context of this test's own, below its path."""
    with server.client() as client:
        yield Registry(client, f"/registry/contexts/.{request.node.name.replace('[', '_').replace(']', '')}")


@pytest.fixture
def root(server):
    with server.client() as client:
        yield Registry(client)


def test_a_schema_has_one_id_wherever_it_is_registered(root):
    one, other = root.register("ids-a", V1), root.register("ids-b", V1)
    assert one == other and root.register("ids-a", V1) == one
    assert root.ok("GET", "/subjects/ids-a/versions") == [1]
    found = root.ok("GET", f"/schemas/ids/{one}")
    assert json.loads(found["schema"]) == json.loads(V1) and "schemaType" not in found
    assert root.ok("GET", f"/schemas/ids/{one}/subjects") == ["ids-a", "ids-b"]
    assert root.ok("GET", f"/schemas/ids/{one}/versions") == [{"subject": "ids-a", "version": 1}, {"subject": "ids-b", "version": 1}]
    text = root.send("GET", f"/schemas/ids/{one}/schema")
    assert json.loads(text.text) == json.loads(V1)
    guid = found["guid"]
    assert root.ok("GET", f"/schemas/guids/{guid}")["schema"] == found["schema"]
    assert root.ok("GET", f"/schemas/guids/{guid}/ids") == [{"context": ".", "id": one}]
    assert root.ok("GET", f"/schemas/ids/{one}", fetchMaxId="true")["maxId"] >= one


def test_a_version_is_read_by_number_latest_and_minus_one(root):
    root.register("read", V1)
    newest = root.register("read", V2)
    for version in ("2", "latest", "-1"):
        entry = root.ok("GET", f"/subjects/read/versions/{version}")
        assert (entry["subject"], entry["version"], entry["id"]) == ("read", 2, newest)
    assert json.loads(root.send("GET", "/subjects/read/versions/1/schema").text) == json.loads(V1)
    for wrong in ("0", "-2", "first", "2147483648", "1.5"):
        assert root.code("GET", f"/subjects/read/versions/{wrong}") == 42202, wrong
    assert root.code("GET", "/subjects/read/versions/3") == 40402
    assert root.code("GET", "/subjects/nobody/versions/1") == 40401
    assert root.code("GET", "/subjects/nobody/versions") == 40401
    assert root.code("GET", "/schemas/ids/999999") == 40403
    assert root.code("GET", "/schemas/ids/abc") == 40403


def test_a_look_up_finds_what_is_registered(root):
    schema_id = root.register("look", V1)
    spaced = json.dumps(json.loads(V1), indent=3)
    assert root.ok("POST", "/subjects/look", {"schema": spaced})["id"] == schema_id
    assert root.code("POST", "/subjects/look", {"schema": V2}) == 40403
    assert root.code("POST", "/subjects/nobody", {"schema": V1}) == 40401
    assert root.code("POST", "/subjects/look", {"schema": "{"}) == 42201


@pytest.mark.parametrize("level, forward_ok, backward_ok", [
    ("NONE", True, True), ("BACKWARD", False, True), ("FORWARD", True, False), ("FULL", False, False)])
def test_each_level_judges_in_its_direction(registry, level, forward_ok, backward_ok):
    registry.ok("PUT", "/config", {"compatibility": level})
    registry.register("levels", V1)
    widened = record(("id", "long", {}))  # Reads old data; old readers do not read it.
    assert registry.ok("POST", "/compatibility/subjects/levels/versions/latest", {"schema": widened})["is_compatible"] is backward_ok
    assert registry.ok("POST", "/compatibility/subjects/levels/versions", {"schema": NOT_BACKWARD})["is_compatible"] is forward_ok
    if not forward_ok:
        assert registry.code("POST", "/subjects/levels/versions", {"schema": NOT_BACKWARD}) == 409


def test_a_transitive_level_looks_at_all_versions(registry):
    first = record(("a", "int", {}))
    second = record(("b", "int", {"default": 0}))
    third = record(("b", "int", {"default": 0}), ("a", "string", {"default": ""}))
    registry.register("all", first)
    registry.register("all", second)
    assert registry.ok("POST", "/compatibility/subjects/all/versions", {"schema": third})["is_compatible"] is True
    registry.ok("PUT", "/config/:.x:all".replace(":.x:", ""), {"compatibility": "BACKWARD_TRANSITIVE"})
    verdict = registry.ok("POST", "/compatibility/subjects/all/versions", {"schema": third}, verbose="true")
    assert verdict["is_compatible"] is False
    assert any("oldSchemaVersion: 1" in message for message in verdict["messages"])


def test_a_refusal_says_what_and_where(registry):
    registry.register("why", V1)
    verdict = registry.ok("POST", "/compatibility/subjects/why/versions/1", {"schema": NOT_BACKWARD}, verbose="true")
    assert verdict["is_compatible"] is False
    said = " ".join(verdict["messages"])
    assert "READER_FIELD_MISSING_DEFAULT_VALUE" in said and "/fields/1" in said and "compatibility: 'BACKWARD'" in said
    answer = registry.send("POST", "/subjects/why/versions", {"schema": NOT_BACKWARD})
    assert answer.status_code == 409 and answer.json()["error_code"] == 409
    assert "incompatible with an earlier schema" in answer.json()["message"] and "must" in answer.json()["message"]
    assert "messages" not in registry.ok("POST", "/compatibility/subjects/why/versions/1", {"schema": NOT_BACKWARD})
    assert registry.code("POST", "/compatibility/subjects/why/versions/7", {"schema": V1}) == 40402
    assert registry.ok("POST", "/compatibility/subjects/empty/versions", {"schema": V1})["is_compatible"] is True


def test_deletion_is_soft_first_and_for_good_after_it(registry):
    kept = registry.register("gone", V1)
    registry.register("gone", V2)
    assert registry.code("DELETE", "/subjects/gone/versions/1", permanent="true") == 40407
    assert registry.ok("DELETE", "/subjects/gone/versions/1") == 1
    assert registry.code("DELETE", "/subjects/gone/versions/1") == 40406
    assert registry.ok("GET", "/subjects/gone/versions") == [2]
    assert registry.ok("GET", "/subjects/gone/versions", deleted="true") == [1, 2]
    assert registry.ok("GET", "/subjects/gone/versions", deletedOnly="true") == [1]
    assert registry.code("GET", "/subjects/gone/versions/1") == 40402
    assert registry.ok("GET", "/subjects/gone/versions/1", deleted="true")["deleted"] is True
    assert registry.ok("GET", f"/schemas/ids/{kept}")["schema"]  # Data written with it can still be read.
    assert registry.ok("DELETE", "/subjects/gone/versions/1", permanent="true") == 1
    assert registry.code("GET", f"/schemas/ids/{kept}") == 40403
    assert registry.code("DELETE", "/subjects/gone", permanent="true") == 40405
    assert registry.ok("DELETE", "/subjects/gone") == [2]
    assert registry.code("DELETE", "/subjects/gone") == 40404
    assert registry.code("GET", "/subjects/gone/versions") == 40401
    assert registry.ok("DELETE", "/subjects/gone", permanent="true") == [2]
    assert registry.code("DELETE", "/subjects/gone") == 40401
    assert registry.register("gone", V1) > kept  # Ids are never given twice.
    assert registry.ok("GET", "/subjects/gone/versions") == [1]


def test_a_softly_deleted_schema_comes_back_as_a_new_version(registry):
    schema_id = registry.register("back", V1)
    registry.ok("DELETE", "/subjects/back")
    assert registry.register("back", V1) == schema_id
    assert registry.ok("GET", "/subjects/back/versions") == [2]


def test_what_others_refer_to_stays(registry):
    registry.register("customer", record(("name", "string", {}), name="shop.Customer"))
    order = record(("who", "shop.Customer", {}), name="shop.Order")
    references = [{"name": "shop.Customer", "subject": "customer", "version": 1}]
    order_id = registry.register("order", order, references=references)
    assert registry.ok("GET", "/subjects/order/versions/1")["references"] == references
    assert registry.ok("GET", f"/schemas/ids/{order_id}")["references"] == references
    assert registry.ok("GET", "/subjects/customer/versions/1/referencedby") == [order_id]
    resolved = json.loads(registry.ok("GET", f"/schemas/ids/{order_id}", format="resolved")["schema"])
    assert resolved["fields"][0]["type"]["name"] == "Customer"
    assert registry.code("DELETE", "/subjects/customer/versions/1") == 42206
    assert registry.code("DELETE", "/subjects/customer") == 42206
    assert registry.code("POST", "/subjects/order/versions", {"schema": order}) == 42201  # Without what it needs.
    missing = [{"name": "shop.Customer", "subject": "customer", "version": 9}]
    assert registry.code("POST", "/subjects/order/versions", {"schema": order, "references": missing}) == 42201
    registry.ok("DELETE", "/subjects/order")
    registry.ok("DELETE", "/subjects/order", permanent="true")
    assert registry.ok("DELETE", "/subjects/customer") == [1]


def test_configuration_is_inherited_and_partly_changed(registry):
    assert registry.ok("GET", "/config") == {"compatibilityLevel": "BACKWARD"}
    assert registry.code("GET", "/config/orders") == 40408
    assert registry.ok("GET", "/config/orders", defaultToGlobal="true") == {"compatibilityLevel": "BACKWARD"}
    assert registry.ok("PUT", "/config", {"compatibility": "full"}) == {"compatibility": "FULL"}
    assert registry.ok("GET", "/config/orders", defaultToGlobal="true")["compatibilityLevel"] == "FULL"
    assert registry.ok("PUT", "/config/orders", {"compatibility": "NONE", "normalize": True}) == {"compatibility": "NONE", "normalize": True}
    assert registry.ok("PUT", "/config/orders", {"compatibilityGroup": "major"}) == {"compatibilityGroup": "major"}
    assert registry.ok("GET", "/config/orders") == {"compatibilityLevel": "NONE", "normalize": True, "compatibilityGroup": "major"}
    assert registry.code("PUT", "/config/orders", {"compatibility": "SIDEWAYS"}) == 42203
    assert registry.ok("DELETE", "/config/orders")["compatibilityLevel"] == "NONE"
    assert registry.code("DELETE", "/config/orders") == 40401
    assert registry.ok("DELETE", "/config")["compatibilityLevel"] == "FULL"
    assert registry.ok("GET", "/config") == {"compatibilityLevel": "BACKWARD"}


def test_modes_say_who_may_write(registry):
    assert registry.ok("GET", "/mode") == {"mode": "READWRITE"}
    assert registry.code("GET", "/mode/orders") == 40409
    registry.register("orders", V1)
    assert registry.code("PUT", "/mode/orders", {"mode": "IMPORT"}) == 42205
    assert registry.code("PUT", "/mode/orders", {"mode": "SOMETIMES"}) == 42204
    assert registry.ok("PUT", "/mode/orders", {"mode": "READONLY"}) == {"mode": "READONLY"}
    assert registry.code("POST", "/subjects/orders/versions", {"schema": V2}) == 42205
    assert registry.register("orders", V1)  # What is there is found as ever.
    assert registry.code("DELETE", "/subjects/orders") == 42205
    assert registry.ok("DELETE", "/mode/orders") == {"mode": "READONLY"}
    assert registry.code("POST", "/subjects/orders/versions", {"schema": V2, "id": 77}) == 42205
    assert registry.ok("PUT", "/mode", {"mode": "IMPORT"}, force="true") == {"mode": "IMPORT"}
    assert registry.code("POST", "/subjects/moved/versions", {"schema": V2}) == 42205
    assert registry.register("moved", NOT_BACKWARD, id=77, version=5) == 77
    assert registry.ok("GET", "/subjects/moved/versions") == [5]
    assert registry.code("POST", "/subjects/other/versions", {"schema": STRING, "id": 77}) == 42205
    assert registry.ok("DELETE", "/mode") == {"mode": "IMPORT"}
    assert registry.register("later", V2) > 77


def test_metadata_and_rules_are_kept_inherited_and_returned(registry):
    rules = {"domainRules": [{"name": "adult", "kind": "CONDITION", "type": "CEL", "mode": "WRITE", "expr": "message.id > 17", "onFailure": "ERROR"}]}
    metadata = {"properties": {"owner": "shop", "major": "1"}, "tags": {"Order.id": ["KEY"]}, "sensitive": ["owner"]}
    schema_id = registry.register("rich", V1, metadata=metadata, ruleSet=rules)
    entry = registry.ok("GET", "/subjects/rich/versions/1")
    assert entry["metadata"] == metadata
    assert entry["ruleSet"]["domainRules"][0]["expr"] == "message.id > 17" and entry["ruleSet"]["domainRules"][0]["disabled"] is False
    assert registry.register("rich", V1) == schema_id and registry.ok("GET", "/subjects/rich/versions") == [1]
    assert registry.register("rich", V1, metadata={"properties": {"owner": "other", "major": "2"}}) == schema_id
    assert registry.ok("GET", "/subjects/rich/versions") == [1, 2]
    assert registry.ok("GET", "/subjects/rich/metadata", key="major", value="1")["version"] == 1
    assert registry.code("GET", "/subjects/rich/metadata", key="major", value="9") == 40403
    wrong = {"domainRules": [{"name": "x", "type": "CEL", "mode": "UPGRADE"}]}
    assert registry.code("POST", "/subjects/rich/versions", {"schema": V1, "ruleSet": wrong}) == 42210


def test_versions_of_another_group_are_not_compared(registry):
    registry.ok("PUT", "/config/grouped", {"compatibilityGroup": "major"})
    registry.register("grouped", V1, metadata={"properties": {"major": "1"}})
    assert registry.code("POST", "/subjects/grouped/versions", {"schema": NOT_BACKWARD, "metadata": {"properties": {"major": "1"}}}) == 409
    assert registry.register("grouped", NOT_BACKWARD, metadata={"properties": {"major": "2"}})


def test_reserved_names_are_kept_when_fields_are_validated(registry):
    registry.ok("PUT", "/config/kept", {"validateFields": True})
    reserved = {"properties": {"confluent:reserved": "secret, note"}}
    registry.register("kept", V1, metadata=reserved)
    assert registry.code("POST", "/subjects/kept/versions", {"schema": V2, "metadata": reserved}) == 42201
    fewer = {"properties": {"confluent:reserved": "secret"}}
    other = record(("id", "int", {}), ("more", "string", {"default": ""}))
    assert registry.code("POST", "/subjects/kept/versions", {"schema": other, "metadata": fewer}) == 42201
    assert registry.register("kept", other)  # The list is inherited.
    registry.ok("PUT", "/config/kept", {"validateFields": False})
    assert registry.register("kept", V2)


def test_contexts_have_ids_and_subjects_of_their_own(server, root, registry):
    mine = registry.register("apart", STRING)
    context = registry.prefix.rsplit("/", 1)[1]
    assert registry.ok("GET", "/subjects") == [f":{context}:apart"]
    assert f":{context}:apart" in root.ok("GET", "/subjects") and f":{context}:apart" not in root.ok("GET", "/subjects", subjectPrefix="")
    assert root.ok("GET", f"/subjects/:{context}:apart/versions/1")["id"] == mine
    assert context in root.ok("GET", "/contexts")
    assert root.code("DELETE", f"/contexts/{context}") == 42211
    assert root.ok("GET", f"/schemas/ids/{mine}", subject=f":{context}:")["schema"] == STRING
    registry.ok("DELETE", "/subjects/apart")
    registry.ok("DELETE", "/subjects/apart", permanent="true")
    assert root.send("DELETE", f"/contexts/{context}").status_code == 204
    assert context not in root.ok("GET", "/contexts")


def test_lists_are_paged_and_filtered(registry):
    for n in range(5):
        registry.register(f"page-{n}", V1)
    context = registry.prefix.rsplit("/", 1)[1]
    named = [f":{context}:page-{n}" for n in range(5)]
    assert registry.ok("GET", "/subjects", offset=1, limit=2) == named[1:3]
    assert registry.ok("GET", "/subjects", offset=4, limit=-1) == named[4:]
    assert registry.ok("GET", "/subjects", offset=9) == []
    assert registry.ok("GET", "/subjects", subjectPrefix=f":{context}:page-3") == named[3:4]
    assert [each["subject"] for each in registry.ok("GET", "/schemas", limit=2)] == named[:2]
    registry.register("page-0", V2)
    latest = registry.ok("GET", "/schemas", latestOnly="true", subjectPrefix=f":{context}:page-0")
    assert [(each["subject"], each["version"]) for each in latest] == [(named[0], 2)]


def test_subjects_may_hold_any_text(registry):
    for subject in ("a/b", "with space", "ümlaut-value", "a%2Fb", "dots.and:colons", "q?x=1#f"):
        assert registry.register(subject, V1)
        quoted = urllib.parse.quote(subject, safe="")
        assert registry.ok("GET", f"/subjects/{quoted}/versions") == [1], subject
    for wrong in ("__GLOBAL", "x" * 256, "new\nline"):
        assert registry.code("POST", f"/subjects/{urllib.parse.quote(wrong, safe='')}/versions", {"schema": V1}) == 42208, wrong


@pytest.mark.parametrize("body, code", [
    ("", 422), ("{", 400), ("[]", 422), ('{"schema": 1}', 422), ("{}", 42201), ('{"schema": ""}', 42201), ('{"schema": "nonsense"}', 42201),
    ('{"schema": "\\"string\\"", "schemaType": "XML"}', 42201), ('{"schema": "\\"string\\"", "references": [{"name": "x"}]}', 422),
    ('{"schema": "{\\"type\\": \\"record\\", \\"name\\": \\"1\\", \\"fields\\": []}"}', 42201)])
def test_a_wrong_body_is_refused_by_its_code(root, body, code):
    answer = root.client.post("/registry/subjects/wrong/versions", content=body, headers={"Content-Type": "application/vnd.schemaregistry.v1+json"})
    assert answer.json()["error_code"] == code, answer.text
    assert str(code).startswith(str(answer.status_code))


def test_the_rest_of_the_api_is_there(root):
    assert root.ok("GET", "/") == {} and root.ok("GET", "") == {}
    assert sorted(root.ok("GET", "/schemas/types")) == ["AVRO", "JSON", "PROTOBUF"]
    assert root.ok("GET", "/v1/metadata/id")["scope"]["clusters"]["schema-registry-cluster"] == "schema-registry"
    assert "version" in root.ok("GET", "/v1/metadata/version")
    assert root.code("GET", "/nothing/here") == 404
    assert root.code("PATCH", "/subjects") == 405
    answer = root.client.get("/registry/subjects", headers={"Accept": "application/json"})
    assert answer.headers["content-type"] == "application/json"
    assert root.ok("GET", "/subjects", unknown="1") is not None  # What the API does not know is read over.


def test_a_normalized_registration_sees_through_spelling(registry):
    one = '{"type":"record","name":"N","doc":"d","fields":[{"name":"a","type":{"type":"string"},"aliases":["b"]}]}'
    other = '{"name":"N","type":"record","fields":[{"type":"string","aliases":["b"],"name":"a"}],"doc":"d"}'
    answer = registry.ok("POST", "/subjects/norm/versions", {"schema": one}, normalize="true")
    assert registry.ok("POST", "/subjects/norm/versions", {"schema": other}, normalize="true")["id"] == answer["id"]
    assert registry.ok("POST", "/subjects/norm", {"schema": other}, normalize="true")["version"] == 1


def test_credentials_are_asked_for_and_domains_own_their_contexts(server, root):
    import httpx

    answer = httpx.get(server.url + "/registry/subjects")
    assert answer.status_code == 401 and answer.json()["error_code"] == 40101 and "WWW-Authenticate" in answer.headers
    token = server.weft().json("token", "create", "--principal", "ada@example.com", "--name", "ada")["token"]
    basic = httpx.Client(base_url=server.url, auth=("token", token))
    ada = Registry(basic)
    assert isinstance(ada.ok("GET", "/subjects"), list)
    assert ada.register(":.sales:things-value", V1)
    assert ada.code("POST", "/subjects/mine/versions", {"schema": V1}) == 40301
    assert ada.code("POST", "/subjects/:.finance:mine/versions", {"schema": V1}) == 40301
    assert ada.code("PUT", "/config", {"compatibility": "NONE"}) == 40301
    assert ada.ok("PUT", "/config/:.sales:things-value", {"compatibility": "NONE"})
    assert ada.code("DELETE", "/subjects/:.finance:mine") == 40301
    done = server.weft().json("audit", "search", "--action", "schema.register", "--limit", "1000")
    assert any(each["actor"] == "ada@example.com" and each["subject"] == ":.sales:things-value" for each in done)


def test_many_at_once_get_one_id_and_no_version_is_lost(server, registry):
    def register(n):
        with server.client() as client:
            return Registry(client, registry.prefix).register(f"race-{n % 4}", V1)

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(register, range(64)))) == 1
    registry.ok("PUT", "/config", {"compatibility": "NONE"})

    def evolve(n):
        with server.client() as client:
            return Registry(client, registry.prefix).register("race", record((f"f{n}", "int", {})))

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        ids = list(pool.map(evolve, range(60)))
    assert len(set(ids)) == 60 and registry.ok("GET", "/subjects/race/versions") == list(range(1, 61))


def test_the_command_line_registers_tests_and_shows(server, tmp_path):
    program = server.weft()
    (tmp_path / "v1.avsc").write_text(V1)
    (tmp_path / "bad.avsc").write_text(NOT_BACKWARD)
    (tmp_path / "base.proto").write_text('syntax = "proto3"; package cli; message Base { int32 id = 1; }')
    (tmp_path / "order.proto").write_text('syntax = "proto3"; package cli; import "base.proto"; message Order { Base base = 1; }')
    assert program.json("schema", "register", ":.sales:cli", tmp_path / "v1.avsc")["version"] == 1
    assert program.json("schema", "test", ":.sales:cli", tmp_path / "v1.avsc")["is_compatible"] is True
    assert "READER_FIELD_MISSING_DEFAULT_VALUE" in program("schema", "test", ":.sales:cli", tmp_path / "bad.avsc", status=1).stdout
    assert "registry.409" in program("schema", "register", ":.sales:cli", tmp_path / "bad.avsc", status=1).stderr
    program("schema", "register", ":.sales:cli-base", tmp_path / "base.proto")
    program("schema", "register", ":.sales:cli-order", tmp_path / "order.proto", "--reference", "base.proto=:.sales:cli-base@1")
    assert json.loads(program("schema", "show", ":.sales:cli").stdout) == json.loads(V1)
    listed = program.json("schema", "list", "--prefix", ":.sales:cli")
    assert [(each["subject"], each["type"]) for each in listed] == [(":.sales:cli", "AVRO"), (":.sales:cli-base", "PROTOBUF"), (":.sales:cli-order", "PROTOBUF")]
    assert "registry.40401" in program("schema", "show", "nobody", status=1).stderr


def test_the_registry_has_a_port_of_its_own_with_the_api_at_its_root(weft, tmp_path):
    import httpx
    import re

    with serving(weft, tmp_path / "data", "--registry-port", "0", "--dev") as server:
        url = re.search(r"registry alone is served at (http://\S+)", server.log.read_text()).group(1)
        with httpx.Client(base_url=url) as client:
            registry = Registry(client, "")
            assert registry.ok("GET", "/") == {}
            assert registry.register("root", V1) == 1
            assert registry.ok("GET", "/contexts/.x/subjects") == [] and registry.ok("GET", "/subjects") == ["root"]
            assert registry.code("GET", "/v1/products") == 404
            assert client.get("/healthz").text == "ok\n"
        assert httpx.get(server.url + "/registry/subjects").json() == ["root"]


def test_all_of_it_is_there_after_a_kill(weft, tmp_path):
    import signal

    with serving(weft, tmp_path / "data") as server, server.client() as client:
        registry = Registry(client)
        registry.register("kept", V1, metadata={"properties": {"a": "b"}})
        registry.register("kept", V2)
        registry.ok("DELETE", "/subjects/kept/versions/1")
        registry.ok("PUT", "/config/kept", {"compatibility": "FULL"})
        registry.ok("PUT", "/mode/kept", {"mode": "READONLY"})
        before = [registry.ok("GET", "/schemas", deleted="true"), registry.ok("GET", "/config/kept"), registry.ok("GET", "/mode/kept")]
        server.stop(signal.SIGKILL)
    with serving(weft, tmp_path / "data") as server, server.client() as client:
        registry = Registry(client)
        assert [registry.ok("GET", "/schemas", deleted="true"), registry.ok("GET", "/config/kept"), registry.ok("GET", "/mode/kept")] == before
        assert registry.register("next", record(("z", "int", {}))) == 3
        assert os.path.exists(server.data)
