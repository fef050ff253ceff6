# SPDX-License-Identifier: Apache-2.0
"""12 hosts with 3 processes each lease their worker IDs from a real server: hosts lose power, come back
from nothing, stop for longer than their lease lasts, retire and lose their lease to an operator, while
the server is killed, paused and cut off. Every ID is counted."""

import random
import time

from fleet_support import EtcdStore, FleetCase, Line, MariaDbStore, PostgresStore, say
from segment_support import main

HOSTS, PROCESSES = 12, 3
TTL_MS = 2500
STOPPED_S = TTL_MS / 1000 + 0.7
WAIT_MS = 1500
BUSY_S = 5  # what a busy machine may add to the longest call
PACE_S = 0.25  # from one trouble to the next
# What a call may say while the server is gone, or all worker IDs are held; never a doubtful ID.
HONEST = {"STORE_UNAVAILABLE", "STORE_LOCKED", "CEILING", "WORKERS_EXHAUSTED", "TIMEOUT"}


class StormContract:
    settings = {"horizon_ms": 1200, "lease_ttl_ms": TTL_MS, "wait_timeout_ms": WAIT_MS}

    def test_no_id_repeats_whatever_happens_to_hosts_and_server(self):
        seed = random.randrange(2**32)
        with self.subTest(seed=seed):
            self.random = random.Random(seed)
            self.waking, self.excused, self.longest_stop_s = [], {}, 0
            self.line = Line(self.port())
            self.addCleanup(self.line.close)
            self.env["SHMFLAKE_STORE"] = self.url_behind(self.store, self.line.port)
            self.fleet = [self.host() for _ in range(HOSTS)]
            self.all_start_at_once()
            begun = time.monotonic()
            troubles = self.rage()
            self.all_draw_again()
            count = self.count_ids()
            self.judge_failures()
            say(f"{type(self).__name__}: {troubles} troubles in {time.monotonic() - begun:.0f} s,"
                f" {count} IDs of {sum(len(h.all_drawers) for h in self.hosts)} processes")

    def port(self):
        if isinstance(self.store, EtcdStore):
            return self.store.members[0].client_port
        return self.store.port

    def draw_on(self, host):
        host.start(PROCESSES, pause_us=15_000, burst=3)

    def all_start_at_once(self):
        for host in self.fleet:
            self.draw_on(host)
        self.wait_for_draws([drawer for host in self.fleet for drawer in host.drawers])
        first = [[self.worker_of(d.draws()[0][2]) for d in host.drawers] for host in self.fleet]
        for workers in first:
            self.assertEqual(1, len(set(workers)), "processes of one host have several worker IDs")
        self.assertEqual(HOSTS, len({workers[0] for workers in first}), first)

    # ------------------------------------------------------------------ what goes wrong

    def any_host(self, having_drawn=0):
        return self.random.choice([host for host in self.fleet if not host.is_stopped
                                   and host.drawers[0].drawn() >= having_drawn])

    def loses_power_and_boots(self):
        host = self.any_host()
        host.kill()
        self.draw_on(host)

    def comes_back_from_nothing(self):
        host = self.any_host()
        host.kill()
        index = self.fleet.index(host)
        self.fleet[index] = self.host()
        self.draw_on(self.fleet[index])

    def stops_for_longer_than_its_lease(self):
        host = self.any_host()
        host.stop()
        self.waking.append((time.monotonic() + STOPPED_S, host))

    def retires(self):
        self.try_to("retire")

    def is_freed_under(self):
        """And another host takes its worker ID at once, while it draws on to its ceiling."""
        host = self.any_host(having_drawn=1)
        worker = self.worker_of(host.drawers[0].last())
        self.try_to("lease", "free", str(worker), host=host)
        taker = self.host(worker_id=worker)
        self.excused[taker] = {"WORKER_HELD"}  # the server was away, or the host has it anew
        taker.start(1, pause_us=3000, burst=4)
        time.sleep(3 * PACE_S)
        taker.finish()
        self.try_to("retire", host=taker)

    def try_to(self, *arguments, host=None):
        """The server may be gone; what was begun is safe all the same."""
        try:
            (host or self.any_host()).run(*arguments)
        except AssertionError as failed:
            if not any(code in str(failed) for code in HONEST | {"NOT_FOUND"}):
                raise

    def server_dies(self):
        self.store.kill()
        self.rage_on(2)
        self.store.start()

    def server_stops(self):
        self.store.pause()
        self.rage_on(2)
        self.store.resume()

    def server_is_cut_off(self):
        self.line.cut()
        self.rage_on(2)
        self.line.mend()

    def rage_on(self, count=1):
        """Hosts have troubles of their own meanwhile."""
        for _ in range(count):
            self.trouble_of_a_host()

    def trouble_of_a_host(self):
        if not self.list:
            self.list = 2 * [self.loses_power_and_boots, self.comes_back_from_nothing,
                             self.stops_for_longer_than_its_lease, self.retires,
                             self.is_freed_under]
            self.random.shuffle(self.list)
        self.list.pop()()
        self.troubles += 1
        time.sleep(PACE_S)
        self.wake(time.monotonic())

    def wake(self, now):
        for end, host in self.waking:
            if end <= now:
                # A trouble with the server may have lasted longer than it was meant to be stopped.
                stopped_s = STOPPED_S + time.monotonic() - end
                self.longest_stop_s = max(self.longest_stop_s, stopped_s)
                host.go_on()
        self.waking = [(end, host) for end, host in self.waking if end > now]

    def rage(self):
        self.list, self.troubles = [], 0
        of_the_server = [self.server_dies, self.server_stops, self.server_is_cut_off]
        self.random.shuffle(of_the_server)
        for server in of_the_server:
            self.rage_on(3)
            server()
            self.troubles += 1
        while self.list:  # all of each kind
            self.rage_on()
        self.wait_until("the last stopped host goes on", lambda: not self.wake(time.monotonic())
                        and not self.waking)
        return self.troubles

    # ------------------------------------------------------------------ afterwards

    def all_draw_again(self):
        """Without a restart, and with a worker ID a host."""
        living = [drawer for host in self.fleet for drawer in host.drawers]
        self.wait_for_draws(living)
        since = time.monotonic()
        self.wait_for_draws(living)
        for drawer in living:
            self.assertEqual([], drawer.failed_calls(since))
        self.wait_until("each host has a worker ID of its own", self.all_differ)
        for host in self.fleet:
            self.assertEqual([], host.finish())

    def all_differ(self):
        """One whose lease was ended under it draws on to its ceiling."""
        last = [{self.worker_of(d.last()) for d in host.drawers} for host in self.fleet]
        return len(set().union(*last)) == HOSTS == sum(map(len, last))

    def judge_failures(self):
        longest_ms = WAIT_MS + (self.longest_stop_s + BUSY_S) * 1000  # of a call that was stopped in it
        for host in self.hosts:
            for drawer in host.all_drawers:
                for _, ms, code, message in drawer.failed_calls():
                    self.assertIn(code, HONEST | self.excused.get(host, set()), message)
                    self.assertLess(ms, longest_ms, message)


class EtcdStorm(StormContract, FleetCase):
    store_class = EtcdStore


class PostgresStorm(StormContract, FleetCase):
    store_class = PostgresStore


class MariaDbStorm(StormContract, FleetCase):
    store_class = MariaDbStore


if __name__ == "__main__":
    main(beside_each_other=False)
