#!/usr/bin/env bash
# usage: .ci/vuln.sh DATABASE
# Looks for known vulnerabilities in what the program can call, with govulncheck and a vulnerability database: an URL, or file:// and
# the folder of a copy. Fails when there are any, and when the database can't be asked: that nothing was found must mean something.
set -uo pipefail
cd "$(dirname "$0")/.."
db=$1

out=$(go tool -modfile=.ci/tools/go.mod govulncheck -db "$db" ./... 2>&1)
status=$?
printf '%s\n' "$out"
case $status:$out in
0:*) ;;
*'fetching vulnerabilities:'* | *'creating client:'*)
  echo "vuln: the database $db can't be asked from here, so NOTHING WAS CHECKED. Run this where it can be reached, or name a copy of it:" >&2
  echo "  make vuln VULNDB=file:///PATH (the layout is that of https://go.dev/doc/security/vuln/database#api)" >&2
  ;;
3:*) echo "vuln: the program can call what is known to be vulnerable" >&2 ;;
*) echo "vuln: govulncheck has failed" >&2 ;;
esac
exit "$status"
