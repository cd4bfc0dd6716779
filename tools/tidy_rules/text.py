"""What no file may say: loose ends, machine paths, registry hosts, empty names."""
import re

# Patterns are written so that this file itself does not match them.
_ANYWHERE = [
    ("todo", re.compile(r"\bTO" r"DO\b(?!\(#\d+\))"), "a TO" "DO needs an issue: TO" "DO(#12)"),
    ("todo", re.compile(r"\b(FIX" r"ME|XX" r"X|HA" r"CK)\b"), "say what is missing in an issue, not here"),
    ("machine-path", re.compile(r"(?<![\w.$}/])/(?:work|root|home/\w+|Users/\w+)/"), "a path of one machine; make it relative or a variable"),
    (
        "registry-host",
        re.compile(r"\b(?:pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|crates\.io|deb\.debian\.org|maven\.org|proxy\.golang\.org)\b"),
        "name packages, not registries' hosts",
    ),
]
_EMPTY_NAME = re.compile(r"\b(?:class|struct|enum class|enum)\s+(\w*(?:Manager|Helper|Utils?|Impl)|Data)\b(?=[\s:;{])")
_EMPTY_FUNCTION = re.compile(r"^[ \t]*(?:[\w:<>,&*]+[ \t]+)+((?:\w+::)?(?:process|handle_stuff))\s*\(", re.MULTILINE)
_STD_FORMAT = re.compile(r"\bstd::(format|print|println|vformat)\s*\(|#\s*include\s*<(format|print)>")
# Split, so that this file does not match itself.
_SLEEP = re.compile(r"\b(?:sleep_for|sleep_until|usleep|nanosleep|sleep)\s*\(")
_SKIPPED = re.compile(r"\bGTEST_" r"SKIP\b|\bDIS" r"ABLED_\w+")
_STATEMENT_WORD = re.compile(r"^[ \t]*(?:return|co_return|else|throw)\b")


def is_data(path):
    """Files kept as they came, or that tests compare byte for byte."""
    return any(part in ("golden", "corpus", "files", "standards") for part in path.parts) or path.name == "LICENSE"


def check(source):
    for rule, pattern, message in _ANYWHERE:
        for match in pattern.finditer(source.text):
            yield source.problem(source.line_of(match.start()), rule, message)
    for number, line in enumerate(source.lines, 1):
        if line.startswith(("<<<<<<< ", ">>>>>>> ")):
            yield source.problem(number, "merge-marker", "a merge was left half done")


def check_cpp(source):
    if source.path.endswith(".h") and "#pragma once" not in source.text:
        yield source.problem(1, "pragma-once", "a header begins with #pragma once")
    for match in _EMPTY_NAME.finditer(source.code):
        yield source.problem(source.line_of(match.start()), "name", f"{match.group(1)} says nothing: name what it is")
    for match in _EMPTY_FUNCTION.finditer(source.code):
        if not _STATEMENT_WORD.match(match.group(0)):
            yield source.problem(source.line_of(match.start(1)), "name", f"{match.group(1)}() says nothing: name what it does")
    if source.path.endswith("_test.cpp"):
        for match in _SLEEP.finditer(source.code):
            yield source.problem(source.line_of(match.start()), "test-sleep", "a test waits for what happens, never for time")
        for match in _SKIPPED.finditer(source.code):
            yield source.problem(source.line_of(match.start()), "test-skipped", "a test that does not run proves nothing")
    for match in _STD_FORMAT.finditer(source.code):
        yield source.problem(source.line_of(match.start()), "format", "GCC 12 has no std::format; use format() of base/format.h")
