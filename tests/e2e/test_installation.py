"""What the two programs are made of."""
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def needed(program):
    """The shared libraries that a program asks for, directly."""
    text = subprocess.run(["readelf", "-d", str(program)], capture_output=True, text=True, check=True).stdout
    return re.findall(r"\(NEEDED\).*\[(.*)\]", text)


def test_the_server_is_not_linked_to_the_engine(weft):
    assert not any("duckdb" in library for library in needed(weft))


def test_the_worker_is_linked_to_the_pinned_engine(weft):
    assert "libduckdb.so" in needed(pathlib.Path(weft).parent / "weft-engine")


def test_the_program_tells_its_version(weft):
    version = re.search(r"project\(weft VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text()).group(1)
    done = subprocess.run([weft, "version"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0
    assert version in done.stdout
