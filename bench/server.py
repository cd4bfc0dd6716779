"""A server of a figure's own: started on a free port, in a folder of its own, ended with the figure."""
import contextlib
import os
import pathlib
import re
import subprocess
import time

import httpx

from figure import Unmeasured

START_SECONDS_MAX = 30


@contextlib.contextmanager
def serve(program, data, *arguments):
    """Yields (client, url, process). The server runs with --dev, so that the client is administrator."""
    log_path = pathlib.Path(data).parent / "server.log"
    with open(log_path, "w") as log:
        environment = os.environ | {"WEFT_LOG_LEVEL": "warning"}
        command = [program, "serve", "--data", str(data), "--dev", "--port", "0", *arguments]
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        try:
            url = _address(process, log_path)
            with httpx.Client(base_url=url, timeout=120) as client:
                _ready(client, process, log_path)
                yield client, url, process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _address(process, log_path):
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"http://127\.0\.0\.1:\d+", log_path.read_text())
        if found:
            return found.group(0)
        time.sleep(0.005)
    raise Unmeasured(f"the server did not start: {log_path.read_text()[-500:]}")


def _ready(client, process, log_path):
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            if client.get("/readyz").status_code == 200:
                return
        time.sleep(0.005)
    raise Unmeasured(f"the server is not ready: {log_path.read_text()[-500:]}")


def resident_megabytes(process):
    """Memory of the server and all its workers."""
    total = 0
    for pid in [process.pid, *_children(process.pid)]:
        with contextlib.suppress(OSError):
            status = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += int(re.search(r"^Pss:\s+(\d+)", status, re.MULTILINE).group(1))
    return total / 1024


def _children(pid):
    with contextlib.suppress(OSError):
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield int(child)
                yield from _children(int(child))
