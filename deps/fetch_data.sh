#!/usr/bin/env bash
# usage: fetch_data.sh FOLDER -> FOLDER/flights-3m.parquet and the demo's other public files
source "$(dirname "${BASH_SOURCE[0]}")/fetch.sh"
DATA=vega-datasets@3.2.1
DATA_TGZ=6f72fda460a9863fae5fcb32f85bcd49e1761fdea6dc6cf9f4962472881cc5a3
FILES=(flights-3m.parquet flights-200k.arrow flights-10k.json airports.csv weather.csv seattle-weather.csv birdstrikes.csv)

[ $# = 1 ] || die "usage: $0 FOLDER"
mkdir -p "$1" && DEST=$(cd "$1" && pwd)
fresh "$DEST" "$0" && exit 0
say "public data of the demo ($DATA)"
npm_pack "$DATA" "$DATA_TGZ"
for file in "${FILES[@]}"; do
  put "$SCRATCH/npm/package/data/$file" "$DEST/$file"
done
put "$SCRATCH/npm/package/datapackage.json" "$DEST/datapackage.json"
put "$SCRATCH/npm/package/LICENSE" "$DEST/LICENSE" 2>/dev/null || put "$SCRATCH/npm/package/README.md" "$DEST/README.md"
completed "$DEST" "$0"
