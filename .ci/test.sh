#!/usr/bin/env bash
# usage: .ci/test.sh TARGET...
# Makes the targets one after the other, goes on after a failure, and ends with a line for each and one for all.
set -uo pipefail
cd "$(dirname "$0")/.."

clock() { printf '%dm%02ds' $(($1 / 60)) $(($1 % 60)); }

summary='' passed=0 failed=0
for target in "$@"; do
  printf '\n==== make %s\n' "$target"
  start=$SECONDS
  if "${MAKE:-make}" --no-print-directory "$target"; then
    verdict=passed
    passed=$((passed + 1))
  else
    verdict=FAILED
    failed=$((failed + 1))
  fi
  summary+=$(printf '%-12s %s  %s' "$target" "$verdict" "$(clock $((SECONDS - start)))")$'\n'
done
printf '\n==== summary\n%stotal %s\nsteps: %d passed, %d failed\n' "$summary" "$(clock $SECONDS)" "$passed" "$failed"
[ "$failed" = 0 ]
