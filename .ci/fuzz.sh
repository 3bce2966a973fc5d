#!/usr/bin/env bash
# usage: .ci/fuzz.sh TIME
# Runs every fuzz target of the tree, one after the other, for TIME each (a Go duration). The first finding ends the run; Go has
# then written the input to testdata/fuzz, where it is a test case from now on.
set -euo pipefail
cd "$(dirname "$0")/.."

targets=$(go test -list '^Fuzz' ./... |
  awk '/^Fuzz/ {names[++n] = $1} /^ok/ {for (i = 1; i <= n; i++) print $2, names[i]; n = 0}')
[ -n "$targets" ] || { echo "fuzz: no fuzz target found" >&2; exit 1; }

echo "fuzzing $(wc -l <<<"$targets") targets for $1 each"
while read -r package name; do
  echo "== $package $name"
  go test -fuzzminimizetime 20x -run '^$' -fuzz "^$name\$" -fuzztime "$1" "$package" </dev/null
done <<<"$targets"
echo "no finding"
