"""Every folder says what it is for on the first screen of its README.md."""
import pathlib
import re

from tidy_rules.source import Problem

TREES = ("src", "tests", "fuzz", "bench", "tools", "deps", "docs", "examples")
# Folders of numbered or generated files need none when the README of the folder above them names them.
NAMED_ABOVE = {"migrations", "golden", "corpus", "files", "decisions", "dev", "tidy_rules", "figures"}
FIRST_SCREEN_LINES = 25


def check(root, folders):
    for folder in folders:
        path = folder.relative_to(root)
        if not path.parts or path.parts[0] not in TREES:
            continue
        readme = folder / "README.md"
        if readme.exists():
            yield from _check_first_screen(path / "README.md", readme.read_text(errors="replace"))
        elif _is_mesh_content(path) or _named_above(folder):
            continue
        else:
            yield Problem(path.as_posix(), 1, "readme", "has no README.md that says what the folder is for")


def _is_mesh_content(path):
    """Folders inside one example are the example's content, which its own README tells of."""
    return path.parts[0] == "examples" and len(path.parts) > 2


def _named_above(folder):
    above = folder.parent / "README.md"
    return folder.name in NAMED_ABOVE and above.exists() and folder.name in above.read_text(errors="replace")


def _check_first_screen(path, content):
    lines = content.split("\n")[:FIRST_SCREEN_LINES]
    name = pathlib.PurePath(path).as_posix()
    if not lines[0].startswith("# "):
        yield Problem(name, 1, "readme", "must begin with a `# ` heading")
    elif not any(re.match(r"[A-Za-z`*\[«|].{39,}", line) for line in lines[1:]):
        yield Problem(name, 1, "readme", "must say in its first lines, in a sentence, what the folder is for")
