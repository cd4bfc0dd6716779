"""Audit records and lineage edges, measured in C++ by record_bench."""
import json
import subprocess

from figure import Measured, at_least, at_most, figure


def measured(bench, what):
    done = subprocess.run([bench.build / "bench/record_bench", what, bench.folder], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@figure("audit_append", what="audit records a second, durable, in group commit", bar=at_least(20_000))
def audit_append(bench):
    return Measured(measured(bench, "audit")["per_second"], None, "1/s")


@figure("lineage_first", what="lineage closure over a million column edges, the first call, ms", bar=at_most(300))
def lineage_first(bench):
    return Measured(measured(bench, "lineage")["first_ms"], None, "ms")


@figure("lineage_warm", what="lineage closure over a million column edges, warm, ms", bar=at_most(100))
def lineage_warm(bench):
    return Measured(measured(bench, "lineage")["warm_ms"], None, "ms")
