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
