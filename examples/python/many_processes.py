#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws in many processes at once, some by fork and some by spawn, and counts the repeats.

usage: many_processes.py [PROCESSES [IDS_OF_EACH]]
"""

import array
import multiprocessing
import sys

import shmflake


def draw(count):
    """By one, by hundreds, into a buffer: as a program would."""
    with shmflake.open() as flake:
        ids = array.array("Q", bytes(8 * (count // 2)))
        filled = flake.fill(ids)
        ids.extend(flake.next_n(count // 4))
        while len(ids) < count:
            ids.append(shmflake.next_id())
        assert filled == count // 2
        return ids.tobytes()


def main():
    processes = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    shmflake.next_id()  # the forked ones inherit this handle, the spawned ones open their own
    with multiprocessing.get_context("fork").Pool(processes) as forked, \
            multiprocessing.get_context("spawn").Pool(processes) as spawned:
        results = [pool.map_async(draw, [count] * processes, 1) for pool in (forked, spawned)]
        ids = array.array("Q", b"".join(part for result in results for part in result.get()))
    repeats = len(ids) - len(set(ids))
    print(f"{len(ids)} IDs of {2 * processes} processes, {repeats} repeats")
    return 1 if repeats else 0


if __name__ == "__main__":
    sys.exit(main())
