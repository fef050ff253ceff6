# SPDX-License-Identifier: Apache-2.0
"""The repeat hunt from outside: that it hunts as told, leaves nothing behind, and finds what is wrong."""

import os
import pty
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from command_support import FAILED, CommandTest, main

# A library that breaks its promises: put before the real one, it spoils what shmflake_next gives.
SPOILER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
int shmflake_next(void *flake, uint64_t *id) {
  static int (*next)(void *, uint64_t *);
  static char how;
  static uint64_t calls, old;
  if (next == 0) {
    next = (int (*)(void *, uint64_t *))dlsym(RTLD_NEXT, "shmflake_next");
    how = getenv("SPOIL")[0];
  }
  int code = next(flake, id);
  ++calls;
  if (how == 'r' && calls % 10000 == 0) *id = old;        /* repeats its own */
  if (how == 'l' && calls == 5000) *id = (uint64_t)1 << 62; /* what others get, too */
  if (how == 's') *id ^= 1;                               /* swaps neighbours */
  old = *id;
  return code;
}
"""


class StressTest(CommandTest):
    def leftovers(self):
        return {os.path.join(place, name) for place in ("/dev/shm", tempfile.gettempdir())
                if os.path.isdir(place)
                for name in os.listdir(place) if name.startswith("shmflake-stress")}

    def setUp(self):
        super().setUp()
        before = self.leftovers()
        # Last of all, hence registered first.
        self._cleanups.insert(0, (self.remove_new, (before,), {}))

    def remove_new(self, before):
        for path in self.leftovers() - before:
            shutil.rmtree(path, ignore_errors=True)


class HuntTest(StressTest):
    def test_counts_every_id_and_finds_no_repeat(self):
        before = self.leftovers()
        report = self.json("stress", "--ids", "500000", "--processes", "3", "--kill", "0")
        self.assertIs(True, report["passed"])
        self.assertEqual((500000, 0, 0, 0), (report["ids"], report["repeats"],
                                             report["out_of_order"], report["kills"]))
        self.assertEqual(500000, sum(process["ids"] for process in report["started"]))
        self.assertEqual(["finished"] * 3, [process["end"] for process in report["started"]])
        self.assertGreater(report["order_checks"], 0)
        samples = [int(sample["id"]) for sample in report["samples"]]
        self.assertEqual(sorted(set(samples)), samples)
        self.assertLessEqual(self.leftovers(), before)

    def test_leaves_the_configured_region_and_its_settings_alone(self):
        self.env.update(SNOWFLAKE_WORKER_ID="200", SHMFLAKE_SEQUENCE_BITS="9",
                        SNOWFLAKE_CONFIG="/nonexistent.toml")
        report = self.json("stress", "--ids", "10000")
        self.assertEqual(22, report["layout"]["sequence_bits"])
        self.assert_nothing_made()

    def test_kills_processes_and_starts_others_in_their_place(self):
        report = self.json("stress", "--processes", "4", "--kill", "10", "--seconds", "2",
                           "--sequence-bits", "12")
        self.assertEqual((10, 0), (report["kills"], report["repeats"]))
        ends = [process["end"] for process in report["started"]]
        self.assertEqual((10, 4), (ends.count("killed"), ends.count("finished")))
        killed = [process for process in report["started"] if process["end"] == "killed"]
        self.assertGreater(sum(process["ids"] for process in killed), 0)

    def test_draws_in_batches(self):
        report = self.json("stress", "--batch", "1000", "--ids", "1000000", "--kill", "1")
        self.assertIs(True, report["passed"])
        self.assertLessEqual(report["ids"], 1000000)

    def test_hunts_in_relaxed_ordering(self):
        report = self.json("stress", "--ordering", "relaxed", "--ids", "300000")
        self.assertEqual(("relaxed", True), (report["ordering"], report["passed"]))

    def test_hunts_on_the_configured_region_when_told(self):
        before = int(self.run_command("gen").stdout)
        report = self.json("stress", "--use-region", "--ids", "20000", "--kill", "0")
        self.assertEqual(12, report["layout"]["sequence_bits"])
        self.assertGreater(int(report["samples"][0]["id"]), before)
        status = self.json("status")
        self.assertEqual(20001, status["counters"]["ids_issued"])
        self.assertEqual(str(report["samples"][-1]["id"]), status["last_id"])

    def test_more_processes_than_ids_end_well(self):
        report = self.json("stress", "--processes", "40", "--ids", "7", "--kill", "0")
        self.assertEqual((7, True), (report["ids"], report["passed"]))

    def test_a_hunt_that_does_not_fit_into_memory_is_reduced_with_a_note(self):
        report = self.json("stress", "--ids", "100000000000", "--seconds", "1", "--sequence-bits", "12")
        self.assertIn("reduced to", report["note"])
        self.assertIs(True, report["passed"])

    def test_text_says_what_happened(self):
        text = self.run_command("stress", "--ids", "300000", "--processes", "2", "--kill", "0").stdout
        self.assertRegex(text, r"IDs drawn +300,000 ")
        self.assertRegex(text, r"REPEATS +0 ")
        self.assertRegex(text, r"\n +all +300,000 ")
        self.assertIn("No repeat among 300,000 IDs.", text)

    def test_shows_progress_in_place_on_a_terminal_and_line_by_line_elsewhere(self):
        arguments = ["stress", "--seconds", "3", "--sequence-bits", "10", "--kill", "1"]
        ours, theirs = pty.openpty()
        process = self.start(*arguments, stdout=subprocess.DEVNULL, stderr=theirs)
        os.close(theirs)
        shown = b""
        try:
            while block := os.read(ours, 65536):
                shown += block
        except OSError:  # the terminal's end of file
            pass
        os.close(ours)
        self.assertEqual(0, process.wait(timeout=60))
        self.assertGreater(shown.count(b"\r"), 5)
        self.assertEqual(0, shown.count(b"\n"))
        self.assertIn(b"1 of 1 killed", shown)
        lines = self.run_command(*arguments).stderr.splitlines()
        self.assertRegex(lines[0], r" \d+ %  [\d,]+ IDs  .*/s  \d of 1 killed")
        self.assertEqual("", self.run_command(*arguments, "--json").stderr)


class FindingTest(StressTest):
    def test_a_planted_repeat_is_found_with_who_drew_it(self):
        arguments = ["stress", "--ids", "200000", "--processes", "3", "--kill", "0",
                     "--plant-repeat"]
        report = self.json(*arguments, expect=FAILED)
        self.assertEqual((False, 1, 0), (report["passed"], report["repeats"],
                                         report["out_of_order"]))
        repeated = report["repeated"][0]
        self.assertEqual(2, len(set(repeated["processes"])))
        self.assertIn(repeated["id"], report["verdict"])
        done = self.run_command(*arguments, expect=FAILED)
        self.assertRegex(done.stderr, r"shmflake: 1 of 200,000 IDs are repeats: \d+ was drawn by "
                                      r"process \d+ \(PID \d+\) and by process \d+ \(PID \d+\)\n")
        self.assertRegex(done.stdout, r"REPEATS +1 ")

    def test_a_repeat_planted_within_one_process_is_found(self):
        report = self.json("stress", "--ids", "10", "--processes", "1", "--kill", "0",
                           "--plant-repeat", expect=FAILED)
        self.assertEqual((1, 1), (report["repeats"], report["out_of_order"]))

    @unittest.skipUnless(shutil.which("cc"), "needs a C compiler")
    def test_a_library_that_breaks_its_promises_is_found_out(self):
        source = self.write("spoiler.c", SPOILER)
        spoiler = os.path.join(self.state, "spoiler.so")
        subprocess.run(["cc", "-shared", "-fPIC", "-o", spoiler, source, "-ldl"], check=True)
        self.env["LD_PRELOAD"] = spoiler
        found = {}
        for how in ("repeat", "likeness", "swap"):
            self.env["SPOIL"] = how
            found[how] = self.json("stress", "--ids", "400000", "--processes", "4", "--kill", "0",
                                   expect=FAILED)
        self.assertGreaterEqual(found["repeat"]["repeats"], 30)
        self.assertGreaterEqual(found["likeness"]["repeats"], 1)
        self.assertEqual(0, found["swap"]["repeats"])
        self.assertGreater(found["swap"]["out_of_order"], 0)


class BadDayTest(StressTest):
    def test_numbers_out_of_range_are_wrong_usage(self):
        for flag, bad in (("--processes", "0"), ("--processes", "4097"), ("--processes", "many"),
                          ("--ids", "0"), ("--ids", "1e6"), ("--seconds", "0"), ("--kill", "-1"),
                          ("--kill", "100001"), ("--batch", "0"), ("--batch", "4097"),
                          ("--ids", "")):
            self.assert_usage("stress", flag, bad, says=f'{flag}: must be a whole number')

    def test_what_the_library_refuses_is_told_once_and_nothing_hangs(self):
        before = self.leftovers()
        self.assertIn("40", self.assert_error("LAYOUT", "stress", "--sequence-bits", "40"))
        self.assertLessEqual(self.leftovers(), before)

    def test_an_interrupted_hunt_reports_and_cleans_up(self):
        before = self.leftovers()
        process = self.start("stress", "--seconds", "60", "--sequence-bits", "12",
                             start_new_session=True)
        process.stdout.readline()
        time.sleep(0.5)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of them
        text, errors = process.communicate(timeout=30)
        self.assertEqual(FAILED, process.returncode)
        self.assertIn(b"REPEATS", text)
        self.assertRegex(errors, rb"shmflake: interrupted after [\d,]+ IDs, no repeat\n\Z")
        self.assertLessEqual(self.leftovers(), before)

    def test_a_killed_hunt_takes_its_processes_along(self):
        process = self.start("stress", "--seconds", "60", "--sequence-bits", "12",
                             start_new_session=True)
        process.stdout.readline()
        time.sleep(0.5)
        process.kill()
        process.wait(timeout=30)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                os.killpg(process.pid, 0)
            except ProcessLookupError:
                return
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
        self.fail("its processes go on")

    def test_a_full_disk_is_told_and_fails(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = self.run_command("stress", "--ids", "1000", stdout=full, expect=FAILED)
        self.assertIn("cannot write standard output: No space left on device", done.stderr)

    def test_the_inner_part_alone_is_wrong_usage(self):
        self.assert_usage("stress-worker")
        with open(self.config, "rb") as file:
            os.set_inheritable(file.fileno(), True)
            self.run_command("stress-worker", "--log-fd", str(file.fileno()), "--record", "0",
                             expect=2, close_fds=False)


if __name__ == "__main__":
    main()
