"""The documentation says what is true."""
import re

import pytest
from spine import ROOT, Weft

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "src").rglob("README.md")])


@pytest.mark.parametrize("page", ["cli", "configuration", "contract-changes"])
def test_a_reference_page_is_what_the_program_prints(weft, tmp_path, page):
    said = Weft(weft, data=tmp_path / "data")("reference", page).stdout
    assert (ROOT / f"docs/reference/{page}.md").read_text() == said, f"run: weft reference {page} > docs/reference/{page}.md"


def test_links_between_pages_lead_somewhere():
    broken = []
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text()):
            if "://" not in target and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert not broken


def test_the_recipe_for_ci_can_be_run(weft, tmp_path):
    """The commands of docs/how-to/contracts-in-ci.md, as the page has them, on a mesh that is laid out like the page's."""
    import glob
    import os
    import shlex
    import subprocess

    from spine import MESH, ORDERS, serving

    (tmp_path / "mesh/contracts").mkdir(parents=True)
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples/orders.csv").write_text(ORDERS)
    documents = MESH.split("---")
    contracts = [each for each in documents if "kind: DataContract" in each]
    (tmp_path / "mesh/mesh.yaml").write_text("---".join(each for each in documents if each not in contracts))
    for n, contract in enumerate(contracts):
        (tmp_path / f"mesh/contracts/{n}.yaml").write_text(contract)
    page = (ROOT / "docs/how-to/contracts-in-ci.md").read_text()
    blocks = re.findall(r"```(?:sh|yaml)\n(.*?)```", page, re.S)
    commands = [re.sub(r"^\s*- (run: )?", "", line).strip() for block in blocks for line in block.splitlines() if "weft " in line]
    assert len(commands) == 10
    with serving(weft, tmp_path / "data") as server:
        server.weft()("apply", tmp_path / "mesh", "--yes")
        environment = {**os.environ, "WEFT_URL": server.url, "WEFT_TOKEN": server.token}
        for command in commands:
            words = [word for part in shlex.split(command.split(" > ")[0]) for word in (sorted(glob.glob(part, root_dir=tmp_path)) or [part])]
            done = subprocess.run([weft, *words[1:]], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        broken = (tmp_path / "mesh/contracts/0.yaml").read_text().replace("maxLength: 40", "maxLength: 4")
        (tmp_path / "mesh/contracts/0.yaml").write_text(broken)
        plan = subprocess.run([weft, "plan", "mesh", "--fail-on", "breaking"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
        assert plan.returncode == 1 and "maxLength" in plan.stdout


def test_the_first_hour_can_be_walked(weft, tmp_path):
    program = Weft(weft, data=tmp_path / ".weft")
    program("init", tmp_path / "my-mesh")
    program("validate", tmp_path / "my-mesh")
    program("plan", tmp_path / "my-mesh")
    program("apply", tmp_path / "my-mesh", "--yes")
    port = program.json("products", "list")[0]["name"]
    columns = [column["name"] for column in program.json("describe", port)["columns"]]
    assert columns
    documents = "\n".join(path.read_text() for path in (tmp_path / "my-mesh").rglob("*.yaml"))
    assert "kind: Domain" in documents and "kind: DataContract" in documents
    program("history")
    program("audit", "verify")
