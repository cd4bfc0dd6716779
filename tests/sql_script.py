"""SQL scripts, tests/sql/*.test: what a query shows to whom, run by the program in process (`weft --data DIR --as NAME query`).

    # An analyst sees no denied product.
    mesh examples/flights/mesh
    publish aviation.airports deps/cache/data/airports.csv
    user ana@example.org

    query
    SELECT iata FROM aviation.airports ORDER BY iata LIMIT 2
    ----
    00M
    00R

    error access.denied
    SELECT * FROM climate.weather

A result's rows are CSV without the header; `query unordered` sorts both sides; `user` without a name is the administrator.
"""
import csv
import dataclasses
import io
import json


class ScriptError(Exception):
    pass


@dataclasses.dataclass
class Step:
    line: int
    user: str
    sql: str
    rows: list | None = None  # None: an error is expected.
    is_unordered: bool = False
    code: str = ""


@dataclasses.dataclass
class Script:
    mesh: str = ""
    publishes: list = dataclasses.field(default_factory=list)
    steps: list = dataclasses.field(default_factory=list)


def _blocks(text):
    """Paragraphs as lists of (line number, line), without comment lines."""
    block = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("#"):
            continue
        if line.strip():
            block.append((number, line))
        elif block:
            yield block
            block = []
    if block:
        yield block


def _setting(script, number, words, user):
    if words[0] == "mesh" and len(words) == 2:
        script.mesh = words[1]
    elif words[0] == "publish" and len(words) == 3:
        script.publishes.append((words[1], words[2]))
    elif words[0] == "user" and len(words) <= 2:
        return words[1] if len(words) == 2 else ""
    else:
        raise ScriptError(f"line {number}: '{' '.join(words)}' is no mesh, publish, user, query or error")
    return user


def _step(block, user):
    number, head = block[0]
    words, lines = head.split(), [line for _, line in block[1:]]
    if words[0] == "error":
        if len(words) != 2 or not lines:
            raise ScriptError(f"line {number}: write `error CODE`, then the SQL")
        return Step(number, user, "\n".join(lines), code=words[1])
    if words[1:] not in ([], ["unordered"]) or "----" not in lines:
        raise ScriptError(f"line {number}: write `query` or `query unordered`, the SQL, `----`, the rows")
    split = lines.index("----")
    return Step(number, user, "\n".join(lines[:split]), lines[split + 1 :], words[1:] == ["unordered"])


def parse(text):
    script, user = Script(), ""
    for block in _blocks(text):
        while block and block[0][1].split()[0] not in ("query", "error"):
            user = _setting(script, block[0][0], block[0][1].split(), user)
            block = block[1:]
        if block:
            script.steps.append(_step(block, user))
    if not script.steps:
        raise ScriptError("there is no query and no error in it")
    return script


def _rows(text):
    return [",".join(row) for row in csv.reader(io.StringIO(text))]


def run_step(step, weft):
    """`weft` runs the program as the step's user: (arguments, status=None) -> CompletedProcess."""
    done = weft("-o", "json", "query", step.sql, "--format", "csv", status=None)
    if step.rows is None:
        try:
            code = json.loads(done.stderr).get("code")
        except ValueError:
            code = None
        if done.returncode == 0 or code != step.code:
            raise ScriptError(f"line {step.line}: expected {step.code}, exit code {done.returncode}, said\n{done.stdout[-500:]}{done.stderr[-2000:]}")
        return
    if done.returncode != 0:
        raise ScriptError(f"line {step.line}: exit code {done.returncode}\n{done.stderr[-2000:]}")
    found, wanted = _rows(done.stdout)[1:], [",".join(next(csv.reader([row]))) for row in step.rows]
    if step.is_unordered:
        found, wanted = sorted(found), sorted(wanted)
    if found != wanted:
        raise ScriptError(f"line {step.line}: expected\n  " + "\n  ".join(wanted) + "\nfound\n  " + "\n  ".join(found[:50]))
