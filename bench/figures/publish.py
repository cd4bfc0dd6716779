"""What the gate costs: a publish of three million rows with its checks against the engine's own COPY of the same file."""
import duckdb

from figure import figure, interleaved, ratio_at_most
from flights import apply_flights, publish
from server import serve


@figure("publish_3m", what="publish of 3 M rows with the contract's checks, against DuckDB's COPY to zstd Parquet", bar=ratio_at_most(1.25))
def publish_3m(bench):
    source = bench.data / "flights-3m.parquet"
    bare = duckdb.connect()
    with serve(bench.weft, bench.folder / "data") as (client, url, _):
        apply_flights(bench, url)
        # In place of the table, so that uniqueness and size are the same in each round.
        return interleaved(lambda: publish(client, "aviation.flights", source, mode="overwrite"),
                           lambda: bare.execute(f"COPY (FROM '{source}') TO '{bench.folder}/bare.parquet' (FORMAT parquet, COMPRESSION zstd)"), rounds=7)
