"""From start to ready, and what an idle server holds, with the demo's mesh and with five thousand products."""
import contextlib
import subprocess
import time

import httpx

from figure import Measured, at_most, figure
from flights import apply, apply_flights
from growth import many_products
from server import resident_megabytes, serve


def seconds_to_ready(bench):
    started = time.perf_counter()
    with serve(bench.weft, bench.folder / "data"):
        return time.perf_counter() - started


@figure("start_demo", what="start to readyz with the demo's mesh, seconds", bar=at_most(0.3))
def start_demo(bench):
    with serve(bench.weft, bench.folder / "data") as (_, url, _process):
        apply_flights(bench, url)
    return Measured(sorted(seconds_to_ready(bench) for _ in range(5))[2])


@figure("start_5000", what="start to readyz with 5,000 products, seconds", bar=at_most(2.0))
def start_5000(bench):
    with serve(bench.weft, bench.folder / "data") as (_, url, _process):
        apply(bench, url, many_products(bench.folder / "mesh", 5000))
    return Measured(sorted(seconds_to_ready(bench) for _ in range(3))[1])


@figure("idle_memory", what="idle memory with the demo's mesh, server and workers, MB", bar=at_most(100))
def idle_memory(bench):
    with serve(bench.weft, bench.folder / "data") as (client, url, process):
        apply_flights(bench, url)
    with serve(bench.weft, bench.folder / "data") as (client, url, process):
        time.sleep(2)  # Workers start ahead in the background.
        return Measured(resident_megabytes(process), None, "MB")


@figure("plan_5000", what="plan of 5,000 products, seconds", bar=at_most(2.0))
def plan_5000(bench):
    folder = many_products(bench.folder / "mesh", 5000)
    with serve(bench.weft, bench.folder / "data") as (_, url, _process):
        started = time.perf_counter()
        subprocess.run([bench.weft, "--url", url, "plan", str(folder)], capture_output=True, check=True)
        return Measured(time.perf_counter() - started)


@figure("apply_5000", what="apply of 5,000 products, seconds", bar=at_most(5.0))
def apply_5000(bench):
    folder = many_products(bench.folder / "mesh", 5000)
    with serve(bench.weft, bench.folder / "data") as (_, url, _process):
        started = time.perf_counter()
        apply(bench, url, folder)
        return Measured(time.perf_counter() - started)
