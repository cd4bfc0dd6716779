# What the machine needs: Debian's packages, DuckDB, the public data, the Python environment. Sourced by ./dev.
# All of it is idempotent and costs a few milliseconds when nothing is missing.

# need_packages GROUP...: installs what is missing of these groups of deps/debian.txt.
need_packages() {
  local wanted missing=() name
  wanted=$(awk -v groups=" $* " '!/^#/ && NF == 2 && index(groups, " " $2 " ") {print $1}' deps/debian.txt)
  command -v dpkg-query >/dev/null || die "this is not a Debian system; install what deps/debian.txt names in groups: $*"
  local installed
  installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' 2>/dev/null | awk '$1 ~ /^.i/ {print $2}')
  for name in $wanted; do
    grep -qx -- "$name" <<<"$installed" || missing+=("$name")
  done
  [ ${#missing[@]} = 0 ] && return 0
  timed "packages" install_packages "${missing[@]}"
}

install_packages() {
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "needs root or sudo to install: $*"
    as_root=(sudo)
    [ "${CI:-}" = true ] && as_root=(sudo -n)
  fi
  say "installing ${#} Debian packages: $*"
  local options=(-o DPkg::Lock::Timeout=500 -o Dpkg::Use-Pty=0 -o Acquire::Retries=3)
  "${as_root[@]}" apt-get "${options[@]}" -q update >/dev/null ||
    die "apt-get update failed; see its words above"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get "${options[@]}" -q install -y --no-install-recommends "$@" |
    awk '/^(Need to get|Setting up|Get:)/ {n++; if (n % 40 == 1) print "    " $0}' ||
    die "Debian's packages could not be installed; the list is deps/debian.txt, made for Debian 12"
}

need_duckdb() { timed "DuckDB" deps/fetch_duckdb.sh deps/cache/duckdb; }

need_data() { deps/fetch_data.sh deps/cache/data; }

need_build_set_up() {
  need_packages build
  need_duckdb
}

# The tests' and the bench's Python, pinned with hashes in tests/requirements.txt.
need_venv() {
  local stamp
  stamp=$(sha256sum <tests/requirements.txt)
  [ "$(cat build/venv/.complete 2>/dev/null)" = "$stamp" ] && return 0
  timed "Python environment" make_venv "$stamp"
}

# Other people's JavaScript clients, pinned with hashes in tests/npm/package-lock.json. After need_venv, which brings npm.
need_npm_packages() {
  local stamp
  stamp=$(sha256sum <tests/npm/package-lock.json)
  [ "$(cat build/npm/.complete 2>/dev/null)" = "$stamp" ] && return 0
  timed "JavaScript packages" make_npm_packages "$stamp"
}

make_npm_packages() {
  say "JavaScript packages of the tests, into build/npm"
  rm -rf build/npm && mkdir -p build/npm
  cp tests/npm/package.json tests/npm/package-lock.json build/npm/
  (cd build/npm && PATH=$ROOT/build/venv/bin:$PATH npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) ||
    die "the tests' JavaScript packages could not be installed; the list is tests/npm/package-lock.json"
  echo "$1" >build/npm/.complete
}

make_venv() {
  say "Python packages of the tests, into build/venv"
  rm -rf build/venv
  /usr/bin/python3 -m venv build/venv
  build/venv/bin/pip install -qq --no-deps --require-hashes --only-binary :all: -r tests/requirements.txt ||
    die "the tests' Python packages could not be installed; the list is tests/requirements.txt"
  echo "$1" >build/venv/.complete
}
