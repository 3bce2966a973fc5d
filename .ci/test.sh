#!/usr/bin/env bash
# usage: .ci/test.sh TARGET...
# Makes the targets one after the other, goes on after a failure, and ends with what failed, a line for each target and one for all.
set -uo pipefail
cd "$(dirname "$0")/.."

clock() { printf '%dm%02ds' $(($1 / 60)) $(($1 % 60)); }

# complaints picks what failing tests and tools say out of an output; "FILE.go:LINE: " begins what a test says of itself.
complaints() { grep -E -A3 '^ *--- FAIL|^ +[a-z0-9_]+\.go:[0-9]+: |^[a-z0-9_/]+\.go:[0-9]+:|^panic:|WARNING: DATA RACE|\*\*\*' "$1" | cut -c1-300 | head -n 60; }

said=$(mktemp)
trap 'rm -f "$said"' EXIT
summary='' wrong='' passed=0 failed=0
for target in "$@"; do
  printf '\n==== make %s\n' "$target"
  start=$SECONDS
  if "${MAKE:-make}" --no-print-directory "$target" 2>&1 | tee "$said"; then
    verdict=passed
    passed=$((passed + 1))
  else
    verdict=FAILED
    wrong+=$(printf -- '---- %s' "$target"; echo; complaints "$said")$'\n'
    failed=$((failed + 1))
  fi
  summary+=$(printf '%-12s %s  %s' "$target" "$verdict" "$(clock $((SECONDS - start)))")$'\n'
done
[ -z "$wrong" ] || printf '\n==== what failed\n%s' "$wrong"
printf '\n==== summary\n%stotal %s\nsteps: %d passed, %d failed\n' "$summary" "$(clock $SECONDS)" "$passed" "$failed"
[ "$failed" = 0 ]
