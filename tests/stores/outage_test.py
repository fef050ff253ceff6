# SPDX-License-Identifier: Apache-2.0
"""Segment mode while a real server is stopped, killed, paused or slow, and when it is back."""

import time
from statistics import median

from segment_support import EtcdStore, MariaDbStore, PostgresStore, SegmentCase, main

PROCESSES = 6
STEP = 60_000  # more than is drawn in a test
PAST_THE_MARK = STEP // 10
WAIT_MS = 800  # what a call may wait with no ID left
AHEAD_MS = 100  # what a call that has its ID may be held up
NOISE_MS = 2000  # of a busy machine
HELD_UP_MS = 60  # longer than a fetch takes, and not yet the machine's fault
OUTAGE_S = 1.5
BACK_WITHIN_S = 15

# The last attempt before a deadline may have no time to be refused.
REFUSED = r"[Rr]efused|[Cc]onnect|did not answer within \d\d? ms"
SILENT = "did not answer within"


def most_attempts(seconds):
    """Of the whole host: the pauses between them are at least 10, 20, 40 ... 1000, 1000 ms."""
    attempts, pause_s = 1, 0.01
    while seconds >= pause_s:
        seconds -= pause_s
        attempts += 1
        pause_s = min(2 * pause_s, 1)
    return attempts


class OutageContract:
    def setUp(self):
        super().setUp()
        self.tag = self.id().rpartition("_")[2]
        self.store.set_row(self.tag, 0, STEP)
        self.store.set_row("other", 0, STEP)

    def draw_in_many_processes(self, count=PROCESSES, **options):
        self.gen(1)  # a segment, and one only
        many = [self.draw(self.tag, max_step=STEP, wait_ms=WAIT_MS, pause_us=4000, burst=2, **options)
                for _ in range(count)]
        self.wait_for_draws(many)
        return many

    def gen(self, count, tag=None, **options):
        return self.json("segment", "gen", tag or self.tag, "-n", str(count), "--max-step", str(STEP),
                         "--wait-timeout-ms", str(WAIT_MS), **options)

    def assert_refused(self, codes, says, count=1, tag=None):
        error = self.gen(count, tag, expect=1)["error"]
        self.assertIn(error["name"], codes)
        self.assertRegex(error["message"], says)

    # ------------------------------------------------------------------ the outage, step by step

    def go_on_while_ids_are_left(self, many, codes, says):
        """Draws past the mark: from now on somebody should fetch, and nobody can."""
        began = time.monotonic()
        seen = [len(drawer.calls()) for drawer in many]
        self.gen(PAST_THE_MARK)  # a new process opens the tag, and draws
        self.wait_for_draws(many, 50)
        time.sleep(OUTAGE_S)
        self.wait_for_draws(many, 50)
        status = self.status(self.tag)
        self.assertGreater(status["remaining"], 0)
        self.assertEqual(0, status["remaining_next"])
        self.assertIn(status["last_error"]["name"], codes)
        self.assertRegex(status["last_error"]["message"], says)
        self.assertGreater(status["failures_in_row"], 0)
        self.assertLessEqual(0, status["next_attempt_in_ms"])
        self.assertLessEqual(status["next_attempt_in_ms"], 2000)
        calls = [call for drawer, old in zip(many, seen) for call in drawer.calls(old)]
        self.assertEqual([], [call for call in calls if call[1] != "OK"])
        attempts = status["counters"]["fetch_failures"]
        self.assertLessEqual(attempts, most_attempts(time.monotonic() - began) + 2)
        held_up = [ms for ms, _, _ in calls if ms > HELD_UP_MS]
        self.assertLessEqual(len(held_up), attempts + 3, held_up)
        self.assertLess(max(held_up, default=0), AHEAD_MS + NOISE_MS)
        self.assertLess(median([0, *held_up]), WAIT_MS - AHEAD_MS)  # not as if none were left

    def wait_in_vain_when_none_is_left(self, many, codes, says):
        began = time.monotonic()
        before = self.status(self.tag)["counters"]["fetch_failures"]
        self.assert_refused(codes, says, count=STEP)  # all that is left, and then one more
        seen = [len(drawer.calls()) for drawer in many]
        self.wait_until("each process fails twice", lambda: all(
            len(drawer.failed_calls(old)) >= 2 for drawer, old in zip(many, seen)))
        for drawer, old in zip(many, seen):
            for ms, code, message in drawer.failed_calls(old):
                self.assertIn(code, codes, message)
                self.assertRegex(message, f"no ID of tag .*{self.tag}.* is left: .*(?:{says})")
                self.assertGreater(ms, WAIT_MS - 50, message)
                self.assertLess(ms, WAIT_MS + NOISE_MS, message)
        self.assert_refused(codes, says)
        self.assert_refused(codes, says, tag="other")  # of which the region never had any
        status = self.status(self.tag)
        self.assertEqual((None, 0, 0),
                         (status["next_id"], status["remaining"], status["remaining_next"]))
        self.assertIn(status["last_error"]["name"], codes)
        # The pauses are long by now; but who is held up for long has others elected beside it.
        attempts = status["counters"]["fetch_failures"] - before
        self.assertLessEqual(attempts, 4 + 3 * (time.monotonic() - began))

    def draw_on_by_themselves(self, many):
        """The same processes."""
        self.wait_for_draws(many, 50, patience_s=BACK_WITHIN_S)
        self.assert_clean()
        self.gen(1, "other")
        for drawer in many:
            self.assertEqual((0, ""), (drawer.finish(), drawer.errors()))
        self.assert_ascending(many)

    def assert_clean(self):
        status = self.status(self.tag)
        self.assertEqual((None, 0, 0), (status["last_error"], status["failures_in_row"],
                                        status["next_attempt_in_ms"]))

    def survive(self, go_away, come_back, says, codes=("STORE_UNAVAILABLE",)):
        many = self.draw_in_many_processes()
        self.addCleanup(come_back)
        go_away()
        self.go_on_while_ids_are_left(many, codes, says)
        self.wait_in_vain_when_none_is_left(many, codes, says)
        come_back()
        self.draw_on_by_themselves(many)

    def start_again(self):
        if self.store.is_down:
            self.store.start()
            self.store.is_down = False

    def go_down(self, how):
        how()
        self.store.is_down = True

    # ------------------------------------------------------------------ the tests

    def test_processes_outlive_a_server_that_is_stopped(self):
        self.survive(lambda: self.go_down(self.store.stop), self.start_again, REFUSED)

    def test_processes_outlive_a_server_that_is_killed(self):
        self.survive(lambda: self.go_down(self.store.kill), self.start_again, REFUSED)

    def test_processes_outlive_a_server_that_is_paused(self):
        self.survive(self.store.pause, self.store.resume, SILENT)

    def test_processes_outlive_a_server_that_is_slow(self):
        self.env["SHMFLAKE_SEGMENT_STORE"] = self.store.slow_url()
        many = self.draw_in_many_processes()
        with self.store.slow(self.tag):
            self.go_on_while_ids_are_left(many, self.store.slow_codes, self.store.slow_says)
            with self.store.slow("other"):
                self.wait_in_vain_when_none_is_left(many, self.store.slow_codes,
                                                    self.store.slow_says)
        self.draw_on_by_themselves(many)

    def test_with_a_background_thread_in_one_process_no_draw_is_held_up(self):
        self.tag = "served"
        self.store.set_row(self.tag, 0, STEP)
        many = [*self.draw_in_many_processes(1, thread=1), *self.draw_in_many_processes()]
        self.addCleanup(self.store.resume)
        self.store.pause()
        seen = [len(drawer.calls()) for drawer in many]
        self.gen(PAST_THE_MARK)
        self.wait_until("the thread fails to fetch several times",
                        lambda: self.status(self.tag)["counters"]["fetch_failures"] >= 4)
        self.assertGreater(self.status(self.tag)["remaining"], STEP / 2)
        calls = [call for drawer, old in zip(many, seen) for call in drawer.calls(old)]
        self.assertEqual([], [call for call in calls if call[1] != "OK"])
        # But for the machine: without the thread it would be one at each attempt.
        self.assertLessEqual(sum(ms > HELD_UP_MS for ms, _, _ in calls), 1, calls)
        self.store.resume()
        self.wait_until("the thread fetches the next segment", patience_s=BACK_WITHIN_S,
                        happened=lambda: self.status(self.tag)["remaining_next"] == STEP)
        self.assert_clean()


class MariaDbOutage(OutageContract, SegmentCase):
    store_class = MariaDbStore


class PostgresOutage(OutageContract, SegmentCase):
    store_class = PostgresStore


class EtcdOutage(OutageContract, SegmentCase):
    store_class = EtcdStore


if __name__ == "__main__":
    main(beside_each_other=True)
