# Test suites. Each leaves JUnit XML in build/results; tools/tally.py sums them. Sourced by ./dev.
RESULTS=$ROOT/build/results
PARTS=()
ONLY=
FUZZ_SECONDS=20

run_tests() {
  read_test_arguments "$@"
  rm -rf "$RESULTS" && mkdir -p "$RESULTS"
  need_packages build test
  if part tidy; then timed "tidy" suite_tidy; fi
  if part fmt; then timed "format" suite_command fmt format_sources --check; fi
  if part unit || part python; then suite_compile release weft weft-engine; fi
  if part unit; then timed "unit tests" suite_unit release; fi
  if part python; then timed "end-to-end tests" suite_python; fi
  if [ ${#PARTS[@]} = 0 ]; then timed "one changed file to its passing unit test (budget 15 s)" one_changed_file; fi
  [ "${CHECK_MORE:-0}" = 0 ] || more_checks
  print_times
  tally
}

read_test_arguments() {
  while [ $# -gt 0 ]; do
    case "$1" in
      --only) ONLY=${2:?--only needs a regular expression} && shift 2 ;;
      tidy | fmt | unit | python) PARTS+=("$1") && shift ;;
      *) die "there is no test part '$1'; parts are tidy, fmt, unit, python, and --only REGEX" ;;
    esac
  done
}

part() { [ ${#PARTS[@]} = 0 ] || [[ " ${PARTS[*]} " = *" $1 "* ]]; }

tally() { /usr/bin/python3 tools/tally.py "$RESULTS"; }

# suite_command NAME COMMAND...: a command that is itself one test.
suite_command() {
  local name=$1 status=0
  shift
  say "$name"
  "$@" >"$RESULTS/$name.log" 2>&1 || status=$?
  [ $status = 0 ] || head -100 "$RESULTS/$name.log"
  record "$name" $status
}

suite_tidy() {
  suite_command tidy /usr/bin/python3 tools/tidy.py
  suite_command tools_tests /usr/bin/python3 -m unittest discover -s tools -p '*_test.py'
}

# suite_compile PRESET TARGET...: with every unit test; what does not compile is a failed test, and the rest still runs.
suite_compile() {
  local preset=$1 status=0
  shift
  need_build_set_up
  part unit && set -- "$@" $(unit_targets "$preset")
  KEEP_GOING=1 compile_preset "$preset" "$@" || status=$?
  [ $status = 0 ] || echo "build/$preset does not compile whole" >"$RESULTS/compile_$preset.log"
  [ $status = 0 ] || record "compile_$preset" $status
}

record() { # NAME STATUS; the words are in NAME.log
  /usr/bin/python3 tools/tally.py --record "$RESULTS/$1.xml" "$1" "$2" "$RESULTS/$1.log"
}

unit_targets() { # PRESET; every test program that cmake knows
  cmake --preset "$1" >/dev/null 2>&1 || true
  ninja -C "build/$1" -t targets all 2>/dev/null | sed -n 's/^\(test_[a-z0-9_]*\): phony$/\1/p' | LC_ALL=C sort -u
}

suite_unit() { # PRESET
  local preset=$1 status=0 pick=() around=()
  [ -z "$ONLY" ] || pick=(-R "$ONLY")
  # A sanitizer cannot live behind the fences of a worker: its code is tested in process, here stands the real one.
  [ "$preset" = release ] || export WEFT_ENGINE=$ROOT/build/release/weft-engine
  # GCC 12's thread sanitizer cannot place its shadow where newer kernels put the program.
  [ "$preset" != tsan ] || around=(setarch -R)
  say "unit tests (build/$preset), two at a time"
  UBSAN_OPTIONS=print_stacktrace=1 TSAN_OPTIONS="second_deadlock_stack=1 suppressions=$ROOT/tools/dev/tsan.supp" "${around[@]}" ctest --test-dir "build/$preset" -j2 --output-on-failure --no-tests=ignore "${pick[@]}" \
    --output-junit "$RESULTS/unit_$preset.xml" >"$RESULTS/unit_$preset.log" 2>&1 || status=$?
  [ $status = 0 ] || grep -vE '^ *[0-9]+/[0-9]+ Test .* Passed|^ *Start ' "$RESULTS/unit_$preset.log" | head -300
  tail -4 "$RESULTS/unit_$preset.log" | sed 's/^/    /'
  [ $status = 0 ] || [ -s "$RESULTS/unit_$preset.xml" ] || record "unit_$preset" $status
}

# Everything under tests/: pytest files, and each executable script tests/e2e/*.sh as one test (tests/conftest.py).
suite_python() {
  local status=0 pick=()
  [ -z "$ONLY" ] || pick=(-k "$ONLY")
  [ -n "$(find tests -name '*.py' -o -name '*.sh' | head -1)" ] || return 0
  need_venv
  need_npm_packages
  need_data
  deps/fetch_tools.sh deps/cache/tools
  say "end-to-end tests"
  WEFT=$ROOT/build/release/weft WEFT_SOURCE=$ROOT WEFT_BUILD=$ROOT/build/release PATH="$ROOT/deps/cache/tools:$PATH" \
    build/venv/bin/python -m pytest tests -n 2 --dist loadfile -q -p no:cacheprovider --junitxml "$RESULTS/python.xml" "${pick[@]}" \
    >"$RESULTS/python.log" 2>&1 || status=$?
  [ $status = 0 ] || tail -200 "$RESULTS/python.log"
  tail -1 "$RESULTS/python.log" | sed 's/^/    /'
  # 1: some failed, which the results tell; 5: none was picked. Anything else is pytest's own failure.
  if [ $status -gt 1 ] && [ $status != 5 ]; then
    cp "$RESULTS/python.log" "$RESULTS/pytest.log"
    record pytest $status
  fi
}

# How long the loop of daily work takes: the largest source of product/ compiled anew, its test linked and run.
one_changed_file() {
  local file folder target
  file=$(find src/product -name '*.cpp' -not -name '*_test.cpp' -printf '%s %p\n' 2>/dev/null | sort -rn | sed -n '1s/^[0-9]* //p')
  folder=$(basename "$(dirname "${file:-none}")")
  target=test_product_$folder
  ninja -C build/release -t query "$target" >/dev/null 2>&1 || return 0
  say "one changed file: $file"
  touch "$file"
  CCACHE_RECACHE=1 ninja_progress release "$target" && "build/release/tests/$target" >/dev/null 2>&1 || say "its unit test fails"
}

run_checks() {
  if [ "${1:-}" = --fuzz ]; then
    FUZZ_SECONDS=${2:?--fuzz needs the seconds for each target}
  elif [ $# -gt 0 ]; then
    die "check knows only --fuzz SECONDS, not '$1'"
  fi
  need_packages build test check
  CHECK_MORE=1 run_tests
}

# What ./dev check adds: the unit tests under sanitizers, a short fuzz of every target.
more_checks() {
  local preset
  for preset in asan tsan; do
    suite_compile "$preset"
    timed "unit tests under $preset" suite_unit "$preset"
  done
  timed "fuzzing" suite_fuzz
}

suite_fuzz() {
  local target name
  suite_compile fuzz fuzz_targets
  for target in build/fuzz/fuzz/*_fuzz; do
    [ -x "$target" ] || continue
    name=$(basename "$target")
    suite_command "$name" tools/fuzz_run.sh "$target" "$FUZZ_SECONDS"
  done
}
