# SPDX-License-Identifier: Apache-2.0
"""The life of a lease in a real server: the server is away and comes back, the lease is lost while its
holder sleeps, an idle host keeps its worker ID or follows to another one. Says how long it took."""

import time
from statistics import median

from fleet_support import EtcdStore, FleetCase, MariaDbStore, PostgresStore, say
from mariadb_server import PASSWORD
from segment_support import main

PROCESSES = 3
WAIT_MS = 600
NOISE_MS = 4000  # of a busy machine
LATE_S = 0.8  # by so much may an extension be late on a busy machine
OUTAGE_CODES = {"CEILING", "STORE_UNAVAILABLE", "STORE_LOCKED"}
OFTEN = {"pause_us": 5000, "burst": 2}
ROUNDS = 4  # leases that are lost at the same time, each in a namespace of its own


class LeaseContract:
    worker_id_bits = 1  # a pool of two
    settings = {"horizon_ms": 2000, "lease_ttl_ms": 3000, "wait_timeout_ms": WAIT_MS}

    def tearDown(self):
        for host in self.hosts:
            self.assertEqual([], host.finish())
        self.assertGreater(self.count_ids(), 0)

    def say(self, text):
        say(f"{type(self).__name__}: {text}")

    # ------------------------------------------------------------------ the server is away

    def survive(self, go_away, come_back, words):
        host = self.host()
        many = host.start(PROCESSES, **OFTEN)
        self.wait_for_draws(many)
        time.sleep(1)  # the lease was extended once
        away = time.monotonic()
        go_away()
        gone = time.monotonic()
        try:
            self.wait_until("each process fails twice", lambda: all(
                len(drawer.failed_calls(away)) >= 2 for drawer in many))
        finally:
            come_back()
        back = time.monotonic()
        self.wait_for_draws(many)
        self.judge_outage(many, away, gone, back, words)

    def judge_outage(self, many, away, gone, back, words):
        failed = [call for drawer in many for call in drawer.failed_calls()]
        first = min(began + ms / 1000 for began, ms, _, _ in failed)
        last = max(draw[0] for drawer in many for draw in drawer.draws() if draw[1] < first)
        half_s = self.settings["horizon_ms"] / 2000
        self.assertGreater(last, away + half_s - LATE_S, "draws ended before half of the horizon")
        # All together can have drawn no longer than to the ceiling.
        self.assertLess(last, gone + 2 * half_s + LATE_S)
        for _, ms, code, message in failed:
            self.assertIn(code, OUTAGE_CODES, message)
            self.assertNotIn(PASSWORD, message)
            self.assertLess(ms, WAIT_MS + NOISE_MS, message)
        # One of the host asks the server, at the ceiling some beside it; all others say the ceiling.
        shown = self.shown()
        self.assertTrue(any(shown in message for _, _, _, message in failed), failed)
        self.assertRegex("\n".join(message for _, _, _, message in failed if shown in message), words)
        again = [min(d[1] for d in drawer.draws() if d[1] > back) - back for drawer in many]
        self.say(f"{last - away:.1f} s of outage were survived with a horizon of {2 * half_s:.0f} s;"
                 f" the next ID came {min(again):.2f} s after the server, in all by {max(again):.2f} s")

    def test_draws_outlive_a_server_that_is_killed_up_to_the_ceiling(self):
        self.survive(self.store.kill, self.store.start, "[Rr]efused|[Cc]onnect")

    def test_draws_outlive_a_server_that_says_nothing_up_to_the_ceiling(self):
        self.survive(self.store.pause, self.store.resume, "did not answer within")

    def test_a_living_region_is_attached_to_while_the_server_is_away(self):
        host = self.host(horizon_ms=20_000, lease_ttl_ms=30_000)
        worker = host.worker_id()
        self.store.kill()
        try:
            self.assertEqual({worker}, {self.worker_of(one) for one in host.gen(100)})
        finally:
            self.store.start()

    # ------------------------------------------------------------------ the lease is lost

    def test_a_host_that_slept_too_long_follows_to_another_worker_id_without_an_error(self):
        settings = {"horizon_ms": 1000, "lease_ttl_ms": 2000, "wait_timeout_ms": 10_000}
        # A fresh namespace's first worker ID is 0; the second host is told to take it.
        pairs = [[self.host(id_namespace=f"{type(self).__name__}-lost-{i}", **settings, **which)
                  for which in ({}, {"worker_id": 0})] for i in range(ROUNDS)]
        for first, _ in pairs:
            first.start(PROCESSES, **OFTEN)
        self.wait_for_draws([drawer for first, _ in pairs for drawer in first.drawers])
        for first, _ in pairs:
            first.stop()
        time.sleep(2.2)
        stopped = []
        for first, second in pairs:
            slept = first.run("lease", "list")["leases"][0]
            second.start(1, **OFTEN)
            stopped.append((slept, [drawer.drawn() for drawer in first.drawers]))
        self.wait_for_draws([second.drawers[0] for _, second in pairs])
        took = []
        for (first, second), (slept, drawn) in zip(pairs, stopped):
            self.assertEqual("expired", slept["state"])
            self.assertEqual(slept["worker_id"], self.worker_of(second.drawers[0].last()))
            took += self.wake(first, slept, drawn)
        self.assertLess(max(took), 10 + NOISE_MS / 1000)
        self.say(f"from a lost lease to the next ID: {median(took):.3f} s"
                 f" (median of {len(took)} processes, the slowest {max(took):.3f} s)")

    def wake(self, host, slept, drawn):
        woken = time.monotonic()
        host.go_on()
        self.wait_for_draws(host.drawers)
        took = []
        for drawer, since in zip(host.drawers, drawn):
            self.assertEqual([], drawer.failed_calls())
            draws = [draw for draw in drawer.draws(since) if draw[1] > woken]
            old = [one for _, _, one in draws if self.worker_of(one) == slept["worker_id"]]
            for one in old:  # below its old ceiling
                self.assertLess(self.unix_ms(one), slept["horizon_unix_ms"])
            self.assertGreater(len(draws), len(old))
            took.append(draws[len(old)][1] - woken)
        self.assertNotEqual(slept["worker_id"], self.worker_of(drawer.last()))
        return took

    # ------------------------------------------------------------------ nobody draws

    def test_a_background_thread_keeps_the_worker_id_of_an_idle_host(self):
        settings = {"horizon_ms": 800, "lease_ttl_ms": 1600, "wait_timeout_ms": 10_000}
        keeps = self.host(background_thread="true", **settings)
        loses = self.host(**settings)
        idle = [host.start(1, asked=1)[0] for host in (keeps, loses)]
        before = [self.worker_of(self.drawn_by(drawer)) for drawer in idle]
        self.assertEqual({0, 1}, set(before))
        # One that needs a worker ID gets that of the host which asked for nothing, and no other.
        other = self.host(**settings)
        other.start(1, **OFTEN)
        self.wait_for_draws(other.drawers)
        time.sleep(4 * 1.6)
        self.assertEqual(before[1], self.worker_of(other.drawers[0].last()))
        self.assertEqual(before[0], self.worker_of(self.drawn_by(idle[0])))
        self.assertEqual([], keeps.finish())
        keeps.run("retire")
        # Who lost it follows, to the one that came free.
        self.assertEqual(before[0], self.worker_of(self.drawn_by(idle[1])))

    def drawn_by(self, drawer):
        one, code = drawer.ask("draw")
        self.assertEqual("OK", code, drawer.output())
        return one


class EtcdLease(LeaseContract, FleetCase):
    store_class = EtcdStore


class PostgresLease(LeaseContract, FleetCase):
    store_class = PostgresStore


class MariaDbLease(LeaseContract, FleetCase):
    store_class = MariaDbStore


if __name__ == "__main__":
    main(beside_each_other=True)
