"""A source file as the rules see it: its lines, and its code with comments and literals blanked out."""
import dataclasses
import functools
import re


@dataclasses.dataclass(frozen=True)
class Problem:
    path: str
    line: int
    rule: str
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


# In order of precedence: raw strings, comments, strings, characters (a digit separator is none), includes' brackets stay.
_BLANKED = re.compile(
    r'R"(?P<delimiter>[^()\\\s]{0,16})\(.*?\)(?P=delimiter)"'
    r"|//[^\n]*"
    r"|/\*.*?\*/"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Za-z_])(?:u8|[uUL])?'(?:\\.|[^'\\\n])+'",
    re.DOTALL,
)


def _blank(match):
    found = match.group(0)
    if found.startswith("/"):
        return re.sub(r"[^\n]", " ", found)
    # Literals keep their quotes, so that `f("a")` still looks like a call with one argument.
    return '"' + re.sub(r"[^\n]", "_", found[1:-1]) + '"' if len(found) > 1 else found


class Source:
    def __init__(self, path, text):
        self.path = path
        self.text = text

    @functools.cached_property
    def lines(self):
        return self.text.split("\n")

    @functools.cached_property
    def code(self):
        """The text, same length and lines, without what comments and literals say."""
        return _BLANKED.sub(_blank, self.text)

    def line_of(self, offset):
        return self.text.count("\n", 0, offset) + 1

    def problem(self, line, rule, message):
        return Problem(self.path, line, rule, message)
