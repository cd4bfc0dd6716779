#!/usr/bin/env python3
"""Measures the figures of bench/figures and writes them with the machine's description.

usage: run.py --build FOLDER --data FOLDER --out FILE [--only GLOB]…
"""
import argparse
import dataclasses
import datetime
import fnmatch
import importlib.util
import json
import os
import pathlib
import platform
import shutil
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import figure  # noqa: E402


@dataclasses.dataclass
class Bench:
    """What a figure may use. `folder` is its own and is removed after it."""

    build: pathlib.Path
    data: pathlib.Path
    folder: pathlib.Path

    @property
    def weft(self):
        return str(self.build / "weft")


def machine():
    def read(path, key):
        lines = pathlib.Path(path).read_text().splitlines()
        return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(key)), "unknown")

    return {
        "at": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "processor": read("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory": read("/proc/meminfo", "MemTotal"),
        "system": platform.platform(),
        "load_before": os.getloadavg()[0],
    }


def load_figures():
    for path in sorted((HERE / "figures").glob("*.py")):
        spec = importlib.util.spec_from_file_location(f"figures.{path.stem}", path)
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    return figure.FIGURES


def measure(build, data, name, what, bar, work):
    result = {"name": name, "what": what, "ours": None, "theirs": None, "ratio": None, "bar": bar.text, "holds": False}
    folder = pathlib.Path(tempfile.mkdtemp(prefix="weft-bench-"))
    start = time.monotonic()
    try:
        measured = work(Bench(build, data, folder))
        result |= {"ours": measured.ours, "theirs": measured.theirs, "ratio": measured.ratio, "unit": measured.unit}
        result |= {"holds": bool(bar.holds(measured)), "notes": measured.notes}
    except Exception as error:  # A figure that fails is told like one that misses its bar; the others go on.
        result["error"] = f"{type(error).__name__}: {error}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    result["seconds"] = round(time.monotonic() - start, 1)
    return result


def line(result):
    def number(value):
        return "–" if value is None else f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"

    verdict = "holds" if result["holds"] else "MISSED"
    columns = [result["name"], number(result["ours"]), number(result["theirs"]), number(result["ratio"]), result["bar"], verdict]
    text = "{:<28} {:>10} {:>10} {:>8}  {:<14} {}".format(*columns)
    return text + (f"  ({result['error'][:160]})" if "error" in result else "")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--only", action="append", default=[])
    options = parser.parse_args()
    chosen = [f for f in load_figures() if not options.only or any(fnmatch.fnmatch(f[0], glob) for glob in options.only)]
    if not chosen:
        sys.exit("no figure has such a name; they are: " + ", ".join(f[0] for f in figure.FIGURES))
    about, results = machine(), []
    print("{:<28} {:>10} {:>10} {:>8}  {:<14}".format("figure", "ours", "theirs", "ratio", "bar"))
    for name, what, bar, work in chosen:
        results.append(measure(options.build.resolve(), options.data.resolve(), name, what, bar, work))
        print(line(results[-1]), flush=True)
    options.out.write_text(json.dumps({"machine": about, "figures": results}, indent=1, ensure_ascii=False) + "\n")
    missed = [result["name"] for result in results if not result["holds"]]
    print(f"{len(results) - len(missed)} of {len(results)} bars hold; written to {options.out}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
