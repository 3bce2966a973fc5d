#!/usr/bin/env bash
# usage: .ci/packages.sh PACKAGE[@COMMAND]...
# Sees to it that these Debian packages are installed: as root, or through sudo with DEPS=1, it installs the missing ones. For
# anybody else it names them and fails. A package with a COMMAND is not missing either where that is on the PATH, wherever it
# came from.
set -euo pipefail

if [ -z "$(command -v dpkg-query)" ]; then
  echo "This is no Debian system: what the Debian packages ${*%@*} bring has to be on the PATH." >&2
  exit 0
fi

missing=()
for wanted in "$@"; do
  package=${wanted%@*} command=${wanted#"${wanted%@*}"}
  if [ -n "$command" ] && [ -n "$(command -v "${command#@}")" ]; then
    continue
  fi
  state=$(dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null || true)
  grep -qx installed <<<"$state" || missing+=("$package")
done
[ ${#missing[@]} != 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
  if [ "${DEPS:-}" != 1 ]; then
    printf '%s\n' "These Debian packages are missing: ${missing[*]}. Install them, or let DEPS=1 do it through sudo:" \
      "  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
  [ -n "$(command -v sudo)" ] || { echo "DEPS=1 installs ${missing[*]} through sudo, and there is none. Run make deps as root." >&2; exit 1; }
  as_root=(sudo)
fi

echo "installing ${missing[*]}"
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
"${apt[@]}" update
"${apt[@]}" install -y --no-install-recommends "${missing[@]}"
