# Shared by the fetch scripts: said progress, verified files, pinned clients. Sourced, never run.
set -euo pipefail
DEPS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
SCRATCH=$(mktemp -d)
trap 'rm -rf "$SCRATCH"' EXIT

say() { printf '  %s\n' "$*"; }
die() {
  printf 'dev: %s\n' "$*" >&2
  exit 2
}

# retry COMMAND...: registries drop a connection now and then; three tries, then the command's own last word.
retry() {
  local try log="$SCRATCH/retry.log"
  for try in 1 2 3; do
    "$@" >"$log" 2>&1 && return 0
    [ "$try" = 3 ] || sleep $((try * 2))
  done
  cat "$log" >&2
  die "'$1' failed three times (above is its last answer); check the network and the registry settings, then run ./dev setup again"
}

# verify SHA256 FILE: a file that is not the pinned one is never used.
verify() {
  local found
  found=$(sha256sum "$2" | cut -d' ' -f1)
  [ "$found" = "$1" ] || die "$(basename "$2") has checksum $found, pinned is $1; it was changed on its way or at its source and is not used"
}

# fresh FOLDER INPUT...: true when FOLDER was completed by the same INPUT files.
fresh() {
  local folder=$1
  shift
  [ -f "$folder/.complete" ] && [ "$(cat "$folder/.complete")" = "$(cat "$@" | sha256sum)" ]
}
completed() {
  local folder=$1
  shift
  cat "$@" | sha256sum >"$folder/.complete"
}

# A venv of the fetch scripts' own, so that nothing of the machine's Python is touched.
fetch_python() {
  [ -x "$DEPS/cache/venv/bin/pip" ] || /usr/bin/python3 -m venv "$DEPS/cache/venv"
  printf '%s' "$DEPS/cache/venv/bin"
}

# npm_pack NAME@VERSION SHA256 -> $SCRATCH/npm/package
npm_pack() {
  if ! command -v npm >/dev/null; then
    local bin
    bin=$(fetch_python)
    [ -x "$bin/npm" ] || retry "$bin/pip" install -q --no-deps --require-hashes --only-binary :all: -r "$DEPS/node.txt"
    PATH="$bin:$PATH"
  fi
  rm -rf "$SCRATCH/npm" && mkdir -p "$SCRATCH/npm"
  retry npm pack --silent --pack-destination "$SCRATCH/npm" "$1"
  verify "$2" "$SCRATCH"/npm/*.tgz
  tar xzf "$SCRATCH"/npm/*.tgz -C "$SCRATCH/npm"
}

# put SOURCE TARGET: copies what differs, so that files that stay the same keep their times and nothing is rebuilt.
put() {
  if [ -d "$1" ]; then
    local file
    (cd "$1" && find . -type f) | while read -r file; do put "$1/$file" "$2/$file"; done
  elif ! cmp -s "$1" "$2"; then
    mkdir -p "$(dirname "$2")"
    cp -p "$1" "$2.new"
    mv "$2.new" "$2"
  fi
}
