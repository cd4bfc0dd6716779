"""Request scripts, tests/api/*.yaml: routes of a server of their own, with status, `code` and part of the body.

    about: An unknown product is a problem document with a stable code
    mesh: examples/flights/mesh
    publish: {aviation.airports: deps/cache/data/airports.csv}
    steps:
      - request: GET /v1/products/nowhere/nothing
        status: 404
        code: product.unknown
      - request: POST /v1/query
        json: {sql: "SELECT count(*) AS n FROM aviation.airports"}
        status: 200
        body: {rows: [[3376]]}
        keep: {answer: row_count}

What `body` names must be there, with equal values; `"~regex"` matches text; lists are compared whole. `keep` remembers parts of
the answer (a.b.0) for later steps as `${answer}`. `headers` are sent, `answer_headers` compared. The server runs with --dev, so a
step without a `token` is the administrator's.
"""
import re

import yaml

STEP_KEYS = {"request", "json", "text", "headers", "token", "status", "code", "body", "answer_headers", "keep"}
SCRIPT_KEYS = {"about", "mesh", "publish", "steps"}


class ScriptError(Exception):
    pass


def parse(text):
    script = yaml.safe_load(text)
    if not isinstance(script, dict) or not script.get("steps") or set(script) - SCRIPT_KEYS:
        raise ScriptError(f"a script has the keys {sorted(SCRIPT_KEYS)} and at least one step")
    for number, step in enumerate(script["steps"], 1):
        unknown = set(step) - STEP_KEYS
        if unknown or "request" not in step or "status" not in step:
            raise ScriptError(f"step {number}: needs request and status, has unknown keys {sorted(unknown)}")
    return script


def differences(wanted, found, path="body"):
    """Where `found` lacks what `wanted` names."""
    if isinstance(wanted, dict):
        if not isinstance(found, dict):
            return [f"{path} is no object: {found!r}"]
        return [text for key in wanted for text in differences(wanted[key], found.get(key), f"{path}.{key}")]
    if isinstance(wanted, list):
        if not isinstance(found, list) or len(wanted) != len(found):
            return [f"{path} is {found!r}, wanted {wanted!r}"]
        return [text for i, each in enumerate(wanted) for text in differences(each, found[i], f"{path}.{i}")]
    if isinstance(wanted, str) and wanted.startswith("~"):
        return [] if isinstance(found, str) and re.search(wanted[1:], found) else [f"{path} is {found!r}, wanted {wanted!r}"]
    return [] if wanted == found and isinstance(wanted, bool) == isinstance(found, bool) else [f"{path} is {found!r}, wanted {wanted!r}"]


def filled(value, kept):
    if isinstance(value, str):
        return re.sub(r"\$\{(\w+)\}", lambda match: str(kept[match.group(1)]), value)
    if isinstance(value, dict):
        return {key: filled(each, kept) for key, each in value.items()}
    return [filled(each, kept) for each in value] if isinstance(value, list) else value


def part(value, path):
    for name in path.split("."):
        value = value[int(name)] if isinstance(value, list) else value[name]
    return value


def run_step(number, step, client, kept):
    """`client` is an httpx.Client of the server."""
    step = filled(step, kept)
    method, target = step["request"].split(" ", 1)
    headers = dict(step.get("headers", {}))
    if "token" in step:
        headers["Authorization"] = f"Bearer {step['token']}"
    content = step["text"].encode() if "text" in step else None
    answer = client.request(method, target, headers=headers, content=content, json=step.get("json"))
    problems = []
    if answer.status_code != step["status"]:
        problems.append(f"status is {answer.status_code}, wanted {step['status']}")
    body = answer.json() if "json" in answer.headers.get("content-type", "") else answer.text
    if "code" in step:
        problems += differences({"code": step["code"]}, body)
    if "body" in step:
        problems += differences(step["body"], body)
    for name, wanted in step.get("answer_headers", {}).items():
        problems += differences(wanted, answer.headers.get(name), f"header {name}")
    if problems:
        raise ScriptError(f"step {number}, {step['request']}: " + "; ".join(problems) + f"\n{answer.text[:2000]}")
    kept.update({name: part(body, path) for name, path in step.get("keep", {}).items()})
