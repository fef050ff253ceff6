# SPDX-License-Identifier: Apache-2.0
"""Many processes that lease from one etcd at once, and from one of three members whose leader is killed:
no update is lost, and no horizon that was committed is ever lower again."""

import multiprocessing
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "process"))
from command_support import main  # noqa: E402
from etcd_leases import acquire, extend, lease, read, times_to_live  # noqa: E402
from etcd_plugin import LOCKED, TIMED_OUT, UNAVAILABLE, StoreError  # noqa: E402
from etcd_server import Etcd, die_with_parent  # noqa: E402

FORK = multiprocessing.get_context("fork")
PROCESSES, SWAPS, RECORDS, CREATORS, HOLDERS = 32, 50, 4, 16, 8
WAIT_SECONDS = 400
TIMEOUT_MS = 120000


def run_all(function, arguments):
    """The results of function(*each) in a process of its own, all started together."""
    with FORK.Pool(len(arguments), initializer=die_with_parent) as pool:
        return pool.starmap_async(function, arguments, chunksize=1).get(WAIT_SECONDS)


def at_once(start):
    while time.monotonic() < start:
        time.sleep(0.001)


def swap(url, number, start):
    """Raises a record's horizon by one, again and again: [(worker ID, horizon)]. By turns with a holder,
    and without."""
    at_once(start)
    done = []
    for turn in range(SWAPS):
        worker_id, held = (number + turn) % RECORDS, (number + turn) % 2

        def raise_by_one(_, leases):
            horizon = leases[0]["horizon"] if leases else 0
            done[turn:] = [(worker_id, horizon + 1)]
            return {"worker_id": worker_id, "horizon": horizon + 1, "base": horizon,
                    "holder": held and number + 1, "ttl_ms": held and 60000}
        lease(url, raise_by_one, worker_id, timeout_ms=TIMEOUT_MS)
    return done


def create(url, number, start):
    """(the identity that it wanted, the one that it then saw)"""
    identity = f"{number:032x}"
    at_once(start)

    def with_a_lease(namespace, leases):
        assert namespace[0] == "" or leases, namespace
        return {"worker_id": number, "horizon": 10, "base": 0, "holder": 7, "ttl_ms": 60000}
    lease(url, with_a_lease, record=(identity, "a format"), timeout_ms=TIMEOUT_MS)
    return identity, read(url)[0][0]


def hold(url, worker_id, commits, over):
    """Extends its lease until it is told to end: (committed horizons, what was read, error codes)."""
    committed, seen, failures = [], [], []
    while not over.is_set():
        try:
            committed.append(extend(url, worker_id, worker_id + 1, timeout_ms=3000,
                                    on_decide=lambda leases: seen.append(
                                        (committed[-1] if committed else 0, leases[0]["horizon"]))))
            commits[worker_id] += 1
        except StoreError as error:
            failures.append(error.code)
    return committed, seen, failures


class OneServerTest(unittest.TestCase):
    def setUp(self):
        self.etcd = Etcd().start()
        self.addCleanup(self.etcd.close)
        self.url = self.etcd.url()

    def test_of_32_processes_that_swap_4_records_no_update_is_lost(self):
        start = time.monotonic() + 1
        results = run_all(swap, [(self.url, number, start) for number in range(PROCESSES)])
        self.assertEqual([SWAPS] * PROCESSES, [len(result) for result in results])
        leases = read(self.url)[1]
        self.assertEqual(PROCESSES * SWAPS, sum(found["horizon"] for found in leases))
        for found in leases:
            raised = [horizon for result in results for worker_id, horizon in result
                      if worker_id == found["worker_id"]]
            self.assertEqual(list(range(1, found["horizon"] + 1)), sorted(raised))
        held = sum(1 for found in leases if found["ttl_ms"] > 0)
        self.assertEqual(held, sum(1 for found in leases if found["holder"]))
        # Of 800 and those of the races that were lost.
        self.assertEqual(held, len(times_to_live(self.etcd)))

    def test_of_16_processes_that_create_a_namespace_one_wins(self):
        for _ in range(3):
            self.etcd.request("/v3/kv/deleterange", {"key": "AA==", "range_end": "AA=="})
            start = time.monotonic() + 1
            results = run_all(create, [(self.url, number, start) for number in range(CREATORS)])
            wanted, seen = {identity for identity, _ in results}, {identity for _, identity in results}
            self.assertEqual((CREATORS, 1), (len(wanted), len(seen)))
            self.assertLessEqual(seen, wanted)
            record, leases = read(self.url)
            self.assertEqual(seen, {record[0]})
            self.assertEqual(list(range(CREATORS)), [found["worker_id"] for found in leases])


class ThreeMembersTest(unittest.TestCase):
    def wait_for(self, commits, more, end):
        """Until each process has committed that many more."""
        wanted = [done + more for done in commits]
        while any(done < least for done, least in zip(commits, wanted)):
            self.assertLess(time.monotonic(), end, f"{list(commits)} of {wanted}")
            time.sleep(0.02)

    def acquire_in_time(self, url, worker_id, end):
        while True:
            try:
                return acquire(url, worker_id, worker_id + 1, timeout_ms=3000)
            except StoreError as error:  # it elects yet
                self.assertLess(time.monotonic(), end, error.message)

    def test_a_leader_that_is_killed_takes_no_horizon_with_it(self):
        etcd = Etcd().start(members=3)
        self.addCleanup(etcd.close)
        end = time.monotonic() + 120
        for worker_id in range(HOLDERS):
            self.assertEqual(100, self.acquire_in_time(etcd.url(), worker_id, end))
        commits, over = FORK.Array("q", HOLDERS), FORK.Event()
        with FORK.Pool(HOLDERS, initializer=die_with_hold, initargs=(commits, over)) as pool:
            urls = [etcd.url(members=etcd.members[i % 3:] + etcd.members[:i % 3]) for i in range(HOLDERS)]
            running = pool.starmap_async(hold_shared, list(enumerate(urls)), chunksize=1)
            try:
                for _ in range(2):
                    self.wait_for(commits, 5, end)
                    leader = etcd.leader()
                    etcd.kill(leader)
                    self.wait_for(commits, 5, end)
                    etcd.start(only=leader)
                self.wait_for(commits, 5, end)
            finally:
                over.set()
            results = running.get(60)
        leases = {found["worker_id"]: found for found in read(etcd.url(), timeout_ms=20000)[1]}
        failed = set()
        for worker_id, (committed, seen, failures) in enumerate(results):
            failed |= set(failures)
            self.assertNotIn(None, committed)  # the holder's key was there whenever it was read
            self.assertEqual(sorted(set(committed)), committed)
            for before, read_then in seen:
                self.assertGreaterEqual(read_then, before)
            self.assertGreaterEqual(leases[worker_id]["horizon"], committed[-1])
            self.assertEqual(worker_id + 1, leases[worker_id]["holder"])
        self.assertLessEqual(failed, {UNAVAILABLE, TIMED_OUT, LOCKED})


SHARED = []


def die_with_hold(*shared):
    die_with_parent()
    SHARED[:] = shared


def hold_shared(worker_id, url):
    return hold(url, worker_id, *SHARED)


if __name__ == "__main__":
    main()
