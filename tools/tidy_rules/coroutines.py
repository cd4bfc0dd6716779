"""GCC 12 miscompiles coroutines whose co_await is part of a larger expression: each stands alone, on named things."""
import re

_START = re.compile(r"[;{}]|#[^\n]*")
# `co_await f(a);`, `auto x = co_await f(a);`, `Type x = …`, `auto [a, b] = …`, `x = …`.
_BEFORE = re.compile(r"(?:(?:const\s+)?(?:auto&{0,2}\s*(?:\[[\w\s,]*\]|\w+)|[\w:<>,*&\s.\->]+?)\s*=\s*)?co_await\b")
_KEYWORDS = re.compile(r"\b(if|else|while|for|switch|return|co_return|co_yield|TRY|CHECK|do|case)\b")
RULE = "coroutine"


def check(source):
    code = source.code
    for match in re.finditer(r"\bco_await\b", code):
        before = max((m.end() for m in _START.finditer(code, 0, match.start())), default=0)
        end = code.find(";", match.end())
        head, rest = code[before : match.end()].strip(), code[match.end() : end if end >= 0 else len(code)]
        line = source.line_of(match.start())
        if _KEYWORDS.search(head) or not _BEFORE.fullmatch(head):
            yield source.problem(line, RULE, "co_await must stand alone: `co_await f(a);` or `auto x = co_await f(a);`")
        elif "{" in rest or "}" in rest:
            yield source.problem(line, RULE, "no {…} or lambda temporary beside co_await: name it first")
        elif re.search(r"&&|\|\||\?|\bco_await\b|\bTRY\b", rest) or rest.count("(") != rest.count(")"):
            yield source.problem(line, RULE, "co_await must not be part of a larger expression")
