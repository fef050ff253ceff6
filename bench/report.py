# SPDX-License-Identifier: Apache-2.0
"""Reads what the benchmarks wrote and prints one table: medians, ratios to the baseline, bars.

usage: report.py DIRECTORY    *.json of Google Benchmark, *.tsv of the others, sizes.tsv
"""

import json
import os
import statistics
import sys

US, NS, SHARE = "us", "ns", "%"
FEWEST_ROUNDS = 3


def read_samples(directory):
    """name -> samples in the order of the repetitions. Google Benchmark's are CPU nanoseconds."""
    samples = {}
    for file in sorted(os.listdir(directory)):
        path = os.path.join(directory, file)
        if file.endswith(".json"):
            with open(path, encoding="utf-8") as text:
                for run in json.load(text)["benchmarks"]:
                    if run["run_type"] == "iteration":
                        samples.setdefault(run["run_name"], []).append(run["cpu_time"])
        elif file.endswith(".tsv"):
            with open(path, encoding="utf-8") as text:
                for line in text:
                    name, _, value = line.rstrip("\n").split("\t")
                    samples.setdefault(name, []).append(float(value))
    return samples


def middle(values):
    return statistics.median(values)


def ratio(values, baselines):
    """The median of the repetitions' ratios: what slowed a repetition slowed both sides of it."""
    return middle([v / b for v, b in zip(values, baselines)])


def had_the_machine(samples, kind, count):
    """The rounds in which the processes ran as much as they could, hence against each other."""
    def enough(processes):
        wanted = 0.9 * min(processes, os.cpu_count())
        return {i for i, had in enumerate(samples[f"{kind}_cpu_{processes}"]) if had >= wanted}
    return sorted(enough(count) & enough(1))


def total(*columns):
    return [sum(row) for row in zip(*columns)]


def show(value, unit):
    if unit == "M/s":
        return f"{value / 1e6:.1f} M/s"
    if unit == "KiB":
        return f"{value / 1024:.0f} KiB"
    if unit == "KB":
        return f"{value / 1000:.0f} KB"
    return f"{value:.2f} {unit}" if value < 100 else f"{value:.0f} {unit}"


class Table:
    """Rows of: what, figure, baseline, ratio, bar, verdict."""

    def __init__(self, samples):
        self.samples = samples
        self.rows = []
        self.missed = 0
        self.not_judged = 0

    def has(self, *names):
        return all(name in self.samples for name in names)

    def section(self, title):
        self.rows.append((title,))

    def row(self, what, figure, baseline="", of_baseline="", bar="", good=None):
        verdict = "" if good is None else "ok" if good else "MISSED"
        self.missed += good is False
        self.rows.append((what, figure, baseline, of_baseline, bar, verdict))

    def compare(self, what, name, unit, baseline_text, baselines, most=None):
        if name not in self.samples:
            return
        values = self.samples[name]
        found = ratio(values, baselines)
        bar, good = "", None
        if most is not None:
            bar, good = f"<= {most:.2f} x", found <= most
        self.row(what, show(middle(values), unit),
                 f"{baseline_text} {show(middle(baselines), unit)}", f"{found:.2f} x", bar, good)

    def limit(self, what, name, unit, most=None, least=None, scale=1.0):
        if name not in self.samples:
            return
        value = middle(self.samples[name]) / scale
        bar, good = "", None
        if most is not None:
            bar, good = f"<= {show(most, unit)}", value <= most
        if least is not None:
            bar, good = f">= {show(least, unit)}", value >= least
        self.row(what, show(value, unit), bar=bar, good=good)

    def print(self):
        wide = [row for row in self.rows if len(row) > 1]
        widths = [max((len(row[i]) for row in wide), default=0) for i in range(6)]
        for row in self.rows:
            if len(row) == 1:
                print(f"\n{row[0]}")
            else:
                cells = (cell.ljust(width) for cell, width in zip(row, widths))
                print(("  " + "  ".join(cells)).rstrip())


def draw(table):
    s = table.samples
    if not table.has("fetch_add", "cycle_counter"):
        return
    table.section("One draw, one process, 22-bit sequence (CPU time)")
    for name in ("fetch_add", "cycle_counter", "both_in_one_loop", "clock_realtime"):
        table.limit("baseline: " + name, name, NS)
    floor = total(s["fetch_add"], s["cycle_counter"])
    table.compare("next, strict", "next_strict", NS, "fetch_add + cycle_counter", floor, most=1.4)
    for name in ("try_next_strict", "next_relaxed", "try_next_relaxed"):
        table.compare(name.replace("_s", ", s").replace("_r", ", r"), name, NS,
                      "fetch_add + cycle_counter", floor)
    table.compare("uuid7", "uuid7", NS, "next, strict", s["next_strict"], most=2)
    table.compare("ulid, 26 characters", "ulid", NS, "next, strict", s["next_strict"])


def many(table):
    s = table.samples
    if not table.has("next_n_1024", "add_and_fill_1024"):
        return
    table.section("Many IDs in one call, 22-bit sequence (CPU time)")
    table.limit("next_n(1024), one ID of it", "next_n_1024", NS, most=1.5, scale=1024)
    table.compare("next_n(1024), the call", "next_n_1024", NS, "fetch_add and fill",
                  s["add_and_fill_1024"])
    table.limit("next_block(64), the call", "next_block_64", NS)


def text(table):
    s = table.samples
    if not table.has("to_chars", "from_chars"):
        return
    table.section("An ID as text, one call (CPU time)")
    table.limit("baseline: to_chars, decimal", "to_chars", NS)
    table.limit("baseline: from_chars, decimal", "from_chars", NS)
    for verb in ("format", "parse"):
        for form in ("decimal", "base62", "hex", "base36", "base58", "crockford32"):
            most = 10.0 if form in ("decimal", "base62") else None
            table.limit(f"{verb} {form}", f"{verb}_{form}", NS, most=most)


def processes(table):
    s = table.samples
    if "strict_1" not in s:
        return
    table.section("Several processes on one region, 22-bit sequence (total of all)")
    for count in (1, 2, 4, 8):
        for kind in ("fetch_add", "spaced_add", "strict", "relaxed"):
            what = f"{count} x {kind}"
            rounds = had_the_machine(s, kind, count)
            if len(rounds) < FEWEST_ROUNDS:
                had = middle(s[f"{kind}_cpu_{count}"])
                table.row(what, show(middle(s[f"{kind}_{count}"]), "M/s"),
                          f"not judged: they had {had:.2f} processors")
                table.not_judged += kind == "strict" and count > 1
                continue
            values, alone = ([s[f"{kind}_{n}"][i] for i in rounds] for n in (count, 1))
            found = ratio(values, alone)
            judged = kind == "strict" and count > 1
            table.row(what, show(middle(values), "M/s"), f"1 x {kind} {show(middle(alone), 'M/s')}",
                      f"{found:.2f} x", ">= 1.00 x" if judged else "",
                      found >= 1 if judged else None)


def segment(table):
    s = table.samples
    if "segment_next" not in s:
        return
    table.section("Segment mode")
    table.limit("baseline: fetch_add", "segment_fetch_add", NS)
    table.compare("segment_next, one process", "segment_next", NS, "fetch_add",
                  s["segment_fetch_add"], most=1.5)
    for count in (1, 2, 4, 8):
        rounds = [i for i in had_the_machine(s, "segment", count)
                  if i in had_the_machine(s, "bare_add", count)]
        what = f"{count} x segment_next"
        if len(rounds) < FEWEST_ROUNDS:
            table.row(what, show(middle(s[f"segment_{count}"]), "M/s"), "not judged")
            table.not_judged += count == 8
            continue
        values, bare = ([s[f"{kind}_{count}"][i] for i in rounds] for kind in ("segment", "bare_add"))
        found = ratio(values, bare)
        table.row(what, show(middle(values), "M/s"),
                  f"{count} x fetch_add {show(middle(bare), 'M/s')}", f"{found:.2f} x",
                  ">= 1.00 x" if count == 8 else "", found >= 1 if count == 8 else None)
    table.limit("slowest draw of 1,000,000 (fetches from SQLite)", "slowest_draw", US)
    table.limit("the same beside a background thread", "slowest_draw_beside_thread", US)


def ceiling(table):
    if not table.has("of_ceiling_1"):
        return
    table.section("Default layout, 12-bit sequence: of 4,096,000 IDs/s")
    for count in (1, 4, 16):
        table.limit(f"{count} processes, IDs/s", f"ids_{count}", "M/s")
        table.limit(f"{count} processes, of the ceiling", f"of_ceiling_{count}", SHARE, least=99.5)
        table.limit(f"{count} processes, of the values passed", f"filled_{count}", SHARE)
        table.limit(f"{count} processes, processors used", f"cpu_{count}", "")


def attach(table):
    s = table.samples
    if "attach_and_close" not in s:
        return
    table.section("A region's life (wall time, median of all)")
    table.limit("baseline: open, map, touch, unmap, close", "map_barely", US)
    table.limit("attach and close", "attach_and_close", US, most=300.0)
    table.limit("attach and close, a process's first", "first_attach_and_close", US)
    table.limit("attach and close, worker ID by host address", "attach_by_host_address", US)
    table.limit("attach, draw and close", "attach_draw_and_close", US)
    table.limit("baseline: write 4 KiB and fsync", "write_durably", US)
    table.limit("create", "create", US)
    table.limit("retire", "retire", US)


def sizes(table):
    if not table.has("region_bytes"):
        return
    table.section("Sizes")
    table.limit("region file", "region_bytes", "KiB", most=512 * 1024)
    table.limit("libshmflake.so, stripped", "library_bytes", "KB", most=500_000)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    table = Table(read_samples(sys.argv[1]))
    for part in (draw, many, text, processes, segment, ceiling, attach, sizes):
        part(table)
    table.print()
    print(f"\n{table.missed} bars missed, {table.not_judged} not judged")
    sys.exit(1 if table.missed else 0)


if __name__ == "__main__":
    main()
