# Configuring, compiling and formatting. Sourced by ./dev.

# build_preset PRESET TARGET...
build_preset() {
  compile_preset "$@" || die "build/$1 does not compile; the errors are above"
}

# compile_preset PRESET TARGET...: sets up, configures, compiles. KEEP_GOING=1 compiles past errors. A target that the tree does
# not have yet is left out, so that a tree in the making can be tested.
compile_preset() {
  local preset=$1 known target targets=() options=()
  shift
  [ "${KEEP_GOING:-0}" = 0 ] || options=(-k 0)
  need_build_set_up
  timed "configure $preset" configure "$preset"
  known=$(ninja -C "build/$preset" -t targets all | sed 's/: .*//')
  for target in "$@"; do
    if grep -qx -- "$target" <<<"$known"; then targets+=("$target"); else say "no target $target in this tree"; fi
  done
  [ ${#targets[@]} = 0 ] && return 0
  say "compiling build/$preset: ${targets[*]}"
  timed "compile $preset" ninja_progress "$preset" "${options[@]}" "${targets[@]}"
}

configure() {
  local log="build/$1/configure.log"
  mkdir -p "build/$1"
  cmake --preset "$1" >"$log" 2>&1 && return 0
  cat "$log" >&2
  die "cmake could not configure build/$1; its words are above"
}

# One at a time in one folder. On a terminal ninja's own line; elsewhere one line every tenth of the way, and all of a failure.
ninja_progress() {
  local preset=$1
  shift
  if [ -t 1 ]; then
    flock "build/$preset/.lock" ninja -C "build/$preset" "$@"
    return
  fi
  NINJA_STATUS='[%f/%t %es] ' flock "build/$preset/.lock" ninja -C "build/$preset" "$@" 2>&1 | awk '
    /^\[[0-9]+\/[0-9]+ / && !/FAILED/ {
      split(substr($1, 2), n, "/"); tenth = int(n[1] * 10 / n[2])
      if (tenth != last) { last = tenth; print "    " substr($0, 1, 110); fflush() }
      next
    }
    /^ninja: (Entering|no work)/ || /^env CCACHE_/ || /^-- / || /Re-checking globbed/ { next }
    { print; fflush() }'
  return "${PIPESTATUS[0]}"
}

sources() { find src tests fuzz bench \( -name '*.h' -o -name '*.cpp' \) -not -path '*/golden/*' 2>/dev/null | LC_ALL=C sort; }

# format_sources [--check]
format_sources() {
  if [ "${1:-}" != --check ]; then
    sources | xargs -r -P 2 -n 20 clang-format-19 -i
    return
  fi
  local wrong
  wrong=$(sources | xargs -r -P 2 -n 20 clang-format-19 --dry-run -Werror 2>&1 | sed -n 's/^\([^ :]*\):[0-9]*:[0-9]*: error.*/\1/p' | sort -u) || true
  [ -z "$wrong" ] && return 0
  printf '%s: not in the format of .clang-format\n' $wrong
  echo "./dev fmt formats them"
  return 1
}

bench_targets() { ls bench/*_bench.cpp 2>/dev/null | sed 's|.*/||; s|\.cpp$||'; }
