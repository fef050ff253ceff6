# SPDX-License-Identifier: Apache-2.0
"""Leases in a real MariaDB and a real PostgreSQL under many processes at once, with the server killed
and paused: every change is counted, and no committed horizon is lost."""

import os
import time
import unittest

from etcd_leases import FORMAT
from etcd_plugin import LOCKED, TIMED_OUT, UNAVAILABLE, StoreError
from lease_sql_support import LEASES, NAMESPACES, PATIENCE_S, OnMariaDb, OnPostgres
from mariadb_server import APP, main

PROCESSES, CHANGES, ROWS = 32, 50, 4
CREATORS = 16
FLEET, CONNECTIONS = 120, 10  # hosts that start at once, and what the server has for them
GONE = (UNAVAILABLE, TIMED_OUT, LOCKED)


class StormContract:
    # ------------------------------------------------------------------ what a child does

    def change_often(self, number):
        """How often decide was asked in vain."""
        asked = 0

        def count():
            nonlocal asked
            asked += 1

        def change(old):
            return {**old, "horizon": old["horizon"] + 1, "base": old["base"] + 1,
                    "holder": number + 1, "ttl_ms": 1000}
        for i in range(CHANGES):
            assert self.store.change((number + i) % ROWS, change, on_decide=count, timeout_ms=60000,
                                     by_socket=True)
        return asked - CHANGES

    def acquire_own(self, number):
        """As a host does when it starts: it sees all leases, and takes one that is free."""
        identity = f"{number:032x}"
        taken, seen = [], []

        def decide(namespace, leases):
            used = {one["worker_id"] for one in leases}
            taken[:] = [min(set(range(len(used) + 1)) - used)]
            seen[:] = [namespace[0] or identity]
            return {"worker_id": taken[0], "horizon": 10, "holder": number + 1, "ttl_ms": 60000}
        assert self.store.lease(decide, record=(identity, FORMAT), timeout_ms=100000)
        return [seen[0], taken[0]]

    def acquire_next_to_others(self, number, gate):
        os.close(gate[1])
        os.read(gate[0], 1)  # until nobody has the other end
        return self.store.acquire(number, number + 1, timeout_ms=100000)

    def extend_until_gone(self, number):
        """[the last horizon that was granted, the last one that was asked for]."""
        granted = asked = 0

        def note(old):
            nonlocal asked
            asked = old["horizon"] + 10
            return {**old, "horizon": asked, "holder": number + 1, "ttl_ms": 1000}
        while True:
            try:
                self.store.change(number, note, timeout_ms=4000)
                granted = asked
            except StoreError as error:
                assert error.code in GONE, error
                return [granted, asked]

    # ------------------------------------------------------------------ the tests

    def test_no_change_is_lost_where_many_change_the_same_rows(self):
        children = self.children(PROCESSES, self.change_often)
        results = [child.result(PATIENCE_S * 2) for child in children]
        wanted = PROCESSES * CHANGES // ROWS
        self.assertEqual([str(wanted)] * ROWS, self.column("horizon"))
        self.assertEqual([str(wanted)] * ROWS, self.column("base"))
        self.assertEqual([str(wanted)] * ROWS, self.column("version"))
        self.assertGreater(sum(results), 0)  # there were races
        self.assertEqual([["1"]], self.server.sql(f"SELECT count(*) FROM {NAMESPACES}"))

    def test_of_those_that_make_a_namespace_at_once_one_s_identity_wins(self):
        results = [child.result() for child in self.children(CREATORS, self.acquire_own)]
        written = self.server.sql(f"SELECT identity FROM {NAMESPACES}")
        self.assertEqual(1, len(written))
        self.assertEqual({written[0][0]}, {identity for identity, _ in results})
        self.assertEqual(list(range(CREATORS)), sorted(worker_id for _, worker_id in results))
        self.assertEqual(len(set(self.column("holder"))), CREATORS)

    def test_a_fleet_larger_than_the_server_s_connections_starts_at_once(self):
        gate = os.pipe()
        self.limit_connections()
        refused_before = self.connections_refused()
        children = self.children(FLEET, self.acquire_next_to_others, gate)
        for end in gate:
            os.close(end)
        self.assertEqual([100] * FLEET, [child.result() for child in children])
        self.assertGreater(self.connections_refused(), refused_before)
        self.assertEqual([str(i) for i in range(FLEET)], self.column("worker_id"))
        self.assertEqual(["1"] * FLEET, self.column("version"))

    def test_no_committed_horizon_is_lost_when_the_server_is_killed(self):
        for stop in (self.server.kill, self.server.stop, self.server.kill):
            before = sum(map(int, self.column("horizon")))
            children = self.children(8, self.extend_until_gone)
            end = time.monotonic() + PATIENCE_S
            while sum(map(int, self.column("horizon"))) < before + 600:
                self.assertLess(time.monotonic(), end, "nobody extends")
            stop()
            results = [child.result() for child in children]
            self.server.start()
            found = dict(self.server.sql(f"SELECT worker_id, horizon FROM {LEASES}"))
            for worker_id, (granted, asked) in enumerate(results):
                self.assertGreater(granted, 0)
                self.assertTrue(granted <= int(found[str(worker_id)]) <= asked, (granted, found, asked))

    def test_a_pause_of_the_server_is_seen_through_where_there_is_time(self):
        self.store.acquire(0, 1)
        self.addCleanup(self.server.resume)
        self.server.pause()
        child, = self.children(1, lambda _: self.store.extend(0, 1, timeout_ms=60000))
        self.assert_in_time(700, worker_id=0)
        self.server.resume()
        self.assertEqual(200, child.result())


class MariaDbLeaseStorm(OnMariaDb, StormContract, unittest.TestCase):
    def limit_connections(self):
        self.set_for_app(f"max_connections = {CONNECTIONS}")

    def connections_refused(self):
        return int(self.server.sql("SHOW GLOBAL STATUS LIKE 'Connection_errors_max_connections'")[0][1])


class PostgresLeaseStorm(OnPostgres, StormContract, unittest.TestCase):
    def limit_connections(self):
        self.server.sql(f"ALTER ROLE {APP} CONNECTION LIMIT {CONNECTIONS}")
        self.addCleanup(self.server.sql, f"ALTER ROLE {APP} CONNECTION LIMIT -1")

    def connections_refused(self):
        with open(self.server.file("server.log"), encoding="utf-8", errors="replace") as log:
            return log.read().count("too many connections for role")


if __name__ == "__main__":
    main()
