"""JSON events read and held to a schema, measured in C++ by json_schema_bench."""
import json
import subprocess

from figure import Measured, at_least, figure


@figure("json_schema_check", what="JSON events of 500 bytes a second, read and checked on one core", bar=at_least(200_000))
def json_schema_check(bench):
    done = subprocess.run([bench.build / "bench/json_schema_bench"], capture_output=True, text=True, check=True)
    return Measured(json.loads(done.stdout)["per_second"], None, "1/s")
