"""Who may include whom: layers point left, and each foreign library has one wrapper."""
import pathlib
import re

LAYERS = ["base", "formats", "platform", "app", "product", "server"]

# A foreign header's prefix and the folders below src/ that may include it. The longest prefix that fits decides.
WRAPPERS = {
    "CLI/": ["server/cli"],
    "argon2.h": ["base"],
    "boost/asio": ["platform/net"],
    "boost/beast": ["platform/net"],
    "boost/json": ["base"],
    "boost/system": ["base", "platform/net"],
    "boost/url": ["platform/net"],
    "duckdb": ["platform/engine/worker"],
    "flatbuffers/": ["platform/engine/worker"],
    "fmt/": ["base"],
    "openssl/": ["base"],
    "openssl/err.h": ["base", "platform/net"],
    "openssl/ssl.h": ["platform/net"],
    "openssl/x509v3.h": ["platform/net"],
    "prometheus/": ["base"],
    "re2/": ["base"],
    "seccomp.h": ["platform/engine"],
    "simdjson.h": ["base"],
    "spdlog/": ["base"],
    "sqlite3.h": ["platform/store"],
    "xxhash.h": ["base"],
    "google/protobuf/": ["formats/protobuf"],
    "yaml-cpp/": ["formats/yaml"],
    "zlib.h": ["base"],
    "zstd.h": ["base"],
}
# Only tests and benchmarks know these.
TEST_ONLY = ("gtest/", "gmock/", "rapidcheck", "benchmark/")
# The system's own headers, beside C++'s, which have neither slash nor dot.
SYSTEM_FOLDERS = ("sys/", "linux/", "netinet/", "arpa/", "net/", "asm/")
SYSTEM = {
    "cxxabi.h", "dirent.h", "dlfcn.h", "errno.h", "execinfo.h", "fcntl.h", "fnmatch.h", "glob.h", "grp.h", "ifaddrs.h", "limits.h",
    "malloc.h", "netdb.h", "poll.h", "pthread.h", "pwd.h", "sched.h", "signal.h", "spawn.h", "stdio.h", "stdlib.h",
    "string.h", "strings.h", "syslog.h", "termios.h", "time.h", "unistd.h", "stddef.h", "stdint.h", "sysexits.h", "math.h",
    "immintrin.h", "ucontext.h", "utime.h", "mntent.h", "stdalign.h",
}  # fmt: skip

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def module_order(root):
    """Product folders in the order of src/modules.cpp; empty when it is not there."""
    path = pathlib.Path(root, "src/modules.cpp")
    if not path.exists():
        return []
    order = []
    for name in re.findall(r"\b(\w+)::kModule\b", path.read_text()):
        if name not in order:
            order.append(name)
    return order


def check(source, order):
    if source.path.startswith("src/"):
        yield from _check_own(source, order)
    for match in _INCLUDE.finditer(source.text):
        if match.group(1) == "<" or _is_foreign(match.group(2)):
            yield from _check_foreign(source, source.line_of(match.start()), match.group(2))


def _layer(path):
    head = path.split("/")[0]
    return LAYERS.index(head) if head in LAYERS else len(LAYERS)


def _is_foreign(name):
    return name.startswith((*WRAPPERS, *TEST_ONLY))


def _check_own(source, order):
    path = source.path.removeprefix("src/")
    for match in _INCLUDE.finditer(source.text):
        if match.group(1) != '"' or _is_foreign(match.group(2)):
            continue
        name, line = match.group(2), source.line_of(match.start())
        if "/" not in name or name.startswith("."):
            yield source.problem(line, "include-path", f'"{name}" is not a path below src/: write "folder/{name}"')
            continue
        if _layer(name) > _layer(path):
            yield source.problem(line, "layer", f'{path.split("/")[0]} may not include "{name}": includes point {" <- ".join(LAYERS)}')
        if "engine/worker/" in name and not path.startswith(("platform/engine/worker/", "platform/engine/")):
            yield source.problem(line, "layer", f'"{name}" belongs to the engine\'s worker, which the control process never is')
        if path.startswith("product/") and name.startswith("product/"):
            yield from _check_product(source, line, path.split("/")[1], name, order)


def _check_product(source, line, own, name, order):
    """Folders without a module are plain libraries: they stand before all modules and know none."""
    other = name.split("/")[1]
    if not order or own == other:
        return
    own_place = order.index(own) if own in order else -1
    other_place = order.index(other) if other in order else -1
    if other_place > own_place:
        yield source.problem(line, "product-order", f'{own} may not include "{name}": {other} stands later in src/modules.cpp; use an event')


def _is_system(name):
    return ("/" not in name and "." not in name) or name in SYSTEM or name.startswith(SYSTEM_FOLDERS)


def _check_foreign(source, line, name):
    if _is_system(name):
        return
    path = source.path
    in_test = path.endswith("_test.cpp") or path.startswith(("tests/", "bench/", "fuzz/"))
    if name.startswith(TEST_ONLY):
        if not in_test:
            yield source.problem(line, "wrapper", f"<{name}> is for tests and benchmarks")
        return
    prefixes = [prefix for prefix in WRAPPERS if name.startswith(prefix)]
    if not prefixes:
        yield source.problem(line, "wrapper", f"<{name}> has no wrapper: add it to tools/tidy_rules/layers.py, with a decision note")
        return
    folders = WRAPPERS[max(prefixes, key=len)]
    if not any(path.startswith(f"src/{folder}/") for folder in folders) and not path.startswith("bench/"):
        yield source.problem(line, "wrapper", f"<{name}> may be included only in {', '.join('src/' + f for f in folders)}")
