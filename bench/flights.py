"""The demo's mesh for figures: applied, published, asked."""
import http.client
import json
import pathlib
import subprocess

from figure import Unmeasured

ROOT = pathlib.Path(__file__).resolve().parents[1]


def apply(bench, url, folder):
    done = subprocess.run([bench.weft, "--url", url, "apply", str(folder), "--yes"], capture_output=True, text=True)
    if done.returncode != 0:
        raise Unmeasured(f"apply failed: {done.stderr[-500:]}")


def apply_flights(bench, url):
    apply(bench, url, ROOT / "examples/flights/mesh")


def publish(client, name, path, **query):
    domain, product = name.split(".")
    with open(path, "rb") as file:
        answer = client.post(f"/v1/products/{domain}/{product}/ports/{product}/publishes", content=file, params=query)
    if answer.status_code not in (200, 201):
        raise Unmeasured(f"publish failed: {answer.text[:500]}")
    return answer.json()


def ask(client, sql, parameters=(), accept="application/json"):
    answer = client.post("/v1/query", json={"sql": sql, "parameters": list(parameters)}, headers={"Accept": accept})
    if answer.status_code != 200:
        raise Unmeasured(f"{sql[:80]}: {answer.text[:500]}")
    return answer


class Asker:
    """Asks one query again and again with little work of its own, so that what is measured is the server."""

    def __init__(self, url, sql, parameters=()):
        self.connection = http.client.HTTPConnection(url.removeprefix("http://"))
        self.body = json.dumps({"sql": sql, "parameters": list(parameters)})

    def __call__(self):
        self.connection.request("POST", "/v1/query", self.body, {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise Unmeasured(body[:500])


def files_of(client, name):
    """The data files of a table, for the bare engine."""
    domain, product = name.split(".")
    port = client.get(f"/v1/products/{domain}/{product}/ports/{product}").json()
    location = pathlib.Path(port["table"]["location"].removeprefix("file://"))
    return sorted(str(path) for path in location.rglob("*.parquet"))
