# Words, times and refusals that all parts of ./dev share. Sourced by ./dev.
TIMES=()

say() { printf '\033[1m==>\033[0m %s\n' "$*" | { [ -t 1 ] && cat || sed 's/\x1b\[[0-9]*m//g'; }; }
die() {
  printf 'dev: %s\n' "$*" >&2
  exit 2
}

duration() { # SECONDS
  if [ "$1" -ge 60 ]; then printf '%d min %02d s' $(($1 / 60)) $(($1 % 60)); else printf '%d s' "$1"; fi
}

# timed NAME COMMAND...: runs it, remembers how long it took when that is worth telling, passes its answer on.
timed() {
  local name=$1 start=$SECONDS status=0
  shift
  "$@" || status=$?
  [ $((SECONDS - start)) = 0 ] || TIMES+=("$name: $(duration $((SECONDS - start)))")
  return $status
}

print_times() {
  local line
  for line in "${TIMES[@]}"; do say "time, $line"; done
  say "time, all together: $(duration "$SECONDS")"
}
