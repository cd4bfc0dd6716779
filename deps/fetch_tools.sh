#!/usr/bin/env bash
# usage: fetch_tools.sh FOLDER -> FOLDER/promtool
# Installing Debian's prometheus would start a server on the machine, so its package is unpacked instead. apt verifies it.
source "$(dirname "${BASH_SOURCE[0]}")/fetch.sh"
[ $# = 1 ] || die "usage: $0 FOLDER"
mkdir -p "$1" && DEST=$(cd "$1" && pwd)
if command -v promtool >/dev/null; then
  ln -sf "$(command -v promtool)" "$DEST/promtool"
fi
[ -x "$DEST/promtool" ] && exit 0
say "promtool"
cd "$SCRATCH"
retry apt-get download prometheus
dpkg -x prometheus_*.deb unpacked
install -m 755 unpacked/usr/bin/promtool "$DEST/promtool"
