"""Requests a second over keep-alive, 64 connections, the load made on the same two cores."""
import re
import subprocess

from figure import Measured, Unmeasured, at_least, figure
from flights import apply_flights
from server import serve


def requests_a_second(url):
    done = subprocess.run(["wrk", "-t1", "-c64", "-d5", url], capture_output=True, text=True, check=True)
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise Unmeasured(done.stdout[-500:])
    return float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout).group(1))


@figure("http_healthz", what="/healthz, requests a second", bar=at_least(30_000))
def http_healthz(bench):
    with serve(bench.weft, bench.folder / "data") as (_, url, _process):
        return Measured(requests_a_second(url + "/healthz"), None, "1/s")


@figure("http_product", what="a product by name, requests a second", bar=at_least(15_000))
def http_product(bench):
    with serve(bench.weft, bench.folder / "data") as (_, url, _process):
        apply_flights(bench, url)
        return Measured(requests_a_second(url + "/v1/products/aviation/flights"), None, "1/s")
