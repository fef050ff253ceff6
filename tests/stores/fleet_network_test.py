# SPDX-License-Identifier: Apache-2.0
"""Four hosts in network namespaces of their own, each with a line to the server that is pulled out and
put back. Skipped where namespaces are not allowed, which is said."""

import ipaddress
import os
import shutil
import subprocess
import time
import unittest

from fleet_support import EtcdStore, FleetCase, Line, MariaDbStore, PostgresStore, say
from segment_support import main

HOSTS, PROCESSES = 4, 2
HORIZON_S, TTL_S = 1.5, 3.0
CODES = {"STORE_UNAVAILABLE", "STORE_LOCKED", "CEILING", "TIMEOUT", "WORKERS_EXHAUSTED"}


def ip(*arguments, check=True):
    return subprocess.run(["ip", *arguments], check=check, capture_output=True, timeout=30)


class Cable:
    """From us to a namespace of its own. One of each class: they run beside each other."""

    def __init__(self, case, number):
        self.name = f"shmflake{os.getpid()}-{number}"
        self.end = f"sf{os.getpid() % 1000000}-{number}"  # a name of at most 15 bytes
        network = int(ipaddress.IPv4Address("198.18.0.0"))  # a /15 that is for tests
        network += (os.getpid() * HOSTS + number) % 2**15 * 4
        self.here, self.there = (str(ipaddress.IPv4Address(network + i)) for i in (1, 2))
        case.addCleanup(self.remove)
        ip("netns", "add", self.name)
        ip("link", "add", self.end, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        ip("address", "add", self.here + "/30", "dev", self.end)
        ip("link", "set", self.end, "up")
        ip("-n", self.name, "address", "add", self.there + "/30", "dev", "eth0")
        ip("-n", self.name, "link", "set", "lo", "up")
        ip("-n", self.name, "link", "set", "eth0", "up")

    def pull(self):
        ip("link", "set", self.end, "down")

    def put_back(self):
        ip("link", "set", self.end, "up")

    def remove(self):
        ip("link", "del", self.end, check=False)
        ip("netns", "del", self.name, check=False)


def why_not():
    """None where namespaces are allowed."""
    if shutil.which("ip") is None:
        return "there is no ip command"
    name = f"shmflake-try{os.getpid()}"
    try:
        ip("netns", "add", name)
        ip("-n", name, "link", "add", "sf0", "type", "veth", "peer", "name", "sf1")
        return None
    except subprocess.CalledProcessError as refused:
        return f"no network namespaces here: {refused.stderr.decode().strip()}"
    finally:
        ip("netns", "del", name, check=False)


class NetworkContract:
    settings = {"horizon_ms": int(HORIZON_S * 1000), "lease_ttl_ms": int(TTL_S * 1000),
                "wait_timeout_ms": 4000}

    @classmethod
    def setUpClass(cls):
        if reason := why_not():
            print(f"skipped: {reason}", flush=True)
            raise unittest.SkipTest(reason)
        super().setUpClass()

    def test_hosts_that_are_cut_off_stop_at_their_ceiling_and_lease_anew(self):
        cables = [Cable(self, number) for number in range(HOSTS)]
        is_etcd = isinstance(self.store, EtcdStore)
        line = Line(self.store.members[0].client_port if is_etcd else self.store.port,
                    [cable.here for cable in cables])
        self.addCleanup(line.close)
        fleet = [self.host(prefix=["ip", "netns", "exec", cable.name],
                           store=self.url_behind(self.store, line.port, cable.here))
                 for cable in cables]
        for host in fleet:
            host.start(PROCESSES, pause_us=10_000, burst=2)
        living = [drawer for host in fleet for drawer in host.drawers]
        self.wait_for_draws(living)
        before = [self.worker_of(host.drawers[0].last()) for host in fleet]
        self.assertEqual(HOSTS, len(set(before)))
        self.cut_off(fleet[:2], cables[:2], fleet[2:])
        self.wait_for_draws(living)
        self.assertNotIn(before[0], {self.worker_of(d.last()) for d in fleet[0].drawers})
        for host in fleet:
            self.assertEqual([], host.finish())
        for host in fleet[2:]:
            self.assertEqual([], [call for drawer in host.drawers for call in drawer.failed_calls()])
        say(f"{type(self).__name__}: {self.count_ids()} IDs")

    def cut_off(self, lost, cables, others):
        """For longer than their leases last; somebody else takes the first one's worker ID."""
        away = time.monotonic()
        for cable in cables:
            cable.pull()
        self.wait_until("all that are cut off refuse", lambda: all(
            drawer.failed_calls(away) for host in lost for drawer in host.drawers))
        time.sleep(max(0.0, away + TTL_S + 0.5 - time.monotonic()))
        taken = self.host(worker_id=self.worker_of(lost[0].drawers[0].last()))
        taken.start(1, pause_us=10_000, burst=2)
        self.wait_for_draws(taken.drawers + [drawer for host in others for drawer in host.drawers])
        self.assertGreater(time.monotonic(), away + TTL_S)
        silent = [drawer.drawn() for host in lost for drawer in host.drawers]
        time.sleep(0.3)
        self.assertEqual(silent, [drawer.drawn() for host in lost for drawer in host.drawers])
        for host in lost:
            for drawer in host.drawers:
                for _, _, code, message in drawer.failed_calls(away):
                    self.assertIn(code, CODES, message)
                self.assertLess(drawer.draws(drawer.drawn() - 1)[0][0], away + HORIZON_S + 0.4)
        for cable in cables:
            cable.put_back()


class EtcdNetwork(NetworkContract, FleetCase):
    store_class = EtcdStore


class PostgresNetwork(NetworkContract, FleetCase):
    store_class = PostgresStore


class MariaDbNetwork(NetworkContract, FleetCase):
    store_class = MariaDbStore


if __name__ == "__main__":
    main(beside_each_other=True)
