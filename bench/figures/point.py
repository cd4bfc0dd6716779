"""One row by its key through HTTP, against the bare engine's prepared statement on the same files."""
import duckdb

from figure import figure, interleaved, more_at_most
from flights import Asker, apply_flights, files_of, publish
from server import serve


@figure("point_query", what="point query by key through HTTP, against bare DuckDB prepared, milliseconds", bar=more_at_most(1.0))
def point_query(bench):
    with serve(bench.weft, bench.folder / "data") as (client, url, _):
        apply_flights(bench, url)
        publish(client, "aviation.airports", bench.data / "airports.csv")
        bare = duckdb.connect()
        bare.execute(f"PREPARE p AS SELECT name, city FROM read_parquet({files_of(client, 'aviation.airports')}) WHERE iata = $1")
        return interleaved(Asker(url, "SELECT name, city FROM aviation.airports WHERE iata = $1", ["SEA"]),
                           lambda: bare.execute("EXECUTE p('SEA')").fetchall(), rounds=400, unit="ms", scale=1000.0)
