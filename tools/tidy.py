#!/usr/bin/env python3
"""Checks what the compiler cannot: layers, wrappers, coroutine forms, sizes, names, README files.

usage: tidy.py [PATH…]   problems below these paths (default: the whole tree), one a line; exit 1 when there are any
"""
import os
import pathlib
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tidy_rules import coroutines, layers, readmes, sizes, text  # noqa: E402
from tidy_rules.source import Source  # noqa: E402

SKIPPED = {".git", "build", "dist", "cache", ".weft", "node_modules", "__pycache__", ".pytest_cache"}
CODE = {".h", ".cpp", ".py", ".sh", ".cmake"}
TEXT = CODE | {".md", ".txt", ".yaml", ".yml", ".json", ".test"}


def walk(root):
    """All folders and files of the tree that people write, sorted."""
    folders, files = [], []
    for folder, names, found in os.walk(root):
        names[:] = sorted(name for name in names if name not in SKIPPED)
        folders.append(pathlib.Path(folder))
        files += [pathlib.Path(folder, name) for name in sorted(found)]
    return folders, files


def is_code(path):
    return path.suffix in CODE or (path.suffix == "" and path.name in ("dev", "run", "demo"))


def check(root):
    """Every problem in the tree below root as `path:line: rule: message`."""
    root = pathlib.Path(root)
    folders, files = walk(root)
    problems = list(readmes.check(root, folders))
    order = layers.module_order(root)
    for path in files:
        if path.suffix not in TEXT and not is_code(path):
            continue
        if text.is_data(path.relative_to(root)):
            continue
        source = Source(path.relative_to(root).as_posix(), path.read_text(errors="replace"))
        problems += text.check(source)
        if is_code(path):
            problems += sizes.check_file(source)
        if path.suffix in (".h", ".cpp") and path.parent != root / "cmake":
            problems += layers.check(source, order)
            problems += coroutines.check(source)
            problems += sizes.check_functions(source)
            problems += text.check_cpp(source)
    return problems


def main(arguments):
    root = pathlib.Path(__file__).resolve().parent.parent
    wanted = [os.path.relpath(path, root) for path in arguments]
    problems = [
        problem
        for problem in check(root)
        if not wanted or any(problem.path == name or problem.path.startswith(name + "/") for name in wanted)
    ]
    for problem in problems:
        print(problem)
    print(f"tidy: {len(problems)} problems" if problems else "tidy: no problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
