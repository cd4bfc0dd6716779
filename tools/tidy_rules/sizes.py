"""A function fits a screen, a file stays readable."""
import re

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 500

_SCOPE = re.compile(r"\b(namespace|class|struct|union|enum)\b[^()]*$|\bextern\s*\"_*\"\s*$")


def check_file(source):
    count = len(source.lines) - (source.lines[-1] == "")
    if count > FILE_LINES_MAX:
        yield source.problem(count, "file-size", f"{count} lines, at most {FILE_LINES_MAX}: split it at a seam")


# What stands before a function's body; a member's initialiser `a_{1}` has a plain name there, a list has `=`.
_BODY_FOLLOWS = re.compile(r"(?:[)}]|\b(?:const|noexcept|override|final|mutable|try)|->[^;=]*)\s*$")


def _kind(head, is_outside):
    if _SCOPE.search(head):
        return "scope"
    return "function" if is_outside and "(" in head and _BODY_FOLLOWS.search(head) else "block"


def functions(source):
    """(first line, last line, name) of each function body at namespace or class scope."""
    code = re.sub(r"(?m)^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group(0)), source.code)
    stack, statement = [], 0
    for match in re.finditer(r"[;{}]", code):
        at, sign = match.start(), match.group(0)
        is_outside = all(kind == "scope" for kind, _, _ in stack)
        if sign == "{":
            head = code[statement:at]
            kind = _kind(head, is_outside)
            stack.append((kind, statement + len(head) - len(head.lstrip()), head))
            if kind == "block" and is_outside:
                continue  # An initialiser; what it belongs to goes on after it: `X() : a_{1} {…}`.
        elif sign == "}" and stack:
            kind, start, head = stack.pop()
            if kind == "function":
                yield source.line_of(start), source.line_of(at), _name(head)
            if kind == "block" and all(k == "scope" for k, _, _ in stack):
                continue
        if stack and stack[-1][0] == "block" and all(k == "scope" for k, _, _ in stack[:-1]):
            continue  # Inside such an initialiser.
        statement = match.end()


def _name(head):
    found = re.search(r"([\w:~]+|operator\S+)\s*\(", head)
    return found.group(1) if found else "function"


def check_functions(source):
    for first, last, name in functions(source):
        if last - first + 1 > FUNCTION_LINES_MAX:
            yield source.problem(first, "function-size", f"{name} has {last - first + 1} lines, at most {FUNCTION_LINES_MAX}")
