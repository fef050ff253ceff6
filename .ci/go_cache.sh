#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Sourced: where Go's build cache for an installed library lies. What pkg-config and a header said is no part of
# Go's own key, so that one cache for two libraries would mix them up.

# go_cache ROOT PREFIX
go_cache() {
  local key
  key=$({ echo "$2"; find "$2" -name 'shmflake.h' -print -quit | xargs -r cat; } | sha256sum | cut -c1-16)
  echo "$1/build/go/cache-$key"
}
