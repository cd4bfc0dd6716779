#!/usr/bin/env bash
# usage: fetch_duckdb.sh FOLDER -> FOLDER/lib/libduckdb.so, FOLDER/include, FOLDER/licenses,
#                                  FOLDER/extensions/v1.5.5/linux_amd64/*.duckdb_extension
source "$(dirname "${BASH_SOURCE[0]}")/fetch.sh"
VERSION=1.5.5
LIBRARY=@duckdb/node-bindings-linux-x64@1.5.5-r.5
LIBRARY_TGZ=86d2bda909785550e8a14a57a8a4584827aff0e268d8f1a58c3fd48559f7020e
LIBRARY_SO=fc23f12e376c47be520f75221288281906e7942e8fd6f6ce4849198ba60d0405

[ $# = 1 ] || die "usage: $0 FOLDER"
mkdir -p "$1" && DEST=$(cd "$1" && pwd)
PINS=("$0" "$DEPS/headers.txt" "$DEPS/extensions.txt")
fresh "$DEST" "${PINS[@]}" && exit 0
[ "$(uname -m)" = x86_64 ] || die "DuckDB's library is pinned for x86_64; this machine is $(uname -m)"

say "DuckDB $VERSION: library"
npm_pack "$LIBRARY" "$LIBRARY_TGZ"
verify "$LIBRARY_SO" "$SCRATCH/npm/package/libduckdb.so"
put "$SCRATCH/npm/package/libduckdb.so" "$DEST/lib/libduckdb.so"
put "$SCRATCH/npm/package/LICENSE" "$DEST/licenses/duckdb/LICENSE"

say "DuckDB $VERSION: headers"
# pip asks a source distribution for its name before it keeps it. Its build tools stand in the venv, pinned; the newer
# cmake that it wants is for compiling only, which never happens here.
bin=$(fetch_python)
retry "$bin/pip" install -q --no-deps --require-hashes --only-binary :all: -r "$DEPS/headers-tools.txt"
SKBUILD_CMAKE_VERSION='>=3.20' retry "$bin/pip" download -q --no-deps --require-hashes --no-build-isolation \
  --no-binary duckdb -d "$SCRATCH/sdist" -r "$DEPS/headers.txt"
tar xzf "$SCRATCH/sdist/duckdb-$VERSION.tar.gz" -C "$SCRATCH"
source_tree="$SCRATCH/duckdb-$VERSION/external/duckdb"
put "$source_tree/src/include" "$DEST/include"
for license in "$source_tree"/third_party/*/LICENSE "$source_tree"/third_party/*/NOTICES \
  "$source_tree"/extension/icu/third_party/icu/LICENSE "$source_tree"/third_party/thrift/thrift/LICENSE; do
  put "$license" "$DEST/licenses/$(basename "$(dirname "$license")")/$(basename "$license")"
done

say "DuckDB $VERSION: extensions"
retry "$bin/pip" download -q --no-deps --require-hashes --only-binary :all: --python-version 3.11 \
  --platform manylinux2014_x86_64 -d "$SCRATCH/wheels" -r "$DEPS/extensions.txt"
for wheel in "$SCRATCH"/wheels/*.whl; do
  /usr/bin/python3 -m zipfile -e "$wheel" "$SCRATCH/extensions"
done
find "$SCRATCH/extensions" -name '*.duckdb_extension' | while read -r extension; do
  put "$extension" "$DEST/extensions/v$VERSION/linux_amd64/$(basename "$extension")"
done
for name in $(sed -n 's/^duckdb-extension-\([a-z]*\)==.*/\1/p' "$DEPS/extensions.txt"); do
  [ -f "$DEST/extensions/v$VERSION/linux_amd64/$name.duckdb_extension" ] || die "the wheel of extension $name holds no extension"
done
completed "$DEST" "${PINS[@]}"
