"""Lets pytest run tests/sql/*.test, tests/api/*.yaml and executable tests/e2e/*.sh, and gives each test the program."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import httpx
import pytest

TESTS = pathlib.Path(__file__).resolve().parent
ROOT = TESTS.parent
sys.path[:0] = [str(TESTS), str(TESTS / "e2e")]
import api_script  # noqa: E402
import spine  # noqa: E402
import sql_script  # noqa: E402

SCRIPT_SECONDS_MAX = 900
_MESHES = {}


def program_path():
    path = pathlib.Path(os.environ.get("WEFT", ROOT / "build/release/weft"))
    if not path.exists():
        pytest.fail(f"{path} is not built; run ./dev build")
    return str(path)


class Meshes:
    """Meshes that were applied and published to once, copied for each script that wants one."""

    def __init__(self, folder):
        self.folder, self.made = folder, {}

    def copy(self, mesh, publishes, target):
        key = (mesh, tuple(map(tuple, publishes)))
        if key not in self.made:
            self.made[key] = self._make(mesh, publishes, self.folder / f"mesh-{len(self.made)}")
        shutil.copytree(self.made[key], target)

    def _make(self, mesh, publishes, data):
        weft = spine.Weft(program_path(), data=data)
        data.mkdir(parents=True)
        if mesh:
            weft("apply", ROOT / mesh)
        for port, file in publishes:
            weft("publish", port, ROOT / file)
        return data


def meshes():
    """One for this process; its folder goes with it."""
    if "all" not in _MESHES:
        _MESHES["folder"] = tempfile.TemporaryDirectory(prefix="weft-meshes-")
        _MESHES["all"] = Meshes(pathlib.Path(_MESHES["folder"].name))
    return _MESHES["all"]


class ScriptFailed(Exception):
    pass


class _Item(pytest.Item):
    def runtest(self):
        with tempfile.TemporaryDirectory(prefix="weft-test-") as folder:
            try:
                self.run_in(pathlib.Path(folder))
            except (sql_script.ScriptError, api_script.ScriptError) as error:
                raise ScriptFailed(f"{self.path.name}: {error}") from None

    def repr_failure(self, excinfo):
        return str(excinfo.value) if isinstance(excinfo.value, ScriptFailed) else super().repr_failure(excinfo)

    def reportinfo(self):
        return self.path, 0, self.name


class SqlItem(_Item):
    def run_in(self, folder):
        script = sql_script.parse(self.path.read_text())
        meshes().copy(script.mesh, script.publishes, folder / "data")
        for step in script.steps:
            sql_script.run_step(step, spine.Weft(program_path(), data=folder / "data", name=step.user))


class ApiItem(_Item):
    def run_in(self, folder):
        script = api_script.parse(self.path.read_text())
        meshes().copy(script.get("mesh", ""), list(script.get("publish", {}).items()), folder / "data")
        kept = {}
        with spine.serving(program_path(), folder / "data", "--dev") as server, httpx.Client(base_url=server.url, timeout=60) as client:
            for number, step in enumerate(script["steps"], 1):
                api_script.run_step(number, step, client, kept)


class ShellItem(_Item):
    def run_in(self, folder):
        environment = os.environ | {"WEFT": program_path(), "WEFT_SOURCE": str(ROOT)}
        done = subprocess.run(
            [str(self.path)], cwd=folder, env=environment, capture_output=True, text=True, errors="replace", timeout=SCRIPT_SECONDS_MAX
        )
        if done.returncode != 0:
            raise ScriptFailed(f"exit status {done.returncode}\n{done.stdout[-8000:]}\n{done.stderr[-8000:]}")


class ScriptFile(pytest.File):
    item = None

    def collect(self):
        yield self.item.from_parent(self, name=self.path.stem, path=self.path)


def pytest_collect_file(parent, file_path):
    kinds = {("sql", ".test"): SqlItem, ("api", ".yaml"): ApiItem, ("e2e", ".sh"): ShellItem}
    item = kinds.get((file_path.parent.name, file_path.suffix))
    if item is None or (item is ShellItem and not os.access(file_path, os.X_OK)):
        return None
    file = ScriptFile.from_parent(parent, path=file_path)
    file.item = item
    return file


@pytest.fixture(scope="session")
def weft():
    """The path of the program under test."""
    return program_path()
