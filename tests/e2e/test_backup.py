"""Backups of a server that works meanwhile, and what the doctor's exit status says."""
import concurrent.futures
import json
import stat
import threading

import httpx
import pytest
from spine import Weft, serving, write_mesh, write_orders


@pytest.fixture
def program(weft, tmp_path):
    program = Weft(weft, data=tmp_path / "data")
    program("apply", write_mesh(tmp_path / "mesh"), "--yes")
    program("publish", "sales.orders", write_orders(tmp_path))
    return program


def test_backups_while_publishes_never_pause_are_each_whole(weft, tmp_path):
    """Every backup holds all that was confirmed before it began, and its tables can be read."""
    data, backups = tmp_path / "data", []
    with serving(weft, data) as server:
        program = server.weft()
        program("apply", write_mesh(tmp_path / "mesh"), "--yes")
        headers = {"Authorization": f"Bearer {server.token}", "Content-Type": "text/csv"}
        stop, confirmed, more = threading.Event(), [], threading.Condition()

        def publish(publisher):
            with httpx.Client(base_url=server.url, headers=headers, timeout=120) as client:
                number = 0
                while not stop.is_set():
                    number += 1
                    row = publisher * 1_000_000 + number
                    # Each third is refused and leaves files that are taken away again.
                    customer = "x" * 50 if number % 3 == 0 else "ann"
                    answer = client.post("/v1/products/sales/orders/ports/orders/publishes", content=f"id,customer,amount,day\n{row},{customer},1.00,2026-01-01\n")
                    if answer.status_code in (200, 201):
                        with more:
                            confirmed.append(row)
                            more.notify_all()
                    else:
                        assert number % 3 == 0, answer.text

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            publishers = [pool.submit(publish, publisher) for publisher in range(4)]
            try:
                for number in range(4):
                    with more:
                        assert more.wait_for(lambda goal=len(confirmed) + 5: len(confirmed) >= goal, 60)
                        before = set(confirmed)
                    program("backup", tmp_path / f"backup-{number}")
                    backups.append((tmp_path / f"backup-{number}", before))
            finally:
                stop.set()
            for publisher in publishers:
                publisher.result()
    data.rename(tmp_path / "moved")
    for number, (backup, before) in enumerate(backups):
        program = Weft(weft, data=data)
        program("restore", backup)
        rows = {row["id"] for row in program.rows("SELECT id FROM sales.orders")}
        assert before <= rows <= set(confirmed)
        program("audit", "verify")
        program("doctor")
        data.rename(tmp_path / f"restored-{number}")


def test_a_backup_holds_no_secret_and_is_its_owners_alone(weft, tmp_path):
    with serving(weft, tmp_path / "data") as server:
        server.weft()("backup", tmp_path / "backup")
        assert (tmp_path / "data/admin.token").exists()
        there = {path.name for path in (tmp_path / "backup").iterdir()}
        assert there <= {"mesh.db", "lake", "manifest.json"}
        assert stat.S_IMODE((tmp_path / "backup").stat().st_mode) == 0o700
        for path in (path for path in (tmp_path / "backup").rglob("*") if path.is_file()):
            assert server.token.encode() not in path.read_bytes()


def test_only_the_platform_administrator_may_back_up_and_never_into_the_mesh(program, tmp_path):
    ada = Weft(program.program, data=program.data, name="ada@example.com")
    assert "access.administrator" in ada("backup", tmp_path / "backup", status=1).stderr
    assert "access.administrator" in Weft(program.program, data=program.data, name="ada@example.com")("doctor", status=2).stderr
    for inside in (program.data, program.data / "lake", program.data / "x" / ".." / "backup"):
        assert "backup.folder" in program("backup", inside, status=None).stderr
    (tmp_path / "link").symlink_to(program.data)
    assert "backup.folder" in program("backup", tmp_path / "link" / "backup", status=None).stderr


def test_a_backup_of_a_mesh_that_lost_a_file_is_refused_and_names_it(program, tmp_path):
    victim = next((program.data / "lake").rglob("*.parquet"))
    victim.rename(tmp_path / victim.name)
    done = program("backup", tmp_path / "backup", status=2)
    assert "backup.lost_file" in done.stderr and victim.name in done.stderr
    assert not (tmp_path / "backup").exists()


def test_a_backup_is_in_the_audit(program, tmp_path):
    program("backup", tmp_path / "backup")
    row = program.rows("SELECT subject, outcome FROM mesh.audit WHERE action = 'backup.create'")
    assert row == [{"subject": str(tmp_path / "backup"), "outcome": "committed"}]


def test_a_place_may_be_named_with_a_slash_at_its_end(program, tmp_path):
    slashed = Weft(program.program, data=f"{program.data}/")
    slashed("backup", f"{tmp_path}/backup/")
    program.data.rename(tmp_path / "moved")
    slashed("restore", f"{tmp_path}/backup/")
    assert program.rows("SELECT count(*) AS n FROM sales.orders") == [{"n": 3}]


def test_the_doctors_exit_status_tells_what_it_found_from_what_it_could_not_do(program, weft, tmp_path):
    answer = json.loads(program("-o", "json", "doctor").stdout)
    assert answer["is_sound"] and {"engine.worker", "store.schema", "audit.chain"} <= {check["check"] for check in answer["checks"]}
    with serving(weft, tmp_path / "data"):
        assert "store.locked" in program("doctor", status=2).stderr
    next(program.data.rglob("*.metadata.json")).parent.rename(tmp_path / "metadata")
    assert json.loads(program("-o", "json", "doctor", status=1).stdout)["is_sound"] is False
