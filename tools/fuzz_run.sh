#!/usr/bin/env bash
# usage: fuzz_run.sh TARGET SECONDS   exit 0 when nothing was found; for always_fails_fuzz, when its fault was found
set -euo pipefail
[ $# = 2 ] || { echo "usage: $0 TARGET SECONDS" >&2; exit 2; }
target=$1 seconds=$2
here=$(cd "$(dirname "$0")/.." && pwd)
name=$(basename "$target")
[ -x "$target" ] || { echo "$target is not there: ninja -C build/fuzz fuzz_targets builds it" >&2; exit 2; }
seeds="$here/fuzz/corpus/${name%_fuzz}"
found="$here/build/fuzz/found" corpus="$here/build/fuzz/corpus/${name%_fuzz}"
mkdir -p "$found" "$corpus"
rm -f "$found/always_fails_fuzz-"*
[ -d "$seeds" ] || seeds=
status=0
"$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=3000 -max_len=65536 -print_final_stats=1 \
  -artifact_prefix="$found/$name-" "$corpus" $seeds || status=$?
if [ "$name" = always_fails_fuzz ]; then
  ls "$found/$name-crash-"* >/dev/null 2>&1 || { echo "always_fails_fuzz found no fault in $seconds s: fuzzing here proves nothing" >&2; exit 1; }
  echo "its fault was found, as it must be"
  exit 0
fi
exit $status
