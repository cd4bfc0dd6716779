"""Each rule of tidy.py fires on what it is for, and stays silent on what is right."""
import os
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tidy  # noqa: E402

MODULES = "const Module* const kAll[] = {&identity::kModule, &catalog::kModule, &query::kModule};\n"


class TidyTest(unittest.TestCase):
    def problems(self, files):
        """The problems of a small tree, as `rule` or `path:line rule`; README files of its folders are added."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, content in files.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content)
            return [f"{p.path}:{p.line} {p.rule}" for p in tidy.check(root) if p.rule != "readme" or "README" in str(files)]

    def cpp(self, body, path="src/platform/net/a.cpp"):
        return self.problems({path: body})

    def test_includes_point_left(self):
        self.assertEqual(self.cpp('#include "app/app.h"\n'), ["src/platform/net/a.cpp:1 layer"])
        self.assertEqual(self.cpp('#include "base/text.h"\n#include "formats/yaml/yaml.h"\n'), [])
        self.assertEqual(self.cpp('#include "server/http/door.h"\n', "src/product/lake/a.cpp"), ["src/product/lake/a.cpp:1 layer"])
        self.assertEqual(self.cpp('#include "server/http/door.h"\n', "src/main.cpp"), [])

    def test_includes_are_paths_below_src(self):
        self.assertEqual(self.cpp('#include "text.h"\n'), ["src/platform/net/a.cpp:1 include-path"])
        self.assertEqual(self.cpp('#include "../base/text.h"\n'), ["src/platform/net/a.cpp:1 include-path"])

    def test_product_folders_include_only_earlier_ones(self):
        def tree(folder, header):
            return {"src/modules.cpp": MODULES, f"src/product/{folder}/a.cpp": f'#include "{header}"\n'}

        self.assertEqual(self.problems(tree("catalog", "product/query/query.h")), ["src/product/catalog/a.cpp:1 product-order"])
        self.assertEqual(self.problems(tree("query", "product/catalog/catalog.h")), [])
        self.assertEqual(self.problems(tree("catalog", "product/catalog/catalog.h")), [])

    def test_a_product_folder_without_a_module_is_a_library_that_knows_no_module(self):
        files = {"src/modules.cpp": MODULES, "src/product/mesh/a.cpp": '#include "product/catalog/catalog.h"\n'}
        self.assertEqual(self.problems(files), ["src/product/mesh/a.cpp:1 product-order"])
        files = {"src/modules.cpp": MODULES, "src/product/catalog/a.cpp": '#include "product/mesh/state.h"\n'}
        self.assertEqual(self.problems(files), [])

    def test_the_control_process_never_includes_the_worker(self):
        text = '#include "platform/engine/worker/analysis.h"\n'
        self.assertEqual(self.cpp(text, "src/product/query/a.cpp"), ["src/product/query/a.cpp:1 layer"])
        self.assertEqual(self.cpp(text, "src/platform/engine/worker/main.cpp"), [])

    def test_each_library_has_one_wrapper(self):
        for name, home in [
            ("sqlite3.h", "src/platform/store/a.cpp"),
            ("duckdb.hpp", "src/platform/engine/worker/a.cpp"),
            ("duckdb/main/connection.hpp", "src/platform/engine/worker/a.cpp"),
            ("boost/asio.hpp", "src/platform/net/a.cpp"),
            ("boost/beast/http.hpp", "src/platform/net/a.cpp"),
            ("yaml-cpp/yaml.h", "src/formats/yaml/a.cpp"),
            ("boost/json.hpp", "src/base/a.cpp"),
            ("spdlog/spdlog.h", "src/base/a.cpp"),
            ("openssl/evp.h", "src/base/a.cpp"),
            ("argon2.h", "src/base/a.cpp"),
            ("CLI/CLI.hpp", "src/server/cli/a.cpp"),
        ]:
            with self.subTest(name):
                self.assertEqual(self.cpp(f"#include <{name}>\n", home), [])
                for text in (f"#include <{name}>\n", f'#include "{name}"\n'):
                    self.assertEqual(self.cpp(text, "src/app/a.cpp"), ["src/app/a.cpp:1 wrapper"])

    def test_an_unknown_library_needs_a_wrapper(self):
        self.assertEqual(self.cpp("#include <folly/String.h>\n"), ["src/platform/net/a.cpp:1 wrapper"])
        self.assertEqual(self.cpp("#include <vector>\n#include <sys/socket.h>\n#include <unistd.h>\n"), [])

    def test_only_tests_know_the_test_library(self):
        self.assertEqual(self.cpp("#include <gtest/gtest.h>\n"), ["src/platform/net/a.cpp:1 wrapper"])
        self.assertEqual(self.cpp("#include <gtest/gtest.h>\n", "src/platform/net/a_test.cpp"), [])

    def test_co_await_stands_alone(self):
        right = [
            "co_await f(a);",
            "auto x = co_await f(a);",
            "auto [e, n] = co_await http::async_read(stream, buffer, request, kToken);",
            "const auto x = co_await f(a);",
            "Response answer = co_await offload(workers, std::move(work));",
            "x = co_await f(a);",
            "// if (co_await f()) is what we never write\n",
            'log("if (co_await f())");',
            "if (x) { co_await f(a); }",
        ]
        wrong = [
            "if (co_await f(a)) g();",
            "if (x) co_await f(a);",
            "while (co_await f(a)) {}",
            "auto x = TRY(co_await f(a));",
            "TRY(co_await f(a));",
            "auto x = a ? co_await f(a) : 1;",
            "auto x = a ? 1 : co_await f(a);",
            "auto x = a && co_await f(a);",
            "auto x = co_await f(a) && b;",
            "co_return co_await f(a);",
            "co_await f([&] { return 1; });",
            "co_await f(Options{.size = 1});",
            "auto x = g(co_await f(a));",
            "for (auto x : co_await f(a)) {}",
            "auto x = co_await f(a) + co_await f(b);",
        ]
        for body in right:
            with self.subTest(body):
                self.assertEqual(self.cpp(f"Task<> g() {{\n  {body}\n}}\n"), [])
        for body in wrong:
            with self.subTest(body):
                self.assertIn("src/platform/net/a.cpp:2 coroutine", self.cpp(f"Task<> g() {{\n  {body}\n}}\n"))

    def test_a_function_has_at_most_seventy_lines(self):
        def function(head, lines, tail="}"):
            return f"namespace weft {{\n{head} {{\n" + "  x();\n" * lines + tail + "\n}\n"

        for head in ["void f(int a)", "int C::f() const", "C::C(int a) : a_{a}, b_(1)", "C::C() : a_{1}", "auto f() -> int", "TEST(A, B)"]:
            with self.subTest(head):
                self.assertEqual(self.cpp(function(head, 68)), [])
                self.assertEqual(self.cpp(function(head, 69)), ["src/platform/net/a.cpp:2 function-size"])
        self.assertEqual(self.cpp(function("constexpr int kTable[] =", 200, "};").replace("x();", "1,")), [])
        self.assertEqual(self.cpp(function("struct Wide", 100, "};")), [])

    def test_braces_in_literals_and_comments_do_not_count(self):
        text = "void f() {\n  g(\"{{{\", '{', R\"x(}}{)x\");  // {\n  int n = 1'000'000;\n}\n" + "void h() {\n" + "  x();\n" * 69 + "}\n"
        self.assertEqual(self.cpp(text), ["src/platform/net/a.cpp:5 function-size"])

    def test_a_file_has_at_most_five_hundred_lines(self):
        self.assertEqual(self.cpp("int a;\n" * 500), [])
        self.assertEqual(self.cpp("int a;\n" * 501), ["src/platform/net/a.cpp:501 file-size"])

    def test_every_folder_has_a_readme_that_says_what_it_is_for(self):
        good = "# lake\n\nThe tables that products publish into, as files of Apache Iceberg.\n"
        above = {"src/README.md": good, "src/product/README.md": good}
        self.assertEqual(self.problems(above | {"src/product/lake/README.md": good, "src/product/lake/a.h": "#pragma once\n"}), [])
        self.assertEqual(self.problems(above | {"src/product/lake/a.h": "#pragma once\n"}), ["src/product/lake:1 readme"])
        for bad in ["lake\n", "# lake\n", "# lake\n\nSoon.\n"]:
            with self.subTest(bad):
                self.assertEqual(self.problems(above | {"src/product/lake/README.md": bad}), ["src/product/lake/README.md:1 readme"])

    def test_loose_ends_and_machine_paths_are_refused(self):
        for text, rule in [
            ("// TO" "DO: later\n", "todo"),
            ("// FIX" "ME\n", "todo"),
            ('auto p = "/ro' 'ot/x";\n', "machine-path"),
            ('auto p = "/ho' 'me/ann/x";\n', "machine-path"),
            ("// from pypi" ".org\n", "registry-host"),
            ("<<<<<<" "< HEAD\n", "merge-marker"),
        ]:
            with self.subTest(text):
                self.assertEqual(self.cpp(text), [f"src/platform/net/a.cpp:1 {rule}"])
        self.assertEqual(self.cpp("// TO" "DO(#12): later\nauto p = base + \"x/root/y\";\n"), [])

    def test_names_that_say_nothing_are_refused(self):
        for text in ["class QueryManager {};", "struct PathHelper {};", "class StringUtils {};", "class StoreImpl;", "struct Data {};"]:
            with self.subTest(text):
                self.assertEqual(self.cpp(text + "\n"), ["src/platform/net/a.cpp:1 name"])
        self.assertEqual(self.cpp("void process(int a) {}\n"), ["src/platform/net/a.cpp:1 name"])
        self.assertEqual(self.cpp("struct Metadata {};\nint x = other::process(1);\n"), [])

    def test_headers_have_a_guard_and_nobody_uses_std_format(self):
        self.assertEqual(self.cpp("int f();\n", "src/base/a.h"), ["src/base/a.h:1 pragma-once"])
        self.assertEqual(self.cpp('auto x = std::format("{}", 1);\n'), ["src/platform/net/a.cpp:1 format"])

    def test_tests_neither_sleep_nor_skip(self):
        for text, rule in [
            ("std::this_thread::sleep_for(1ms);\n", "test-sleep"),
            ("GTEST_" "SKIP();\n", "test-skipped"),
            ("TEST(A, DIS" "ABLED_Later) {}\n", "test-skipped"),
        ]:
            with self.subTest(text):
                self.assertEqual(self.cpp(text, "src/base/a_test.cpp"), [f"src/base/a_test.cpp:1 {rule}"])
        self.assertEqual(self.cpp("std::this_thread::sleep_for(1ms);\n"), [])


if __name__ == "__main__":
    unittest.main()
