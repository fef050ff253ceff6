# SPDX-License-Identifier: Apache-2.0
"""The real command while its wall clock steps, under libfaketime.

libfaketime replaces clock_gettime() of the C library, which the core calls for every reading of a
clock, so that nothing reads around it through the vDSO. Only the TSC is real: it stands in for the
clock until the estimated end of a tick, at most 1 ms, so that a running process sees a step that
much later. CLOCK_BOOTTIME and CLOCK_MONOTONIC stay real here (--exclude-monotonic), as they do when
somebody sets the wall clock; but in the test of a clock that runs at another speed they lie once,
too, and the TSC's rate is then measured against a lie.
"""

import os
import re
import shutil
import subprocess
import sys
import time
import unittest

from command_support import COMMAND, FAILED, OK, CommandTest, main

DAY_MS = 86_400_000
YEAR_MS = 365 * DAY_MS
FAKETIME = shutil.which("faketime")
LIBRARY = os.path.join(os.path.dirname(COMMAND), os.pardir, "capi", "libshmflake.so")

# One draw a call, as `gen` does not: the draws that a TSC window serves. The arguments are the
# library, the file that has the clock's offset, and the offsets to set, each with 50 draws after it.
ONE_BY_ONE = """
import ctypes, os, select, sys
library = ctypes.CDLL(sys.argv[1])
flake, one = ctypes.c_void_p(), ctypes.c_uint64()
assert library.shmflake_open(None, None, ctypes.byref(flake)) == 0
def draw(count):
    for _ in range(count):
        assert library.shmflake_next(flake, ctypes.byref(one)) == 0
        print(one.value)
draw(20000)
for offset in sys.argv[3:]:
    with open(sys.argv[2] + ".new", "w") as file:
        file.write(offset)
    os.rename(sys.argv[2] + ".new", sys.argv[2])
    select.select([], [], [], 0.01)  # libfaketime refuses what time.sleep() calls
    draw(50)
"""


@unittest.skipUnless(FAKETIME, "faketime is not installed")
class ClockTest(CommandTest):
    def setUp(self):
        super().setUp()
        self.drawn = []

    def tearDown(self):
        """Every ID that was ever printed, in the order of the runs."""
        self.assertEqual(len(self.drawn), len(set(self.drawn)))
        self.assertEqual(sorted(self.drawn), self.drawn)

    def faked(self, clock, *arguments, monotonic=False):
        """A command line whose clock is off by what libfaketime calls "+1d", "-0.001", "+0 x10"."""
        exclude = [] if monotonic else ["--exclude-monotonic"]
        return [FAKETIME, *exclude, "-f", clock, COMMAND, *arguments]

    def at(self, clock, *arguments, expect=OK, monotonic=False):
        done = subprocess.run(self.faked(clock, *arguments, monotonic=monotonic), env=self.env,
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(expect, done.returncode, f"{clock} {arguments}\n{done.stdout}{done.stderr}")
        return done

    def draw(self, clock, *arguments, count=5, **options):
        done = self.at(clock, "gen", "-n", str(count), *arguments, **options)
        ids = [int(line) for line in done.stdout.split()]
        self.assertEqual(count, len(ids))
        self.drawn += ids
        return ids

    def refused(self, clock, *arguments):
        """The message of a gen that must fail, and print no ID."""
        done = self.at(clock, "gen", "--wait-timeout-ms", "100", *arguments, expect=FAILED)
        self.assertEqual("", done.stdout)
        return done.stderr

    def assert_far(self, milliseconds, message, pattern, unit=1):
        """The number in the message is what the clock was moved by, give or take a minute."""
        self.assertRegex(message, pattern)
        named = float(re.search(pattern, message).group(1)) * unit
        self.assertAlmostEqual(milliseconds, named, delta=60_000)

    def remove_region(self):
        os.unlink(os.path.join(self.regions, "default.region"))


class StepBetweenRunsTest(ClockTest):
    BEHIND = r"the clock is ([0-9]+) ms behind the last ID, max_backward_ms allows 10"
    RECOVERY = r"the worker ID has issued up to ([0-9.]+) s ahead of the clock, max_recovery_ms is 60000"

    def test_the_clock_of_a_whole_program_is_really_moved(self):
        drawn = self.draw("+1y", count=1)[0]
        parts = self.json("decode", str(drawn))["ids"][0]
        self.assertAlmostEqual(time.time() * 1000 + YEAR_MS, parts["unix_ms"], delta=60_000)

    def test_a_millisecond_back_and_forward_is_nothing(self):
        for clock in ("+0", "-0.001", "+0", "+0.001", "+0"):
            self.draw(clock, "--wait-timeout-ms", "100", count=2000)
        self.remove_region()
        self.draw("-0.001")

    def test_a_second_back_is_waited_out(self):
        self.draw("+0")
        self.draw("-1", "--wait-timeout-ms", "10000")
        self.draw("+0")

    def test_a_second_back_without_the_region_starts_at_the_old_horizon(self):
        self.draw("+0")
        self.remove_region()
        self.draw("-1", "--wait-timeout-ms", "100")
        self.draw("+0", "--wait-timeout-ms", "30000")

    def test_a_minute_back_is_refused_and_counted_until_it_is_right_again(self):
        self.draw("+0")
        self.assert_far(60_000, self.refused("-60"), self.BEHIND)
        status = self.json("status")
        self.assertGreaterEqual(status["counters"]["clock_rollbacks"], 1)
        self.assertGreaterEqual(status["counters"]["refusals"], 1)
        self.draw("+0")

    def test_a_day_back_is_refused_with_the_region_and_without(self):
        self.draw("+0")
        self.assert_far(DAY_MS, self.refused("-1d"), self.BEHIND)
        self.remove_region()
        self.assert_far(DAY_MS, self.refused("-1d"), self.RECOVERY, unit=1000)
        self.assertEqual([], os.listdir(self.regions))
        self.draw("+0", "--wait-timeout-ms", "30000")

    def test_a_day_back_is_not_healthy(self):
        self.draw("+0")
        time.sleep(1.1)  # a region's first second may be an allowance of its birth
        self.draw("+0")
        self.at("+0", "health")
        self.assertIn("behind the last ID", self.at("-1d", "health", expect=FAILED).stderr)
        self.at("+0", "health")

    def test_a_day_back_after_a_clean_retire_is_refused_too(self):
        self.draw("+0")
        self.run_command("retire")
        self.assert_far(DAY_MS, self.refused("-1d"), self.RECOVERY, unit=1000)
        self.draw("+0")

    def test_a_day_back_is_no_matter_to_whoever_allows_for_it(self):
        self.draw("+0")
        self.remove_region()
        self.draw("-1d", "--max-recovery-ms", str(2 * DAY_MS))

    def test_a_year_forward_is_followed_and_the_way_back_refused(self):
        self.draw("+0")
        self.draw("+1y")
        self.assertGreaterEqual(self.json("status")["counters"]["clock_forward_jumps"], 1)
        self.assert_far(YEAR_MS, self.refused("+0"), self.BEHIND)
        self.draw("+1y")
        self.remove_region()
        self.assert_far(YEAR_MS, self.refused("+0"), self.RECOVERY, unit=1000)
        # What the message says: another worker ID has issued nothing yet.
        self.env["SNOWFLAKE_WORKER_ID"] = "6"
        before = self.drawn
        self.drawn = []
        fresh = self.draw("+0")
        self.assertFalse(set(before) & set(fresh))

    def test_a_year_forward_that_is_not_allowed_changes_nothing(self):
        self.draw("+0")
        message = self.refused("+1y", "--max-forward-ms", "1000")
        self.assertRegex(message, r"max_forward_ms.* 1000")
        self.draw("+0", "--max-forward-ms", "1000")
        self.assertLess(self.json("status")["ahead_ms"], 60_000)


class StepUnderARunningProcessTest(ClockTest):
    def setUp(self):
        super().setUp()
        library = subprocess.run([FAKETIME, "-f", "+0", "printenv", "LD_PRELOAD"], capture_output=True,
                                 text=True, check=True).stdout.strip()
        self.offset = os.path.join(self.state, "offset")
        self.set_clock("+0")
        self.env.update(LD_PRELOAD=library, FAKETIME_TIMESTAMP_FILE=self.offset,
                        FAKETIME_NO_CACHE="1", FAKETIME_DONT_FAKE_MONOTONIC="1")

    def set_clock(self, offset):
        with open(self.offset + ".new", "w", encoding="ascii") as file:
            file.write(offset + "\n")
        os.rename(self.offset + ".new", self.offset)

    def read(self, process, count):
        ids = [int(process.stdout.readline()) for _ in range(count)]
        self.drawn += ids
        return ids

    def end(self, process):
        """What it still printed until it failed, and why."""
        for line in process.stdout:
            self.drawn.append(int(line))
            self.assertLess(len(self.drawn), 1_000_000, "it does not end")
        self.assertEqual(FAILED, process.wait(timeout=60))
        return process.stderr.read().decode()

    def start_gen(self, *arguments):
        return self.start("gen", "-n", str(2 ** 64 - 1), "--sequence-bits", "6", *arguments)

    def test_small_steps_and_a_second_are_drawn_through(self):
        process = self.start_gen("--wait-timeout-ms", "20000")
        self.read(process, 10_000)
        for clock in ("-0.001", "+0.003", "-0.008", "-1", "-0.5", "+0"):
            self.set_clock(clock)
            self.read(process, 15_000)  # more than the pipe held before the step
        # Not killed: libfaketime would leave its shared memory behind.
        process.stdout.close()
        self.assertEqual(FAILED, process.wait(timeout=60))

    def test_a_window_of_the_tsc_does_not_outlive_a_step_by_more_than_a_tick(self):
        done = subprocess.run(
            [sys.executable, "-c", ONE_BY_ONE, LIBRARY, self.offset, "+60", "+59.995", "+1y"],
            env=self.env, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.drawn += [int(line) for line in done.stdout.split()]
        self.assertEqual(20150, len(self.drawn))
        firsts = [str(self.drawn[at]) for at in (19999, 20000, 20050, 20100)]
        before, minute, back, year = (one["unix_ms"] for one in self.json("decode", *firsts)["ids"])
        self.assertGreater(minute, before + 59_000)
        self.assertLess(back, minute + 30_000)
        self.assertGreater(year, before + YEAR_MS - 60_000)

    def test_a_day_back_ends_it_with_the_reason(self):
        process = self.start_gen("--wait-timeout-ms", "300")
        self.read(process, 10_000)
        self.set_clock("-1d")
        self.assertRegex(self.end(process), StepBetweenRunsTest.BEHIND)
        self.set_clock("+0")
        self.drawn += self.ids("-n", "5")

    def test_a_year_forward_is_followed_and_the_way_back_ends_it(self):
        process = self.start_gen("--wait-timeout-ms", "300")
        first = self.read(process, 10_000)[0]
        self.set_clock("+1y")
        last = self.read(process, 40_000)[-1]
        years = self.json("decode", str(first), str(last))["ids"]
        self.assertGreater(years[1]["unix_ms"], years[0]["unix_ms"] + YEAR_MS - 60_000)
        self.set_clock("+0")
        self.assertRegex(self.end(process), StepBetweenRunsTest.BEHIND)
        self.set_clock("+1y")
        self.drawn += self.ids("-n", "5")

    def test_a_year_forward_that_is_not_allowed_ends_it_and_leaves_no_trace(self):
        process = self.start_gen("--wait-timeout-ms", "300", "--max-forward-ms", "1000")
        self.read(process, 10_000)
        self.set_clock("+1y")
        self.assertRegex(self.end(process), r"max_forward_ms.* 1000")
        self.set_clock("+0")
        self.drawn += self.ids("-n", "5")


class SeveralClocksTest(ClockTest):
    def test_processes_whose_clocks_differ_by_milliseconds_never_share_an_id(self):
        self.draw("+0")
        runs = [subprocess.Popen(self.faked(clock, "gen", "-n", "20000"), env=self.env,
                                 stdout=subprocess.PIPE)
                for clock in ("-0.004", "-0.001", "+0", "+0.004")]
        together = []
        for run in runs:
            ids = [int(line) for line in run.communicate(timeout=60)[0].split()]
            self.assertEqual(0, run.returncode)
            self.assertEqual(sorted(ids), ids)
            self.assertEqual(20000, len(ids))
            together += ids
        self.drawn += sorted(together)

    def test_a_clock_that_runs_ten_times_as_fast_or_slow_repeats_nothing(self):
        for monotonic in (False, True):
            self.draw("+0 x10", count=100_000, monotonic=monotonic)
            self.draw("+0 x0.1", "--wait-timeout-ms", "30000", count=10_000, monotonic=monotonic)
            self.draw("+0", "--wait-timeout-ms", "30000", count=10_000)



if __name__ == "__main__":
    main()
