# SPDX-License-Identifier: Apache-2.0
"""Leases in a real MariaDB and a real PostgreSQL: what is kept, for whom, for how long, and who was
quicker."""

import os
import subprocess
import sys
import time
import unittest

from etcd_leases import FORMAT, IDENTITY, KEPT
from etcd_plugin import LOCKED, SCHEMA
from lease_sql_support import (LEASES, NAMESPACE, NAMESPACES, Leases, OnMariaDb, OnPostgres)
from mariadb_server import main

TEXTS = {"owner": "it's \"7\" \\ %_; --", "region": "orders 1", "host": "hö\U0001f600st'"}
SPAN = 100
MOST_SLOWNESS_MS = 50000
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
OTHER = "f" * 32


class LeaseSqlContract:
    def record(self, worker_id, **arguments):
        """As it is read: what a write gave."""
        _, (found,) = self.store.read(worker_id, **arguments)
        return {name: found[name] for name in KEPT}

    def once(self, *actions):
        """A callable that does one action, and nothing when they are used up; and its calls' count."""
        calls, left = [], list(actions)

        def act():
            calls.append(1)
            if left:
                left.pop(0)()
        return act, calls

    # ------------------------------------------------------------------ a lease's life

    def test_a_worker_id_is_acquired_extended_released_and_acquired_again(self):
        self.assertEqual((("", ""), []), self.store.read())
        self.assertEqual(100, self.store.acquire(3, -7, texts=TEXTS))
        one = {"worker_id": 3, "base": 0, "horizon": 100, "holder": -7, **TEXTS}
        self.assertEqual(one, self.record(3))
        self.assertEqual(200, self.store.extend(3, -7))
        self.assertEqual({**one, "horizon": 200}, self.record(3))
        self.assertTrue(self.store.release(3, -7, 150))
        self.assertEqual({**one, "horizon": 150, "holder": 0}, self.record(3))
        self.assertEqual(250, self.store.acquire(3, 8, texts=dict.fromkeys(TEXTS, "")))
        self.assertEqual({"worker_id": 3, "base": 150, "horizon": 250, "holder": 8, "owner": "",
                          "region": "", "host": ""}, self.record(3))
        self.assertEqual(NAMESPACE, self.store.read()[0])
        self.assertEqual(["4"], self.column("version"))

    def test_who_is_declined_changes_nothing(self):
        self.assertFalse(self.store.lease(lambda *_: None))
        self.assertEqual([], self.server.sql(f"SELECT * FROM {NAMESPACES}"))
        self.store.acquire(3, 7)
        before = self.rows()
        self.assertIsNone(self.store.acquire(3, 8))
        self.assertIsNone(self.store.extend(3, 8))
        self.assertFalse(self.store.release(3, 8, 1))
        self.assertEqual(before, self.rows())

    def test_a_namespace_may_be_recorded_without_a_lease_and_is_never_changed(self):
        self.assertTrue(self.store.lease(lambda *_: {}))
        self.assertEqual((NAMESPACE, []), self.store.read())
        before = self.server.sql(f"SELECT * FROM {NAMESPACES}")
        self.assertEqual(100, self.store.acquire(3, 7, record=(OTHER, "another")))
        self.assertEqual(before, self.server.sql(f"SELECT * FROM {NAMESPACES}"))
        self.assertTrue(self.store.lease(lambda *_: {}))
        self.assertEqual(["1"], self.column("version"))

    def test_all_leases_are_read_in_order_and_one_alone(self):
        for worker_id in (1023, 2, 10, 0, 2 ** 32 - 1):
            self.store.acquire(worker_id, worker_id + 1)
        self.assertEqual([0, 2, 10, 1023, 2 ** 32 - 1],
                         [one["worker_id"] for one in self.store.read()[1]])
        self.assertEqual([10], [one["worker_id"] for one in self.store.read(10)[1]])
        self.assertEqual((NAMESPACE, []), self.store.read(11))

    def test_namespaces_are_apart_byte_for_byte(self):
        names = ("a", "A", "a.", "a-", "_a", "x" * 63, "X" * 63)
        for number, name in enumerate(names):
            identity = f"{number:032x}"
            self.store.acquire(1, number + 1, id_namespace=name, record=(identity, FORMAT))
            self.assertEqual((identity, FORMAT), self.store.read(id_namespace=name)[0])
        for number, name in enumerate(names):
            self.assertEqual(number + 1, self.record(1, id_namespace=name)["holder"])

    def test_the_largest_values_are_kept_as_they_are(self):
        largest = {"worker_id": 2 ** 32 - 1, "horizon": 2 ** 62, "base": 2 ** 62, "owner": "o" * 120,
                   "region": "r" * 63, "host": "ü" * 32}
        for holder in (2 ** 63 - 1, -2 ** 63):
            self.store.change(2 ** 32 - 1, lambda _: {**largest, "holder": holder, "ttl_ms": 2 ** 62},
                              record=("F" * 32, "~" * 120))
            self.assertEqual({**largest, "holder": holder}, self.record(2 ** 32 - 1))
            self.assertGreater(self.store.read()[1][0]["ttl_ms"], 2 ** 40)
        self.assertEqual(("F" * 32, "~" * 120), self.store.read()[0])

    # ------------------------------------------------------------------ the server's clock

    def test_a_time_to_live_is_read_back_and_ends(self):
        self.store.acquire(3, 7, ttl_ms=60000)
        left = self.store.read(3)[1][0]["ttl_ms"]
        self.assertTrue(60000 - MOST_SLOWNESS_MS < left <= 60000, left)
        self.store.acquire(4, 7, ttl_ms=1)
        time.sleep(0.01)
        ended = self.store.read(4)[1][0]
        self.assertLessEqual(ended["ttl_ms"], 0)
        self.assertGreater(ended["ttl_ms"], -MOST_SLOWNESS_MS)
        self.assertEqual(7, ended["holder"])
        self.assertEqual(200, self.store.acquire(4, 8))
        self.store.release(3, 7, 50)
        self.assertEqual(0, self.store.read(3)[1][0]["ttl_ms"])

    def test_a_record_says_when_it_was_written(self):
        before = int(time.time() * 1000)
        self.store.acquire(3, 7)
        first = self.store.read(3)[1][0]["updated_unix_ms"]
        self.assertTrue(before - 1 <= first <= time.time() * 1000 + 1, (before, first))
        time.sleep(0.01)
        self.store.extend(3, 7)
        self.assertGreater(self.store.read(3)[1][0]["updated_unix_ms"], first)

    def test_the_time_zone_is_no_matter(self):
        for writer, reader in (("+12:00", "-11:00"), ("-11:00", "+12:00")):
            self.set_time_zone(writer)
            self.store.change(3, lambda old: {**old, "holder": 7, "ttl_ms": 60000})
            self.set_time_zone(reader)
            found = self.store.read(3)[1][0]
            self.assertTrue(0 < found["ttl_ms"] <= 60000, found)
            self.assertLess(abs(found["updated_unix_ms"] - time.time() * 1000), MOST_SLOWNESS_MS)

    @unittest.skipUnless(os.path.exists(FAKETIME), "libfaketime is not installed")
    def test_the_client_s_clock_is_no_matter(self):
        for shift, holder in (("-400d", 7), ("+400d", 8)):
            done = subprocess.run(
                [sys.executable, "-B", os.path.abspath(__file__), "acquire", self.server.scheme,
                 str(self.server.port), str(holder)], check=True, capture_output=True, text=True,
                env={**os.environ, "LD_PRELOAD": FAKETIME, "FAKETIME": shift}, timeout=120)
            unix_s, left = done.stdout.split()
            self.assertGreater(abs(float(unix_s) - time.time()), 300 * 86400)  # it was wrong
            found = self.store.read(holder)[1][0]
            self.assertTrue(0 < int(left) <= 60000, left)
            self.assertTrue(0 < found["ttl_ms"] <= 60000, found)
            self.assertLess(abs(found["updated_unix_ms"] - time.time() * 1000), MOST_SLOWNESS_MS)

    # ------------------------------------------------------------------ who was quicker

    def test_who_lost_a_race_decides_again_on_what_is_there_then(self):
        self.store.acquire(3, 7)
        for what, change in (
                ("all", lambda: self.store.extend(3, 7)),
                ("the version", lambda: self.server.sql(f"UPDATE {LEASES} SET version = version + 1")),
                ("the horizon", lambda: self.server.sql(f"UPDATE {LEASES} SET horizon = horizon + 50")),
                ("the holder", lambda: self.server.sql(f"UPDATE {LEASES} SET holder = 9"))):
            with self.subTest(what):
                act, calls = self.once(change)
                before = self.record(3)["horizon"]
                new = self.store.change(3, lambda old: {**old, "horizon": old["horizon"] + SPAN},
                                        on_decide=act)
                self.assertEqual(2, len(calls))
                added = {"all": 100, "the horizon": 50}.get(what, 0)
                self.assertEqual(before + added + SPAN, new["horizon"])
                self.assertEqual(new["horizon"], self.record(3)["horizon"])
        self.assertEqual(9, self.record(3)["holder"])

    def test_who_lost_the_creation_of_a_record_decides_again(self):
        self.store.lease(lambda *_: {})
        act, calls = self.once(lambda: self.store.acquire(3, 7))
        self.assertIsNone(self.store.acquire(3, 8, on_decide=act))
        self.assertEqual((2, 7), (len(calls), self.record(3)["holder"]))

    def test_who_lost_the_creation_of_a_namespace_sees_the_one_that_is(self):
        act, calls = self.once(lambda: self.store.lease(lambda *_: {}, record=(OTHER, "other")))
        self.assertEqual(100, self.store.acquire(3, 8, on_decide=act))
        self.assertEqual(2, len(calls))
        self.assertEqual((OTHER, "other"), self.store.read()[0])

    def test_nothing_is_written_under_a_namespace_that_was_exchanged(self):
        for worker_id in (3, 4):  # there is a record of the one, none of the other
            self.store.acquire(3, 7)
            for column, value in (("identity", OTHER), ("format", "other")):
                act, calls = self.once(
                    lambda: self.server.sql(f"UPDATE {NAMESPACES} SET {column} = '{value}'"))
                seen = []

                def decide(namespace, leases):
                    seen.append(namespace)
                    act()
                    return {"worker_id": worker_id, "horizon": 5000, "holder": 7, "ttl_ms": 9} \
                        if len(calls) == 1 else None
                self.assertFalse(self.store.lease(decide, worker_id))
                self.assertEqual(2, len(seen))
                self.assertNotEqual(seen[0], seen[1])
                self.assertNotIn("5000", self.column("horizon"))
                self.server.sql(f"UPDATE {NAMESPACES} SET identity = '{IDENTITY}', format = '{FORMAT}'")

    def test_a_race_that_is_always_lost_ends_in_time(self):
        self.store.acquire(3, 7)

        def quicker():
            self.server.sql(f"UPDATE {LEASES} SET version = version + 1")
        self.refused(LOCKED, r"others kept changing the row \(until 1500 ms were up\)", worker_id=3,
                     holder=7, call=self.store.extend, on_decide=quicker, timeout_ms=1500)
        self.assertEqual(100, self.record(3)["horizon"])

    def test_a_row_that_is_not_written_may_be_locked(self):
        for worker_id in (2, 4):
            self.store.acquire(worker_id, 7)
        other = subprocess.Popen(self.server.client(), stdin=subprocess.PIPE, text=True,
                                 stdout=subprocess.PIPE)
        self.addCleanup(other.communicate)
        self.addCleanup(other.kill)
        other.stdin.write(f"BEGIN; UPDATE {LEASES} SET holder = 99 WHERE id_namespace = 'ns'"
                          " AND worker_id = 4; SELECT 7;\n")
        other.stdin.flush()
        self.assertEqual("7\n", other.stdout.readline())
        for worker_id in (2, 3, 5):  # beside it, and missing ones around it
            self.assertIsNotNone(self.store.acquire(worker_id, 7, timeout_ms=30000), worker_id)
        self.assertEqual([2, 3, 4, 5], [one["worker_id"] for one in self.store.read()[1]])
        self.refused(LOCKED, worker_id=4, holder=7, call=self.store.acquire, timeout_ms=700)
        self.assertEqual(7, self.record(4)["holder"])

    # ------------------------------------------------------------------ the tables

    def test_init_makes_what_is_missing_and_leaves_the_rest_alone(self):
        self.store.acquire(3, 7)
        before = self.rows()
        self.store.init()
        self.assertEqual(before, self.rows())
        for table in (LEASES, NAMESPACES):
            self.server.sql(f"DROP TABLE {table}")
            self.refused(SCHEMA, table, r"\(run shmflake store init\)")
            self.refused(SCHEMA, call=self.store.acquire, worker_id=3, holder=7)
            self.store.init()
            self.store.init()
        self.assertEqual(100, self.store.acquire(3, 7))

    def test_many_make_the_tables_at_once(self):
        self.server.sql(f"DROP TABLE {LEASES}; DROP TABLE {NAMESPACES}; DROP TABLE id_segments")
        for child in self.children(6, lambda _: self.store.init()):
            self.assertIsNone(child.result())
        self.assertEqual(100, self.store.acquire(3, 7))

    def test_a_table_of_another_shape_is_refused_with_the_column_that_is_wrong(self):
        columns = ["id_namespace varchar(63)", "worker_id bigint", "horizon bigint", "base bigint",
                   "holder bigint", "owner varchar(120)", "region varchar(63)", "host varchar(64)",
                   "version bigint", f"expires_at {self.time_type}", f"updated_at {self.time_type}"]
        for number, wrong in ((2, "height bigint"), (2, "horizon double precision"),
                              (5, "owner int"), (8, "version decimal(20)"),
                              (9, f"expires_at {self.other_time_type}"),
                              (10, f"updated_at {self.other_time_type}")):
            with self.subTest(wrong):
                shape = [*columns[:number], wrong, *columns[number + 1:]]
                self.make_leases(", ".join(shape) + ", PRIMARY KEY (id_namespace, worker_id)")
                name = columns[number].split(" ")[0]
                self.refused(SCHEMA, name, call=self.store.init)
                self.refused(SCHEMA, name, call=self.store.acquire, worker_id=3, holder=7)
                self.assertEqual([], self.rows())
        for key in ("", ", PRIMARY KEY (id_namespace, worker_id, holder)", ", UNIQUE (host, worker_id)"):
            with self.subTest(key):
                self.make_leases(", ".join(columns) + key)
                says = "columns id_namespace and worker_id of table shmflake_leases must be a primary"
                self.refused(SCHEMA, says, call=self.store.init)
                self.refused(SCHEMA, says, call=self.store.acquire, worker_id=3, holder=7)
                self.assertEqual([], self.rows())

    def test_a_worker_id_with_two_rows_is_refused(self):
        self.store.acquire(3, 7)
        self.drop_key()
        self.server.sql(f"INSERT INTO {LEASES} SELECT * FROM {LEASES}")
        self.refused(SCHEMA, "several rows for worker ID 3 in namespace \"ns\"")

    def make_leases(self, columns):
        self.server.sql(f"DROP TABLE {LEASES}; CREATE TABLE {LEASES} ({columns}); {self.grant}")


class MariaDbLeaseTest(OnMariaDb, LeaseSqlContract, unittest.TestCase):
    grant = ""

    def set_time_zone(self, zone):
        self.set_for_app(f"time_zone = '{zone}'")

    def drop_key(self):
        self.server.sql(f"ALTER TABLE {LEASES} DROP PRIMARY KEY")

    def test_names_that_the_collation_takes_for_one_never_share_a_row(self):
        for table in (NAMESPACES, LEASES):
            self.server.sql(f"ALTER TABLE {table} MODIFY id_namespace varchar(63)"
                            " CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL")
        self.store.acquire(3, 7, id_namespace="orders")
        self.assertEqual((("", ""), []), self.store.read(id_namespace="Orders"))
        self.refused(SCHEMA, "Duplicate entry", call=self.store.acquire, worker_id=3, holder=8,
                     id_namespace="Orders")
        self.assertEqual(7, self.record(3, id_namespace="orders")["holder"])


class PostgresLeaseTest(OnPostgres, LeaseSqlContract, unittest.TestCase):
    grant = f"GRANT ALL ON {LEASES} TO app"

    def set_time_zone(self, zone):
        self.set_for_app(f"timezone = '{zone}'")

    def drop_key(self):
        self.server.sql(f"ALTER TABLE {LEASES} DROP CONSTRAINT shmflake_leases_pkey")

    def test_names_that_the_collation_takes_for_one_never_share_a_row(self):
        self.server.sql("CREATE COLLATION IF NOT EXISTS any_case (provider = icu,"
                        " locale = 'und-u-ks-level2', deterministic = false)")
        for table in (NAMESPACES, LEASES):
            self.server.sql(f"ALTER TABLE {table} ALTER id_namespace TYPE varchar(63) COLLATE any_case")
        self.store.acquire(3, 7, id_namespace="orders")
        self.assertEqual((("", ""), []), self.store.read(id_namespace="Orders"))
        self.refused(SCHEMA, "duplicate key", call=self.store.acquire, worker_id=3, holder=8,
                     id_namespace="Orders")
        self.assertEqual(7, self.record(3, id_namespace="orders")["holder"])


class Elsewhere:
    """A server as another process sees it."""

    def __init__(self, scheme, port):
        self.scheme, self.port = scheme, int(port)


if __name__ == "__main__":
    if sys.argv[1:2] == ["acquire"]:
        elsewhere = Leases(Elsewhere(*sys.argv[2:4]))
        elsewhere.acquire(int(sys.argv[4]), int(sys.argv[4]))
        print(time.time(), elsewhere.read(int(sys.argv[4]))[1][0]["ttl_ms"])
    else:
        main()
