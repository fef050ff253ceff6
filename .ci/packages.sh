#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Sourced by examples/run and tests/run: installs Debian packages that are missing, and does nothing, not
# even touch the network, when all are there.

# ensure_packages PACKAGE...: an installed package that provides it counts, as does any version of Boost.
ensure_packages() {
  local installed missing=() package
  if ! command -v dpkg-query >/dev/null; then
    echo "note: no Debian system; these packages, or what they are called here, are needed: $*" >&2
    return 0
  fi
  # One line for each name: "ii g++", and those that a package provides.
  installed=$(dpkg-query -W -f='${db:Status-Status}, ${Package}, ${Provides}\n' 2>/dev/null |
    sed -n 's/^installed, //p' | tr ',' '\n' | sed 's/^ *//; s/[ (].*//')
  for package in "$@"; do
    case $package in
      # Debian 12 has Boost 1.74 and 1.81, which exclude each other.
      libboost-dev) grep -Eqx 'libboost([0-9.]+)?-dev' <<<"$installed" && continue ;;
      *) grep -Fqx -- "$package" <<<"$installed" && continue ;;
    esac
    missing+=("$package")
  done
  [[ ${#missing[@]} -gt 0 ]] || return 0

  local as_root=()
  if [[ $EUID -ne 0 ]]; then
    if ! command -v sudo >/dev/null; then
      echo "these packages are missing, and there is no sudo to install them with:" >&2
      echo "  apt-get install ${missing[*]}" >&2
      return 1
    fi
    as_root=(sudo)
  fi
  echo "Installing: ${missing[*]}"
  local log
  log=$(mktemp) || return 1
  if ! "${as_root[@]}" apt-get update >"$log" 2>&1 ||
    ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      "${missing[@]}" >>"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}
