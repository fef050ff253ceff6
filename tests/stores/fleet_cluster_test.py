# SPDX-License-Identifier: Apache-2.0
"""Six hosts on an etcd of three members, whose leader is killed and paused; and three hosts whose wall
clocks differ, which tell each other their IDs."""

import shutil
import time
import unittest

from etcd_server import Etcd
from fleet_support import EtcdStore, FleetCase, say
from segment_support import main

HOSTS, PROCESSES = 6, 3
FAKETIME = shutil.which("faketime")
EXCHANGES = 60


class Cluster(EtcdStore):
    def start(self):
        self.server = Etcd()
        self.server.start(members=3)


class OnThreeMembers(FleetCase):
    store_class = Cluster
    settings = {"horizon_ms": 2000, "lease_ttl_ms": 6000, "wait_timeout_ms": 3000}

    def test_hosts_draw_on_while_leaders_are_killed_and_paused(self):
        etcd = self.store.server
        fleet = [self.host() for _ in range(HOSTS)]
        for host in fleet:
            host.start(PROCESSES, pause_us=10_000, burst=3)
        living = [drawer for host in fleet for drawer in host.drawers]
        self.wait_for_draws(living)
        took = []
        for disturb, mend in ((etcd.kill, lambda m: etcd.start(only=m)), (etcd.pause, etcd.resume)):
            leader = etcd.leader()
            away = time.monotonic()
            disturb(leader)
            time.sleep(self.settings["horizon_ms"] / 1000 + 0.2)  # who draws now has extended since
            self.wait_for_draws(living)
            took += [self.longest_pause(drawer, away) for drawer in living]
            mend(leader)
            self.wait_for_draws(living)
        for drawer in living:
            self.assertEqual([], drawer.failed_calls())
        for host in fleet:
            self.assertEqual([], host.finish())
            self.assertEqual(1, len({self.worker_of(d[2]) for one in host.drawers for d in one.draws()}))
        say(f"two leaders lost: {self.count_ids()} IDs, no call failed,"
            f" the longest pause of a process was {max(took):.2f} s")

    @staticmethod
    def longest_pause(drawer, since):
        ends = [ended for _, ended, _ in drawer.draws() if ended > since]
        return max(later - one for one, later in zip(ends, ends[1:]))


class UnderDifferentClocks(FleetCase):
    store_class = EtcdStore

    @unittest.skipUnless(FAKETIME, "faketime is not installed")
    def test_an_id_that_was_observed_is_below_all_that_follow_on_any_host(self):
        self.env["SHMFLAKE_MAX_BACKWARD_MS"] = "5000"
        self.env["SHMFLAKE_HORIZON_MS"] = "20000"
        asked = []
        for skew in (-2.5, 0, 1.5):  # seconds
            host = self.host(prefix=[FAKETIME, "--exclude-monotonic", "-f", f"{skew:+}s"])
            asked += host.start(1, asked=1)
        said = [drawer.ask("draw") for drawer in asked]
        self.assertEqual(["OK"] * 3, [code for _, code in said])
        # Without a word to each other they are as their clocks are.
        clocks = [self.unix_ms(one) for one, _ in said]
        self.assertGreater(clocks[1] - clocks[0], 1000)
        self.assertGreater(clocks[2] - clocks[1], 500)
        newest = 0
        for turn in range(EXCHANGES):
            drawer = asked[(0, 1, 2, 0, 2, 1)[turn % 6]]  # every one after every other
            self.assertEqual("OK", drawer.ask(f"observe {newest}")[1] if newest else "OK")
            one, code = drawer.ask("draw")
            self.assertEqual("OK", code, drawer.output())
            self.assertGreater(one, newest, "an effect is below its cause")
            newest = one
        self.count_ids()


if __name__ == "__main__":
    main(beside_each_other=True)
