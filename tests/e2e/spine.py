"""What the end-to-end tests share: the program, a small mesh, a server on a free port."""
import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import time

import httpx

SECONDS_MAX = 120
ROOT = pathlib.Path(__file__).resolve().parents[2]

MESH = """
{apiVersion: weft/v1, kind: Team, name: shop_team, members: [ada@example.com]}
---
{apiVersion: weft/v1, kind: Team, name: finance_team, members: [fay@example.com]}
---
{apiVersion: weft/v1, kind: Domain, name: sales, owner: shop_team, onCall: shop_team, description: What is sold}
---
{apiVersion: weft/v1, kind: Domain, name: finance, owner: finance_team, onCall: finance_team, description: What it earns}
---
{apiVersion: weft/v1, kind: Grant, to: finance, on: sales.orders, role: reader}
---
apiVersion: v3.1.0
kind: DataContract
id: c-orders
version: 1.0.0
status: active
domain: sales
schema:
  - name: orders
    logicalType: object
    properties:
      - {name: id, logicalType: integer, logicalTypeOptions: {format: i64}, required: true, primaryKey: true, primaryKeyPosition: 1}
      - {name: customer, logicalType: string, required: true, logicalTypeOptions: {maxLength: 40}}
      - {name: amount, logicalType: number, physicalType: 'decimal(12,2)', logicalTypeOptions: {minimum: 0}}
      - {name: day, logicalType: date}
    quality: [{metric: rowCount, mustBeGreaterThan: 0}]
---
apiVersion: v1.0.0
kind: DataProduct
id: p-orders
name: orders
status: active
domain: sales
description: {purpose: Orders of the shop}
outputPorts: [{name: orders, type: table, version: 1.0.0, contractId: c-orders}]
---
apiVersion: v3.1.0
kind: DataContract
id: c-daily
version: 1.0.0
status: active
domain: finance
schema:
  - name: daily
    logicalType: object
    properties:
      - {name: day, logicalType: date, required: true}
      - {name: orders, logicalType: integer, logicalTypeOptions: {format: i64}, required: true}
      - {name: amount, logicalType: number, physicalType: 'decimal(38,2)'}
---
apiVersion: v3.1.0
kind: DataContract
id: c-large
version: 1.0.0
status: active
domain: finance
schema:
  - name: large
    logicalType: object
    properties:
      - {name: id, logicalType: integer, logicalTypeOptions: {format: i64}}
      - {name: amount, logicalType: number, physicalType: 'decimal(12,2)'}
---
apiVersion: v1.0.0
kind: DataProduct
id: p-daily
name: daily
status: active
domain: finance
description: {purpose: Money by day}
inputPorts: [{name: orders, version: 1.0.0, contractId: c-orders}]
outputPorts:
  - {name: daily, type: table, version: 1.0.0, contractId: c-daily}
  - name: large
    type: view
    version: 1.0.0
    contractId: c-large
    customProperties: [{property: viewSql, value: 'SELECT id, amount FROM sales.orders WHERE amount >= 100'}]
---
{apiVersion: weft/v1, kind: Pipeline, name: daily, output: finance.daily, sql: 'SELECT day, count(*) AS orders, sum(amount) AS amount FROM sales.orders GROUP BY day'}
"""

ORDERS = "id,customer,amount,day\n1,ann,10.50,2026-01-01\n2,bob,200.00,2026-01-01\n3,cid,,2026-01-02\n"


class Weft:
    """The program on one mesh: in process on a folder, or as a client of a server."""

    def __init__(self, program, *, data=None, url=None, token=None, name=None):
        self.program, self.data, self.url, self.token, self.name = program, data, url, token, name

    def __call__(self, *arguments, text_in=None, status=0):
        where = ["--url", self.url] if self.url else ["--data", str(self.data)]
        if self.name:
            where += ["--as", self.name]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("WEFT_")}
        environment["HOME"] = "/nonexistent"
        if self.token:
            environment["WEFT_TOKEN"] = self.token
        done = subprocess.run(
            [self.program, *where, *map(str, arguments)], input=text_in, capture_output=True, text=True, timeout=SECONDS_MAX, env=environment
        )
        if status is not None:
            assert done.returncode == status, f"{arguments}: exit status {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def json(self, *arguments, **options):
        return json.loads(self("-o", "json", *arguments, **options).stdout)

    def rows(self, sql):
        return self.json("query", sql)


def write_mesh(folder, text=MESH):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mesh.yaml").write_text(text)
    return folder


def write_orders(folder, text=ORDERS, name="orders.csv"):
    path = pathlib.Path(folder) / name
    path.write_text(text)
    return path


class Server:
    def __init__(self, program, data, *arguments, environment=None):
        self.program, self.data = program, pathlib.Path(data)
        self.log = self.data.parent / f"{self.data.name}.log"
        said_before = self.log.stat().st_size if self.log.exists() else 0
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(
                [program, "--data", str(data), "serve", "--port", "0", *arguments], stdout=log, stderr=log,
                env={**os.environ, **(environment or {})})
        self.url = self._wait(lambda: (re.findall(r" on (http://127\.0\.0\.1:\d+)", self.log.read_text()[said_before:]) or [None])[-1])
        self._wait(self._is_ready)

    def _wait(self, ask):
        deadline = time.monotonic() + SECONDS_MAX
        while time.monotonic() < deadline:
            if (answer := ask()) is not None:
                return answer
            assert self.process.poll() is None, f"the server ended: {self.log.read_text()[-2000:]}"
            time.sleep(0.01)
        raise AssertionError(f"the server is not ready: {self.log.read_text()[-2000:]}")

    def _is_ready(self):
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(self.url + "/readyz").status_code == 200:
                return True
        return None

    @property
    def token(self):
        return (self.data / "admin.token").read_text().strip()

    def client(self, token=None, **options):
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {token or self.token}"}, timeout=SECONDS_MAX, **options)

    def weft(self, token=None):
        return Weft(self.program, url=self.url, token=token or self.token)

    def workers(self):
        """Processes of engine workers."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/children")
        pids = [int(pid) for each in children for pid in each.read_text().split()]
        return [pid for pid in pids if _command(pid).startswith("weft-engine")]

    def stop(self, with_signal=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        return self.process.wait(SECONDS_MAX)


def _command(pid):
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{pid}/comm").read_text()
    return ""


@contextlib.contextmanager
def serving(program, data, *arguments, environment=None):
    server = Server(program, data, *arguments, environment=environment)
    try:
        yield server
    finally:
        server.stop()
