"""What governance costs a query: the same SQL through Weft and in the bare engine, on the same files."""
import datetime
import math
import statistics

import duckdb

from figure import Bar, Measured, Unmeasured, figure, interleaved, ratio_at_most
from flights import apply, apply_flights, ask, files_of, publish
from server import serve

SCAN = "SELECT origin, count(*) AS n, avg(delay) AS mean, max(distance) AS far FROM {flights} GROUP BY origin ORDER BY n DESC"
TPCH = ["customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier"]
TYPES = {"BIGINT": "logicalType: integer, logicalTypeOptions: {format: i64}", "INTEGER": "logicalType: integer", "VARCHAR": "logicalType: string", "DATE": "logicalType: date"}


@figure("scan_group_by", what="governed scan and group-by over 3 M rows, against bare DuckDB", bar=ratio_at_most(1.05, 0.003))
def scan_group_by(bench):
    with serve(bench.weft, bench.folder / "data") as (client, url, _):
        apply_flights(bench, url)
        publish(client, "aviation.flights", bench.data / "flights-3m.parquet")
        bare = duckdb.connect()
        bare.execute(f"CREATE VIEW flights AS FROM read_parquet({files_of(client, 'aviation.flights')})")
        return interleaved(lambda: ask(client, SCAN.format(flights="aviation.flights")), lambda: bare.execute(SCAN.format(flights="flights")).fetchall(), rounds=21)


def tpch_mesh(connection):
    documents = ["{apiVersion: weft/v1, kind: Team, name: t, members: [a@example.com]}", "{apiVersion: weft/v1, kind: Domain, name: tpch, owner: t, onCall: t}"]
    for table in TPCH:
        columns = []
        for name, kind, *_ in connection.execute(f"DESCRIBE {table}").fetchall():
            columns.append(f"{{name: {name}, {TYPES.get(kind) or f'''logicalType: number, physicalType: '{kind.lower()}' '''}}}")
        documents.append(f"{{apiVersion: v3.1.0, kind: DataContract, id: c-{table}, version: 1.0.0, status: active, domain: tpch, "
                         f"schema: [{{name: {table}, logicalType: object, properties: [{', '.join(columns)}]}}]}}")
        documents.append(f"{{apiVersion: v1.0.0, kind: DataProduct, id: p-{table}, name: {table}, status: active, domain: tpch, description: {{purpose: x}}, "
                         f"outputPorts: [{{name: {table}, type: table, version: 1.0.0, contractId: c-{table}}}]}}")
    return "\n---\n".join(documents)


@figure("tpch_sf1", what="TPC-H SF1's 22 queries, against bare DuckDB on the same files: geometric mean, each ≤ 1.05× + 3 ms",
        bar=Bar("≤ 1.05× mean", lambda m: m.ours <= 1.05 * m.theirs and not m.notes["above"]))
def tpch_sf1(bench):
    extension = next(bench.data.parent.glob("duckdb/extensions/*/*/tpch.duckdb_extension"))
    made = duckdb.connect(config={"allow_unsigned_extensions": True})
    made.execute(f"LOAD '{extension}'")
    made.execute("CALL dbgen(sf = 1)")
    queries = [text for _, text in made.execute("SELECT query_nr, query FROM tpch_queries() ORDER BY 1").fetchall()]
    (bench.folder / "mesh").mkdir()
    (bench.folder / "mesh/tpch.yaml").write_text(tpch_mesh(made))
    with serve(bench.weft, bench.folder / "data") as (client, url, _):
        apply(bench, url, bench.folder / "mesh")
        bare = duckdb.connect()
        for table in TPCH:
            made.execute(f"COPY {table} TO '{bench.folder}/{table}.parquet' (FORMAT parquet)")
            publish(client, f"tpch.{table}", bench.folder / f"{table}.parquet")
            bare.execute(f"CREATE VIEW {table} AS FROM read_parquet({files_of(client, f'tpch.{table}')})")
        made.close()
        ratios, above, ours, theirs = [], [], [], []
        for number, sql in enumerate(queries, 1):
            governed = with_domain(sql)
            measured = interleaved(lambda: ask(client, governed), lambda: bare.execute(sql).fetchall(), rounds=5)
            ratios.append(measured.ratio)
            ours.append(measured.ours)
            theirs.append(measured.theirs)
            if measured.ours > 1.05 * measured.theirs + 0.003:
                above.append({"query": number, "ours": round(measured.ours, 4), "theirs": round(measured.theirs, 4)})
        mean = math.exp(statistics.mean(math.log(ratio) for ratio in ratios))
        return Measured(mean, 1.0, "ratio", {"above": above, "ratios": [round(ratio, 3) for ratio in ratios]})


def with_domain(sql):
    """Table names of the benchmark as products of the domain tpch."""
    import re

    # After FROM, JOIN or a comma they are tables; a column is called nation, too, after AS and BY.
    return re.sub(rf"(?i)(\bFROM\s+|\bJOIN\s+|,\s*)({'|'.join(TPCH)})(?![\w.(])", r"\1tpch.\2", sql)
