"""Documents from the command line: what is wrong, what would change, what was."""
import json

import pytest
from spine import MESH, Weft, serving, write_mesh

WRONG = """apiVersion: weft/v1
kind: Team
name: ops
members: [a@b.c]
---
apiVersion: weft/v1
kind: Domain
name: sky
owner: opss
onCall: ops
"""


def folder(path, text):
    path.mkdir(exist_ok=True)
    (path / "mesh.yaml").write_text(text)
    return path


def changes(plan):
    return {(each["action"], f"{each['kind']}/{each['name']}") for each in plan["changes"]}


@pytest.fixture(params=["data", "url"])
def program(request, weft, tmp_path):
    """The same commands without a server and with one."""
    if request.param == "data":
        yield Weft(weft, data=tmp_path / "data")
        return
    with serving(weft, tmp_path / "data") as server:
        yield server.weft()


def test_each_problem_has_its_place_and_the_exit_status_says_so(weft, tmp_path):
    program = Weft(weft)
    wrong = folder(tmp_path / "mesh", WRONG)
    told = program("validate", wrong, status=1)
    assert "mesh.yaml:9:1 team.unknown" in told.stdout
    problems = program.json("validate", wrong, status=1)
    assert [(each["file"], each["line"], each["column"], each["code"], each["pointer"]) for each in problems] == [("mesh.yaml", 9, 1, "team.unknown", "/owner")]
    assert program("validate", write_mesh(tmp_path / "clean")).returncode == 0
    assert program("validate", tmp_path / "nowhere", status=2).returncode == 2


def test_problems_as_sarif(weft, tmp_path):
    document = json.loads(Weft(weft)("validate", "--sarif", folder(tmp_path / "mesh", WRONG), status=1).stdout)
    assert document["version"] == "2.1.0" and "sarif" in document["$schema"]
    (run,) = document["runs"]
    (result,) = run["results"]
    assert run["tool"]["driver"]["name"] == "weft"
    assert result["ruleId"] in [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert result["level"] == "error" and "opss" in result["message"]["text"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "mesh.yaml" and place["region"] == {"startLine": 9, "startColumn": 1}


def test_a_plan_is_what_apply_does_and_history_keeps_it(program, tmp_path):
    mesh = write_mesh(tmp_path / "mesh")
    planned = program.json("plan", mesh)
    assert {change for change, _ in changes(planned)} == {"create"} and not planned["problems"]
    program("apply", mesh, "--yes")
    assert not program.json("plan", mesh)["changes"]
    file = next(path for path in mesh.rglob("*.yaml") if "What is sold" in path.read_text())
    file.write_text(file.read_text().replace("What is sold", "What was sold"))
    (changed,) = program.json("plan", mesh)["changes"]
    assert (changed["action"], changed["kind"], changed["name"]) == ("change", "Domain", "sales")
    assert [(field["pointer"], field["before"], field["after"]) for field in changed["fields"]] == [("/description", "What is sold", "What was sold")]
    program("apply", mesh, "--yes")
    assert [each["revision"] for each in program.json("history")] == [2, 1]
    assert ("create", "Domain/sales") not in changes(program.json("plan", mesh, "--against", "1"))
    assert ("change", "Domain/sales") in changes(program.json("plan", mesh, "--against", "1"))
    assert program("plan", mesh, "--against", "9", status=1).stderr.count("mesh.unknown_revision") == 1


def test_what_goes_needs_prune_and_nobody_who_depends_on_it(program, tmp_path):
    mesh = folder(tmp_path / "mesh", MESH)
    program("apply", mesh, "--yes")
    without = [part for part in MESH.split("\n---\n") if "id: c-daily" not in part]
    folder(mesh, "\n---\n".join(without))
    refused = program("apply", mesh, "--prune", "--yes", status=1)
    assert "contract.unknown" in refused.stdout + refused.stderr
    folder(mesh, "\n---\n".join(part for part in MESH.split("\n---\n") if "kind: Grant" not in part))
    assert not program.json("plan", mesh)["changes"]
    assert {change for change, _ in changes(program.json("plan", mesh, "--prune"))} == {"delete"}
    program("apply", mesh, "--prune", "--yes")
    assert "Grant/" not in json.dumps(program.json("plan", mesh, "--prune")["changes"])


def test_reads_as_of_a_revision(weft, tmp_path):
    with serving(weft, tmp_path / "data") as server:
        program = server.weft()
        mesh = folder(tmp_path / "mesh", MESH)
        program("apply", mesh, "--yes")
        folder(mesh, MESH.replace("What is sold", "What was sold"))
        program("apply", mesh, "--yes")
        with server.client() as client:
            description = lambda query: client.get("/v1/domains/sales" + query).json()["description"]  # noqa: E731
            assert description("") == description("?as_of=2") == "What was sold" and description("?as_of=1") == "What is sold"
            listed = client.get("/v1/domains?as_of=1").json()["items"]
            assert {each["name"]: each["description"] for each in listed}["sales"] == "What is sold"
            assert client.get("/v1/products?as_of=1").json()["items"]
            assert client.get("/v1/domains/sales?as_of=7").json()["code"] == "mesh.unknown_revision"
