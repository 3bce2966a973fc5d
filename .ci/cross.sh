#!/usr/bin/env bash
# Vets, which compiles it, everything for the other platforms where Fanfare runs or is developed, and the command-line tools
# for Windows.
set -euo pipefail
cd "$(dirname "$0")/.."

try() { # OS/ARCH PATTERN
  echo "$1 $2"
  export GOOS=${1%/*} GOARCH=${1#*/} CGO_ENABLED=0
  go vet "$2"
}

try linux/arm64 ./...
try darwin/arm64 ./...
try windows/amd64 ./cmd/fanfare/...
