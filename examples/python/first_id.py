#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The first ID, and what it says."""

import shmflake

id = shmflake.next_id()
print("ID:    ", id)
print("UUIDv7:", shmflake.uuid7())
print("ULID:  ", shmflake.ulid())

with shmflake.open() as flake:
    parts = flake.decode(id)
    print("drawn: ", parts.datetime, "by worker", parts.worker_id)
    print("text:  ", shmflake.format(id, "base62"))
    print("dense: ", flake.segment("orders").next_id())  # 1, 2, 3 ..., kept in an SQLite file
