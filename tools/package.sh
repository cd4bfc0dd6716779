#!/usr/bin/env bash
# usage: package.sh BUILD DIST -> DIST/weft-VERSION-linux-x86_64.tar.gz
# bin/ weft and weft-engine; lib/ every shared library that they need but glibc's; licenses/ of all that is inside.
# (docs/decisions/0012-package.md)
set -euo pipefail
[ $# = 2 ] || { echo "usage: $0 BUILD DIST" >&2; exit 2; }
here=$(cd "$(dirname "$0")/.." && pwd)
build=$1 dist=$2
version=$(sed -n 's/^project(weft VERSION \([0-9.]*\).*/\1/p' "$here/CMakeLists.txt")
name="weft-$version-linux-x86_64"
stage="$dist/$name"
# What every Linux of these distributions has, and must have of its own.
glibc='^(linux-vdso|ld-linux-x86-64|libc|libm|libdl|librt|libpthread|libresolv|libutil|libnss_.*|libanl)\.so'
# Debian 12's; Ubuntu 24.04 has 2.39.
glibc_max=2.36
# Used as headers, so no library of theirs is found below.
header_packages="libboost1.81-dev libcli11-dev libprotobuf-dev libspdlog-dev"

die() { echo "package: $*" >&2; exit 1; }

# license PATH-OF-LIBRARY: its Debian package's copyright file.
license() {
  local path package
  for path in "$1" "/usr$1" "$(readlink -f "$1")"; do
    package=$(dpkg-query -S "$path" 2>/dev/null | head -1 | cut -d: -f1) || true
    [ -n "$package" ] && break
  done
  [ -n "$package" ] || die "no Debian package owns $1, so its licence is not known"
  cp "/usr/share/doc/$package/copyright" "$stage/licenses/$package"
}

rm -rf "$stage" && mkdir -p "$stage/bin" "$stage/lib" "$stage/licenses"
for program in weft weft-engine; do
  [ -x "$build/$program" ] || die "$build/$program is not built"
  strip --strip-debug -o "$stage/bin/$program" "$build/$program"
done
ldd "$build/weft" "$build/weft-engine" | awk '$2 == "=>" {print $1, $3}' | sort -u | while read -r library path; do
  [[ $library =~ $glibc ]] && continue
  [ -f "$path" ] || die "$library is not found by the programs of $build"
  cp -L "$path" "$stage/lib/$library"
  case "$path" in "$here"/*) ;; *) license "$path" ;; esac
done
for package in $header_packages; do cp "/usr/share/doc/$package/copyright" "$stage/licenses/$package"; done
cp -r "$here/deps/cache/duckdb/licenses" "$stage/licenses/duckdb"
cp -rL /usr/share/common-licenses "$stage/licenses/common-licenses" # The files above point there.
cp "$here/LICENSE" "$here/NOTICE" "$stage/"
cp "$here/README.md" "$here/CHANGELOG.md" "$stage/" 2>/dev/null || true
chmod 755 "$stage"/bin/* && chmod 644 "$stage"/lib/*

for file in "$stage"/bin/*; do patchelf --set-rpath '$ORIGIN/../lib' "$file"; done
for file in "$stage"/lib/*; do patchelf --set-rpath '$ORIGIN' "$file"; done
needed=$(objdump -T "$stage"/bin/* "$stage"/lib/* 2>/dev/null | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -1)
[ "$(printf '%s\n' "GLIBC_$glibc_max" "$needed" | sort -V | tail -1)" = "GLIBC_$glibc_max" ] ||
  die "$needed is needed, newer than the $glibc_max that the package promises"

tar -C "$dist" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@${SOURCE_DATE_EPOCH:-0}" -c "$name" |
  gzip -9n >"$dist/$name.tar.gz"
(cd "$dist" && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256")
printf 'package: %s, %s MB (%s MB unpacked), needs %s or newer\n' "$dist/$name.tar.gz" \
  "$(($(stat -c %s "$dist/$name.tar.gz") / 1000000))" "$(du -sm "$stage" | cut -f1)" "$needed"
