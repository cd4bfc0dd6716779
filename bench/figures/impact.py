"""Who is hurt by one change of a contract, over 100,000 recorded queries of 1,000 shapes."""
import sqlite3
import time

from figure import Measured, Unmeasured, at_most, figure
from flights import ROOT, apply_flights
from server import serve

QUERIES, SHAPES = 100_000, 1_000


def record_queries(data):
    """As the road out records them, in bulk."""
    now = int(time.time() * 1e6)
    with sqlite3.connect(data / "mesh.db") as store:
        for n in range(QUERIES):
            sql = f"SELECT origin, avg(delay) AS mean_{n % SHAPES}, count(*) AS n FROM aviation.flights WHERE distance > {n % SHAPES} GROUP BY origin"
            store.execute("INSERT INTO queries (id, started, principal, request_id, sql, status) VALUES (?, ?, ?, '', ?, 'finished')",
                          (f"qry_bench{n:08}", now - n, f"user{n % 50}@example.com", sql))
            store.execute("INSERT INTO query_accesses (query_id, position, time, principal, reader, name, domain, columns, why) VALUES (?, 0, ?, ?, '', 'aviation.flights.flights', 'aviation', '[\"delay\",\"distance\",\"origin\"]', '')",
                          (f"qry_bench{n:08}", now - n, f"user{n % 50}@example.com"))


@figure("impact_100k", what="impact of one change over 100,000 recorded queries of 1,000 shapes, seconds", bar=at_most(2))
def impact(bench):
    data = bench.folder / "data"
    with serve(bench.weft, data) as (_, url, _process):
        apply_flights(bench, url)
    record_queries(data)
    contract = (ROOT / "examples/flights/mesh/aviation.yaml").read_text().split("---")[0].replace("name: delay\n", "name: delay_minutes\n")
    with serve(bench.weft, data) as (client, _url, _process):
        start = time.perf_counter()
        answer = client.post("/v1/products/aviation/flights/ports/flights:impact", json={"contract": contract})
        took = time.perf_counter() - start
        if answer.status_code != 200 or answer.json()["verdict"] != "refused":
            raise Unmeasured(answer.text[:500])
        return Measured(took, None, "s", {"observed": answer.json()["observed"], "affected": answer.json()["affected"]})
