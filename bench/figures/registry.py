"""The schema registry: schemas by id, registrations, memory. 64 connections, authentication on, the load made on the same cores."""
import json
import pathlib
import re
import subprocess

import httpx
from figure import Measured, Unmeasured, at_least, at_most, figure
from server import resident_megabytes, serve

SCHEMAS = 1_000
MEMORY_SCHEMAS = 100_000
SECONDS = 5

READ = """
wrk.headers["Authorization"] = "Bearer TOKEN"
local ids = {IDS}
request = function() return wrk.format("GET", "/registry/schemas/ids/" .. ids[math.random(#ids)]) end
"""

# Each request is a version that reads the one before: another field with a default.
WRITE = """
wrk.method = "POST"
wrk.headers["Authorization"] = "Bearer TOKEN"
wrk.headers["Content-Type"] = "application/vnd.schemaregistry.v1+json"
local n = START
request = function()
  n = n + 1
  local schema = '{\\\\"type\\\\":\\\\"record\\\\",\\\\"name\\\\":\\\\"Order\\\\",\\\\"fields\\\\":[{\\\\"name\\\\":\\\\"id\\\\",\\\\"type\\\\":\\\\"long\\\\"},{\\\\"name\\\\":\\\\"f' .. n .. '\\\\",\\\\"type\\\\":\\\\"string\\\\",\\\\"default\\\\":\\\\"\\\\"}]}'
  return wrk.format(nil, "/registry/subjects/load-" .. (n % SUBJECTS) .. "/versions", nil, '{"schema":"' .. schema .. '"}')
end
"""


def load(bench, url, script, seconds=SECONDS):
    path = pathlib.Path(bench.folder, "load.lua")
    path.write_text(script)
    done = subprocess.run(["wrk", "-t1", "-c64", f"-d{seconds}", "--latency", "-s", str(path), url], capture_output=True, text=True, check=True)
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise Unmeasured(done.stdout[-500:])
    return float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout).group(1)), milliseconds(done.stdout)


def milliseconds(said):
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", said).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def token_of(data):
    return (data / "admin.token").read_text().strip()


@figure("registry_get", what="GET /schemas/ids/{id} of 1,000 Avro schemas, requests a second", bar=at_least(20_000))
def registry_get(bench):
    data = bench.folder / "data"
    with serve(bench.weft, data) as (_, url, _process):
        token = token_of(data)
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}) as client:
            ids = []
            for n in range(SCHEMAS):
                fields = [{"name": f"field_{n}_{i}", "type": ["null", "string"], "default": None} for i in range(10)]
                schema = json.dumps({"type": "record", "name": f"Record{n}", "fields": fields})
                ids.append(client.post(f"/registry/subjects/read-{n}/versions", json={"schema": schema}).json()["id"])
        rate, p99_ms = load(bench, url, READ.replace("TOKEN", token).replace("IDS", ",".join(map(str, ids))))
        return Measured(rate, None, "1/s", {"p99_ms": p99_ms})


@figure("registry_register", what="registrations of new compatible versions, durable, a second", bar=at_least(1_000))
def registry_register(bench):
    data = bench.folder / "data"
    with serve(bench.weft, data) as (_, url, _process):
        rate, p99_ms = load(bench, url, WRITE.replace("TOKEN", token_of(data)).replace("START", "0").replace("SUBJECTS", "64"))
        return Measured(rate, None, "1/s", {"p99_ms": p99_ms})


@figure("registry_memory", what="memory with 100,000 schemas, MB", bar=at_most(300))
def registry_memory(bench):
    data = bench.folder / "data"
    with serve(bench.weft, data) as (_, url, _process):
        start = 0
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token_of(data)}"}, timeout=120) as client:
            while start < MEMORY_SCHEMAS:
                rate, _ = load(bench, url, WRITE.replace("TOKEN", token_of(data)).replace("START", str(start)).replace("SUBJECTS", "5000"), 10)
                start = client.get("/registry/schemas/ids/1", params={"fetchMaxId": "true"}).json()["maxId"]
    with serve(bench.weft, data) as (_, url, process):
        return Measured(resident_megabytes(process), None, "MB", {"schemas": start})
