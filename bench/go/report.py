#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the table of the Go binding; status 1 when a bar is missed.

usage: report.py DIRECTORY    what main.go printed, as *.tsv
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from report import NS, Table, read_samples, total  # noqa: E402


def go(table):
    s = table.samples
    table.section("From Go, one call, 22-bit sequence (CPU time)")
    table.limit("baseline: empty cgo call", "go_empty_call", NS)
    table.limit("baseline: C draw, in a loop in C", "go_c_draw", NS)
    floor = total(s["go_empty_call"], s["go_c_draw"])
    table.compare("Next", "go_next", NS, "empty call + C draw", floor, most=1.4)
    for what, name in (("Next, of 4 goroutines", "go_next_4_goroutines"), ("TryNext", "go_try_next"),
                       ("NextContext", "go_next_context"), ("UUID7", "go_uuid7"),
                       ("ULID", "go_ulid")):
        table.compare(what, name, NS, "empty call + C draw", floor)
    if table.has("go_c_segment_draw"):
        table.limit("baseline: C draw of a segment, in C", "go_c_segment_draw", NS)
        table.compare("Segment.Next", "go_segment_next", NS, "empty call + C draw",
                      total(s["go_empty_call"], s["go_c_segment_draw"]), most=1.4)
        table.limit("Segment.NextN(1024), one of it", "go_segment_next_n_1024", NS, scale=1024)
    table.limit("NextN(1024), one ID of it", "go_next_n_1024", NS, most=3, scale=1024)
    table.compare("NextN(1024), the call", "go_next_n_1024", NS, "next_n in C",
                  s["go_c_next_n_1024"])
    table.limit("UUID7N(1024), one of it", "go_uuid7_n_1024", NS, scale=1024)
    table.limit("ID.String", "go_string", NS)
    table.compare("ID.Base62", "go_base62", NS, "empty call", s["go_empty_call"])


def main():
    table = Table(read_samples(sys.argv[1]))
    go(table)
    table.print()
    print(f"\n{table.missed} bars missed")
    return 1 if table.missed else 0


if __name__ == "__main__":
    sys.exit(main())
