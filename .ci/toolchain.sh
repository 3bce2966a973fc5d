#!/usr/bin/env bash
# usage: .ci/toolchain.sh go|node ...
# Succeeds when the tools are there and new enough. Otherwise says in one sentence what is wrong, with the line that mends it.
set -euo pipefail
cd "$(dirname "$0")/.."

min_go=$(awk '$1 == "go" {print $2}' go.mod)
min_node=20.19.0
new_node=22.20.0

sudo='sudo '
[ "$(id -u)" != 0 ] || sudo=
case $(uname -m) in
  aarch64 | arm64) go_arch=arm64 node_arch=arm64 ;;
  *) go_arch=amd64 node_arch=x64 ;;
esac

die() {
  printf '%s\n  %s\n' "$1" "$2" >&2
  exit 1
}

older() { # A B: whether version A is older than version B
  [ "$1" != "$2" ] && [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]
}

need_go() {
  local mend="${sudo}rm -rf /usr/local/go && curl -fsSL https://go.dev/dl/go$min_go.linux-$go_arch.tar.gz |"
  mend+=" ${sudo}tar -C /usr/local -xz && export PATH=/usr/local/go/bin:\$PATH"
  [ "$(uname -s)" != Darwin ] || mend='brew install go'
  [ -n "$(command -v go)" ] || die "Fanfare needs Go $min_go or newer, and there is no go on the PATH:" "$mend"

  # Within the module a Go since 1.21 may fetch the version that go.mod wants; an older one does not even read that file.
  local version
  version=$(go env GOVERSION 2>/dev/null) || version=$(cd / && GOTOOLCHAIN=local go env GOVERSION)
  version=${version#go}
  ! older "$version" "$min_go" || die "Fanfare needs Go $min_go or newer, and this is Go ${version:-without a version}:" "$mend"
}

need_node() {
  local mend="curl -fsSL https://nodejs.org/dist/v$new_node/node-v$new_node-linux-$node_arch.tar.gz |"
  mend+=" ${sudo}tar -C /usr/local -xz --strip-components=1"
  [ "$(uname -s)" != Darwin ] || mend='brew install node'
  [ -n "$(command -v node)" ] || die "The tests need Node $min_node or newer, and there is no node on the PATH:" "$mend"
  [ -n "$(command -v npm)" ] || die "The tests need npm, which comes with Node but is not on the PATH:" "$mend"
  local version
  version=$(node --version)
  version=${version#v}
  ! older "$version" "$min_node" || die "The tests need Node $min_node or newer, and this is Node $version:" "$mend"
}

for tool in "$@"; do
  "need_$tool"
done
