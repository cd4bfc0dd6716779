#!/usr/bin/env bash
# usage: package_try.sh ARCHIVE   runs the archive's programs in a bare Debian 12 (debootstrap's smallest), as root
set -euo pipefail
[ $# = 1 ] && [ -f "$1" ] || { echo "usage: $0 ARCHIVE" >&2; exit 2; }
[ "$(id -u)" = 0 ] || { echo "package_try: a chroot needs root; try sudo $0 $1" >&2; exit 2; }
here=$(cd "$(dirname "$0")/.." && pwd)
base="$here/build/chroot/bookworm" root="$here/build/chroot/try"
if [ ! -f "$base/.complete" ]; then
  echo "package_try: making a bare Debian 12 in build/chroot"
  rm -rf "$base" && mkdir -p "$base"
  debootstrap --variant=minbase bookworm "$base" >"$here/build/chroot/debootstrap.log" 2>&1 ||
    { tail -20 "$here/build/chroot/debootstrap.log" >&2; exit 2; }
  touch "$base/.complete"
fi
rm -rf "$root" && cp -a "$base" "$root"
mkdir -p "$root/opt" && tar xzf "$1" -C "$root/opt"
cat >"$root/try.sh" <<'INSIDE'
set -eu
cd /opt/weft-*
! ls /usr/lib/x86_64-linux-gnu | grep -qE 'boost|duckdb|yaml-cpp' || { echo "this system is not bare"; exit 1; }
for file in bin/* lib/*; do
  ! ldd "$file" | grep "not found" || { echo "$file lacks a library"; exit 1; }
done
set -x
bin/weft version
cd "$(mktemp -d)"
/opt/weft-*/bin/weft doctor
/opt/weft-*/bin/weft --help >/dev/null
/opt/weft-*/bin/weft init mesh
/opt/weft-*/bin/weft apply mesh --yes
/opt/weft-*/bin/weft query "SELECT count(*) AS products FROM mesh.products"
INSIDE
# In a mount namespace of its own: what is mounted for the try is gone with it.
unshare --mount --pid --fork --kill-child -- sh -euc '
  mount -t proc proc "$1/proc"
  mount --bind /dev "$1/dev"
  exec chroot "$1" /bin/sh /try.sh' sh "$root"
rm -rf "$root"
echo "package_try: runs on a bare Debian 12"
