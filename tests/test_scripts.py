"""The languages of tests/sql and tests/api: what they accept, what they refuse, and that a wrong answer fails."""
import subprocess

import api_script
import pytest
import sql_script

SQL = """# A comment.
mesh m
publish a.b f.csv
user ana

query
SELECT 1,
  2
----
1,2

user
error access.denied
SELECT 2
"""


def said(stdout="", stderr="", code=0):
    return lambda *arguments, status: subprocess.CompletedProcess(arguments, code, stdout, stderr)


def test_a_sql_script_has_settings_and_steps():
    script = sql_script.parse(SQL)
    assert (script.mesh, script.publishes) == ("m", [("a.b", "f.csv")])
    first, second = script.steps
    assert (first.line, first.user, first.sql, first.rows) == (6, "ana", "SELECT 1,\n  2", ["1,2"])
    assert (second.user, second.code, second.rows) == ("", "access.denied", None)


@pytest.mark.parametrize("text", ["", "user ana\n", "query\nSELECT 1\n", "query T\nSELECT 1\n----\n1\n", "error\nSELECT 1\n", "frobnicate\n"])
def test_a_sql_script_that_says_nothing_is_refused(text):
    with pytest.raises(sql_script.ScriptError):
        sql_script.parse(text)


def test_rows_are_compared():
    step = sql_script.Step(1, "", "SELECT", ["1,2", "3,4"])
    sql_script.run_step(step, said("a,b\n1,2\n3,4\n"))
    for wrong in ["a,b\n1,2\n", "a,b\n3,4\n1,2\n", "a,b\n1,2\n3,5\n"]:
        with pytest.raises(sql_script.ScriptError):
            sql_script.run_step(step, said(wrong))
    with pytest.raises(sql_script.ScriptError):
        sql_script.run_step(step, said("a,b\n1,2\n3,4\n", code=1))
    step.is_unordered = True
    sql_script.run_step(step, said("a,b\n3,4\n1,2\n"))


def test_an_expected_error_needs_its_code():
    step = sql_script.Step(1, "", "SELECT", code="access.denied")
    sql_script.run_step(step, said(stderr='{"code": "access.denied"}', code=1))
    for wrong in [said("1\n"), said(stderr='{"code": "other"}', code=1), said(stderr="Killed", code=137)]:
        with pytest.raises(sql_script.ScriptError):
            sql_script.run_step(step, wrong)


def test_a_request_script_is_checked_before_it_runs():
    api_script.parse("steps: [{request: GET /healthz, status: 200}]")
    for text in ["", "steps: []", "steps: [{request: GET /}]", "steps: [{request: GET /, status: 200, boddy: {}}]", "stepz: []"]:
        with pytest.raises(api_script.ScriptError):
            api_script.parse(text)


def test_a_body_is_compared_in_part():
    found = {"a": {"b": [1, "two"], "c": True}, "d": None}
    for wanted in [{}, {"a": {"b": [1, "~^t"]}}, {"a": {"c": True}, "d": None}]:
        assert api_script.differences(wanted, found) == []
    for wanted in [{"a": {"b": [1]}}, {"a": {"c": 1}}, {"e": 1}, {"a": {"b": [1, "~x"]}}, {"a": []}]:
        assert api_script.differences(wanted, found) != []


def test_answers_are_kept_for_later_steps():
    assert api_script.part({"a": [{"b": 7}]}, "a.0.b") == 7
    assert api_script.filled({"x": ["/v1/${id}"]}, {"id": 7}) == {"x": ["/v1/7"]}
