#!/usr/bin/env python3
"""Sums the JUnit results of all test suites; the last line is `N passed, N failed`.

usage: tally.py FOLDER                         sum FOLDER/*.xml; exit 1 when a test failed or none ran
       tally.py --record FILE NAME STATUS LOG  write the result of one command as JUnit
"""
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def record(path, name, status, log):
    suite = ElementTree.Element("testsuite", name=name, tests="1")
    case = ElementTree.SubElement(suite, "testcase", classname=name, name=name)
    if status != 0:
        text = pathlib.Path(log).read_text(errors="replace")[-4000:]
        failure = ElementTree.SubElement(case, "failure", message=f"exit status {status}")
        failure.text = "".join(c for c in text if c in "\n\t" or ord(c) >= 32)
    ElementTree.ElementTree(suite).write(path)


def outcome(case):
    tags = {child.tag for child in case}
    # ctest calls a test program that was not built skipped.
    if (case.get("name") or "").endswith("_NOT_BUILT"):
        return "failed"
    if tags & {"failure", "error"} or case.get("status") == "fail":
        return "failed"
    if "skipped" in tags or case.get("status") in ("disabled", "notrun"):
        return "skipped"
    return "passed"


def tally(folder):
    """Counts by outcome, and the names of what failed. A file that cannot be read is itself a failure."""
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    failed = []
    for path in sorted(pathlib.Path(folder).glob("*.xml")):
        try:
            cases = list(ElementTree.parse(path).getroot().iter("testcase"))
        except ElementTree.ParseError as error:
            counts["failed"] += 1
            failed.append(f"{path.stem}: its results cannot be read ({error})")
            continue
        for case in cases:
            result = outcome(case)
            counts[result] += 1
            if result == "failed":
                names = dict.fromkeys(name for name in (case.get("classname"), case.get("name")) if name)
                failed.append(f"{path.stem}: {' '.join(names)}")
    return counts, failed


def main(arguments):
    if arguments[:1] == ["--record"] and len(arguments) == 5:
        record(arguments[1], arguments[2], int(arguments[3]), arguments[4])
        return 0
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    counts, failed = tally(arguments[0])
    for name in failed:
        print(f"FAILED {name}")
    skipped = f", {counts['skipped']} skipped" if counts["skipped"] else ""
    print(f"{counts['passed']} passed, {counts['failed']} failed{skipped}")
    return 1 if counts["failed"] or counts["passed"] == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
