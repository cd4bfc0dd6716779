"""The sum of results counts what failed, whatever the suite calls it."""
import contextlib
import io
import os
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tally  # noqa: E402


class TallyTest(unittest.TestCase):
    def run_on(self, files):
        with tempfile.TemporaryDirectory() as folder:
            for name, content in files.items():
                pathlib.Path(folder, name).write_text(content)
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                status = tally.main([folder])
            return status, out.getvalue().strip().split("\n")

    def suite(self, *cases):
        return f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>"

    def test_the_last_line_sums_all_suites(self):
        files = {"a.xml": self.suite('<testcase name="x"/>'), "b.xml": self.suite('<testcase name="y" status="run"/>')}
        self.assertEqual(self.run_on(files), (0, ["2 passed, 0 failed"]))

    def test_failures_are_named_and_make_the_run_fail(self):
        for case in [
            '<testcase name="x"><failure/></testcase>',
            '<testcase name="x"><error/></testcase>',
            '<testcase name="x" status="fail"/>',
        ]:
            with self.subTest(case):
                status, lines = self.run_on({"a.xml": self.suite(case, '<testcase name="y"/>')})
                self.assertEqual((status, lines), (1, ["FAILED a: x", "1 passed, 1 failed"]))

    def test_a_test_program_that_was_not_built_is_a_failure(self):
        case = '<testcase name="b_NOT_BUILT" status="notrun"><skipped message="Unable to find executable"/></testcase>'
        self.assertEqual(self.run_on({"a.xml": self.suite(case)})[0], 1)

    def test_skipped_tests_are_told_and_are_neither(self):
        case = '<testcase name="x" status="notrun"><skipped/></testcase>'
        self.assertEqual(self.run_on({"a.xml": self.suite(case, '<testcase name="y"/>')}), (0, ["1 passed, 0 failed, 1 skipped"]))

    def test_no_test_at_all_is_a_failure(self):
        self.assertEqual(self.run_on({}), (1, ["0 passed, 0 failed"]))

    def test_results_that_cannot_be_read_are_a_failure(self):
        self.assertEqual(self.run_on({"a.xml": "<testsuite><te"})[0], 1)

    def test_a_command_is_recorded_as_one_test(self):
        with tempfile.TemporaryDirectory() as folder:
            log = pathlib.Path(folder, "log")
            log.write_text("went \x1b wrong\n")
            for status, expected in [(0, (1, 0)), (3, (0, 1))]:
                tally.main(["--record", f"{folder}/a.xml", "name", str(status), str(log)])
                counts, _ = tally.tally(folder)
                self.assertEqual((counts["passed"], counts["failed"]), expected)


if __name__ == "__main__":
    unittest.main()
