#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Many IDs at once: into memory that is already there, without an object for each."""

import array
import time

import shmflake

with shmflake.open("bulk", sequence_bits=16) as flake:
    ids = array.array("q", bytes(8 * 65536))
    begin = time.perf_counter()
    flake.fill(ids)
    took = time.perf_counter() - begin
    print(f"array: {len(ids)} IDs in {took * 1e6:.0f} us, the last is {ids[-1]}")

    record = bytearray(64)
    flake.fill(memoryview(record)[8:24])
    print("bytes:", bytes(record[8:24]).hex())

    try:
        import numpy
    except ImportError:
        print("numpy is not installed")
    else:
        column = numpy.empty(10_000, dtype=numpy.int64)
        flake.fill(column)
        print("numpy:", column[:3], "ascending:", bool((numpy.diff(column) > 0).all()))
