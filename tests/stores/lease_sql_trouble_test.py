# SPDX-License-Identifier: Apache-2.0
"""Leases in a real MariaDB and a real PostgreSQL where something is wrong: values that cannot be,
rights, certificates, settings, connections that stall or break."""

import os
import subprocess
import threading
import time
import unittest

from etcd_leases import IDENTITY
from etcd_plugin import CORRUPT, DENIED, LOCKED, OK, SCHEMA, UNAVAILABLE, StoreError
from lease_sql_support import LEASES, NAMESPACES, OnMariaDb, OnPostgres
from mariadb_server import APP, MARGIN_S, PASSWORD, READER, Proxy, main

ANSWERS = (*range(14), 1000)  # of the server, that a proxy lets through


class TroubleContract:
    # ------------------------------------------------------------------ impossible values

    def assert_corrupt(self, table, assignment, *says):
        """In the one row of that table; and nothing is written to it."""
        with self.subTest(assignment):
            self.server.sql(f"UPDATE {table} SET {assignment}")
            before = self.column("version"), self.column("updated_at")
            self.refused(CORRUPT, *says)
            self.refused(CORRUPT, *says, call=self.store.extend, worker_id=41, holder=7)
            self.assertEqual(before, (self.column("version"), self.column("updated_at")))

    def test_a_lease_that_cannot_be_is_refused_with_its_worker_id(self):
        self.loosen()
        for assignment, says in (
                ("horizon = -1", r"horizon must be 0\.\.4611686018427387904: -1"),
                ("horizon = 4611686018427387905", "horizon must be .*: 4611686018427387905"),
                ("base = -1", r"base must be 0\.\.100: -1"),
                ("base = 101", r"base must be 0\.\.100: 101"),
                ("horizon = NULL", "horizon must be .*: NULL"),
                ("holder = NULL", "holder must fit 64 bits with a sign: NULL"),
                ("version = 0", r"version must be 1\.\..*: 0"),
                ("expires_at = NULL", "expires_at must be .*: NULL"),
                ("updated_at = NULL", "updated_at must be .*: NULL"),
                (f"owner = '{'o' * 121}'", r'owner must have 0\.\.120 bytes of printable ASCII: "ooo'),
                ("owner = 'ü'", "owner must have .*printable ASCII"),
                (f"region = '{'r' * 64}'", r"region must have 0\.\.63 bytes"),
                ("region = 'a\tb'", r"region must have .*: \"a\\x09b\""),
                (f"host = '{'ü' * 33}'", r"host must have 0\.\.64 bytes of UTF-8"),
                ("host = 'a\nb'", "host must have .*without control characters"),
                ("owner = NULL", "owner must have .*: NULL")):
            self.server.sql(f"DELETE FROM {LEASES}")
            self.store.acquire(41, 7)
            self.assert_corrupt(LEASES, assignment, says,
                                'the lease of worker ID 41 in namespace "ns"')

    def test_a_worker_id_that_cannot_be_is_refused(self):
        self.store.acquire(41, 7)
        for value in (-1, 2 ** 32):
            self.server.sql(f"UPDATE {LEASES} SET worker_id = {value}")
            self.refused(CORRUPT, rf"worker ID {value} in .*worker_id must be 0\.\.4294967295: {value}")

    def test_a_namespace_that_cannot_be_is_refused(self):
        self.loosen()
        for assignment, says in (
                ("identity = ''", 'identity must have 32 hex digits: ""'),
                (f"identity = '{IDENTITY[1:]}'", "identity must have 32 hex digits"),
                (f"identity = '{IDENTITY[1:]}g'", "identity must have 32 hex digits: \".*g\""),
                ("format = ''", r"format must have 1\.\.120 bytes"),
                (f"format = '{'f' * 121}'", r"format must have 0\.\.120 bytes of printable ASCII"),
                ("format = 'ü'", "format must have .*printable ASCII"),
                ("format = NULL", "format must have .*: NULL")):
            self.server.sql(f"DELETE FROM {LEASES}; DELETE FROM {NAMESPACES}")
            self.store.acquire(41, 7)
            self.assert_corrupt(NAMESPACES, assignment, says, 'the record of namespace "ns": ')

    def test_leases_whose_namespace_has_no_record_are_refused(self):
        """Their format is not known: another one's IDs could be the same."""
        for worker_id in (42, 41):
            self.store.acquire(worker_id, 7)
        self.server.sql(f"DELETE FROM {NAMESPACES}")
        says = 'the lease of worker ID 41 in namespace "ns": the namespace has no record'
        self.refused(CORRUPT, says)
        self.refused(CORRUPT, says, call=self.store.acquire, worker_id=7, holder=7)
        self.assertEqual([], self.server.sql(f"SELECT * FROM {NAMESPACES}"))
        self.assertEqual(100, self.store.acquire(41, 7, id_namespace="another"))

    # ------------------------------------------------------------------ who may

    def test_whoever_may_not_is_told_so_by_the_server(self):
        self.store.acquire(3, 7)
        self.refused(DENIED, f'["\']{APP}["\']', password="wrong")
        self.refused(DENIED, "(?i)password", password="")
        self.refused(DENIED, user="nobody-of-that-name")
        self.refused(DENIED, "denied", user=READER, call=self.store.extend, worker_id=3, holder=7)
        self.assertEqual(["100"], self.column("horizon"))

    def test_tls_checks_the_certificate_and_the_name(self):
        tls = self.server.certificates
        good = {"hosts": [("localhost", self.server.port)], "tls": "verify", "tls_ca": tls.ca}
        self.assertEqual(100, self.store.acquire(3, 7, **good))
        for change in ({"tls_ca": tls.other}, {"hosts": [("127.0.0.1", self.server.port)]}):
            self.refused(DENIED, "certificate", **{**good, **change}, call=self.store.extend,
                         worker_id=3, holder=7)
        self.assertEqual(["100"], self.column("horizon"))

    def test_a_database_that_is_not_there_is_named(self):
        message = self.assert_one_of((SCHEMA, DENIED), database="nowhere")
        self.assertIn("nowhere", message)

    def assert_one_of(self, codes, **arguments):
        with self.assertRaises(StoreError) as caught:
            self.store.read(**arguments)
        self.assertIn(caught.exception.code, codes)
        return caught.exception.message

    # ------------------------------------------------------------------ servers

    def test_of_several_hosts_the_first_that_answers_and_takes_writes_is_used(self):
        good, bad = ("127.0.0.1", self.server.port), ("127.0.0.1", 1)
        self.assertEqual(100, self.store.acquire(3, 7, hosts=[bad, good]))
        self.refused(UNAVAILABLE, r"ids \(127\.0\.0\.1:1\): ", hosts=[bad, bad])
        self.only_read()
        self.refused(UNAVAILABLE, r"ids \(127\.0\.0\.1:1\): ", hosts=[good, bad],
                     call=self.store.extend, worker_id=3, holder=7)
        self.assertEqual(["100"], self.column("horizon"))

    def test_a_server_that_is_gone_is_said_so_and_its_records_are_there_again(self):
        for stop, horizon in ((self.server.stop, 100), (self.server.kill, 200)):
            self.assertEqual(horizon, self.store.acquire(3, 7))
            stop()
            self.refused(UNAVAILABLE, "(?i)refused|connect")
            self.server.start()
            self.assertEqual(str(horizon), self.column("horizon")[0])

    def test_a_server_that_dies_or_stops_between_reading_and_writing_is_left(self):
        self.store.acquire(3, 7)
        self.refused(UNAVAILABLE, "cannot write the lease in", on_decide=self.server.kill,
                     call=self.store.extend, worker_id=3, holder=7)
        self.server.start()
        self.addCleanup(self.server.resume)
        self.assert_in_time(1500, on_decide=self.server.pause, call=self.store.extend, worker_id=3,
                            holder=7)
        self.server.resume()
        self.assertEqual(["100"], self.column("horizon"))
        self.assertEqual(200, self.store.extend(3, 7))

    def extend_through(self, number, proxies, timeout_ms, tls):
        began = time.monotonic()
        try:
            self.store.extend(number, 7, timeout_ms=timeout_ms, tls=tls,
                              hosts=[("127.0.0.1", proxies[number].port)])
            return [OK, time.monotonic() - began]
        except StoreError as error:
            return [error.code, time.monotonic() - began]

    def test_a_connection_that_stalls_or_breaks_anywhere_is_left_in_time(self):
        """A success is written; what is no success may be."""
        for cut, timeout_ms in ((False, 5000), (True, 20000)):
            self.server.sql(f"DELETE FROM {LEASES}")
            for tls in ("off", "require"):
                for worker_id in range(len(ANSWERS)):
                    self.store.acquire(worker_id, 7, tls=tls)
                proxies = [Proxy(self.server.port, answers, cut) for answers in ANSWERS]
                for proxy in proxies:
                    self.addCleanup(proxy.close)
                before = list(map(int, self.column("horizon")))
                children = self.children(len(ANSWERS), self.extend_through, proxies, timeout_ms, tls)
                outcomes = [child.result() for child in children]
                after = list(map(int, self.column("horizon")))
                for i, (code, took) in enumerate(outcomes):
                    self.assertLess(took, timeout_ms / 1000 + MARGIN_S)
                    gained = after[i] - before[i]
                    self.assertIn(gained, (100,) if code == OK else (0, 100), f"{cut} {tls} {i}")
                    self.assertIn(code, (OK, UNAVAILABLE) if cut else (OK, 3), f"{cut} {tls} {i}")
                codes = [code for code, _ in outcomes]
                self.assertEqual(OK, codes[-1])
                self.assertNotEqual(OK, codes[0])

    def test_a_server_that_stays_full_is_said_so_in_time(self):
        self.store.acquire(3, 7)
        held = []

        def end_all():
            for process in held:
                process.kill()
                process.communicate()
        self.addCleanup(end_all)
        self.let_app_have(1)
        held.append(self.hold_a_connection())
        began = time.monotonic()
        self.refused(UNAVAILABLE, "(?i)too many connections|max_user_connections",
                     call=self.store.extend, worker_id=3, holder=7, timeout_ms=1500)
        self.assertGreaterEqual(time.monotonic() - began, 1.0)  # it tried again
        self.assertLess(time.monotonic() - began, 1.5 + MARGIN_S)
        timer = threading.Timer(1, end_all)
        timer.start()
        self.addCleanup(timer.join)
        self.assertEqual(200, self.store.extend(3, 7, timeout_ms=60000))

    def hold_a_connection(self):
        """Another session of APP."""
        process = subprocess.Popen(self.app_client(), stdin=subprocess.PIPE, text=True,
                                   stdout=subprocess.PIPE,
                                   env={**os.environ, "MYSQL_PWD": PASSWORD, "PGPASSWORD": PASSWORD})
        process.stdin.write("SELECT 7;\n")
        process.stdin.flush()
        self.assertEqual("7\n", process.stdout.readline())
        return process

    def test_a_hundred_calls_leave_no_descriptor_open(self):
        self.store.acquire(3, 7)
        before = len(os.listdir("/proc/self/fd"))
        for i in range(100):
            tls = "off" if i % 4 else "require"
            self.store.extend(3, 7, tls=tls)
            if i % 10 == 0:
                self.refused(DENIED, password="wrong", tls=tls)
        self.assertEqual(before, len(os.listdir("/proc/self/fd")))


class MariaDbLeaseTrouble(OnMariaDb, TroubleContract, unittest.TestCase):
    def loosen(self):
        """Columns that hold what cannot be."""
        self.server.sql(f"ALTER TABLE {LEASES} MODIFY horizon bigint, MODIFY holder bigint,"
                        " MODIFY owner varchar(200) CHARACTER SET utf8mb4, MODIFY region varchar(200),"
                        " MODIFY host varchar(200) CHARACTER SET utf8mb4,"
                        f" MODIFY updated_at datetime(6); ALTER TABLE {NAMESPACES}"
                        " MODIFY format varchar(200) CHARACTER SET utf8mb4,"
                        " MODIFY identity varchar(200)")

    def only_read(self):
        self.set_for_app("read_only = 1")

    def let_app_have(self, connections):
        self.server.sql(f"GRANT USAGE ON *.* TO {APP}@'%' WITH MAX_USER_CONNECTIONS {connections}")
        self.addCleanup(self.server.sql,
                        f"GRANT USAGE ON *.* TO {APP}@'%' WITH MAX_USER_CONNECTIONS 0")

    def app_client(self):
        return [f"--user={APP}" if one == "--user=root" else one for one in self.server.client()]

    def test_bytes_that_are_no_text_are_refused(self):
        self.server.sql(f"ALTER TABLE {LEASES} MODIFY host varbinary(64)")
        self.store.acquire(41, 7)
        self.assert_corrupt(LEASES, "host = x'ff41'", r'host must have .*: "\\xffA"')

    def test_an_integer_beyond_64_bits_with_a_sign_is_refused(self):
        self.server.sql(f"ALTER TABLE {LEASES} MODIFY holder bigint unsigned")
        self.store.acquire(41, 7)
        self.assert_corrupt(LEASES, f"holder = {2 ** 63}", f"holder must fit .*: {2 ** 63}")

    def test_the_server_s_settings_are_no_matter(self):
        for setting in ("sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES'", "autocommit = 0",
                        "completion_type = 2", "tx_isolation = 'SERIALIZABLE'", "tx_read_only = 1",
                        "wait_timeout = 1", "collation_connection = 'ucs2_general_ci'",
                        "max_statement_time = 0.001"):
            self.set_for_app(setting)
        self.assert_counted()

    def test_a_read_of_what_is_not_committed_is_none(self):
        self.set_for_app("tx_isolation = 'READ-UNCOMMITTED'")
        self.store.acquire(3, 7)
        other = subprocess.Popen(self.server.client(), stdin=subprocess.PIPE, text=True,
                                 stdout=subprocess.PIPE)
        self.addCleanup(other.communicate)
        self.addCleanup(other.kill)
        other.stdin.write(f"BEGIN; UPDATE {LEASES} SET horizon = 999; SELECT 7;\n")
        other.stdin.flush()
        self.assertEqual("7\n", other.stdout.readline())
        self.assertEqual(100, self.store.read()[1][0]["horizon"])

    def assert_counted(self):
        for child in self.children(6, self.count_up):
            child.result()
        self.assertEqual(["60"], self.column("horizon"))

    def count_up(self, _):
        for _ in range(10):
            self.store.change(3, lambda old: {**old, "horizon": old["horizon"] + 1})

    def test_nothing_is_locked_by_who_only_reads(self):
        """Also where the server's default is to lock all that is read."""
        self.set_for_app("tx_isolation = 'SERIALIZABLE'")
        self.store.acquire(3, 7)

        def write():
            self.server.sql(f"SET SESSION innodb_lock_wait_timeout = 5;"
                            f" UPDATE {LEASES} SET holder = 8 WHERE worker_id = 3;"
                            f" INSERT INTO {LEASES} SELECT id_namespace, 2, horizon, base, holder,"
                            f" owner, region, host, version, expires_at, updated_at FROM {LEASES}")
            return None
        self.assertFalse(self.store.lease(lambda *_: write()))
        self.assertEqual(["8", "8"], self.column("holder"))

    def test_a_log_of_statements_is_no_matter(self):
        server = self.make_server(options=("--log-bin=log", "--server-id=1",
                                           "--binlog-format=STATEMENT"))
        self.addCleanup(server.close)
        server.start()
        store = type(self.store)(server)
        store.init()
        self.assertEqual(100, store.acquire(3, 7))
        self.assertEqual(200, store.extend(3, 7))

    def test_a_server_that_does_not_write_what_it_commits_is_refused(self):
        self.set_for_app("innodb_flush_log_at_trx_commit = 0")
        self.refused(SCHEMA, "innodb_flush_log_at_trx_commit must be 1: it is 0",
                     call=self.store.acquire, worker_id=3, holder=7)

    def test_an_administrator_is_no_exception_on_a_server_that_only_reads(self):
        """A copy that may be behind lets administrators write."""
        self.server.sql(f"CREATE USER admin@'%' IDENTIFIED BY 'x'; GRANT ALL ON *.* TO admin@'%'")
        self.addCleanup(self.server.sql, "DROP USER admin@'%'")
        self.assertEqual(100, self.store.acquire(3, 7, user="admin", password="x"))
        self.only_read()
        self.refused(UNAVAILABLE, "only reads", user="admin", password="x")


class PostgresLeaseTrouble(OnPostgres, TroubleContract, unittest.TestCase):
    def loosen(self):
        self.server.sql(
            f"ALTER TABLE {LEASES} " + ", ".join(
                [f"ALTER {name} DROP NOT NULL"
                 for name in ("horizon", "holder", "owner", "region", "host", "updated_at")] +
                [f"ALTER {name} TYPE text" for name in ("owner", "region", "host")]) +
            f"; ALTER TABLE {NAMESPACES} ALTER format DROP NOT NULL, ALTER format TYPE text,"
            " ALTER identity TYPE text")

    def only_read(self):
        self.set_for_app("default_transaction_read_only = on")

    def let_app_have(self, connections):
        self.server.sql(f"ALTER ROLE {APP} CONNECTION LIMIT {connections}")
        self.addCleanup(self.server.sql, f"ALTER ROLE {APP} CONNECTION LIMIT -1")

    def app_client(self):
        return [APP if one == "postgres" else one for one in self.server.client()]

    def test_a_time_without_end_is_refused(self):
        self.store.acquire(41, 7)
        self.assert_corrupt(LEASES, "expires_at = 'infinity'", "expires_at must .*: NULL")

    def test_the_database_s_settings_are_no_matter(self):
        for setting in ("default_transaction_isolation = 'serializable'",
                        "default_transaction_read_only = on", "lock_timeout = 1",
                        "default_transaction_deferrable = on", "standard_conforming_strings = off",
                        "client_encoding = 'LATIN1'", "idle_in_transaction_session_timeout = 1",
                        "intervalstyle = 'sql_standard'", "datestyle = 'SQL, DMY'",
                        "extra_float_digits = -15"):
            self.set_for_app(setting)
        self.store.acquire(3, 7, span=0)
        for child in self.children(6, self.count_up):
            child.result()
        self.assertEqual(["60"], self.column("horizon"))

    def count_up(self, _):
        for _ in range(10):
            self.store.change(3, lambda old: {**old, "horizon": old["horizon"] + 1, "holder": 7,
                                              "ttl_ms": 1000, "host": "ü"})

    def test_a_written_lease_is_durable_where_commits_are_not(self):
        self.set_for_app("synchronous_commit = 'off'")
        self.server.sql("CREATE TABLE IF NOT EXISTS seen (setting text);"
                        f" TRUNCATE seen; GRANT ALL ON seen TO {APP};"
                        " CREATE OR REPLACE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS"
                        " 'BEGIN INSERT INTO seen VALUES (current_setting(''synchronous_commit''));"
                        f" RETURN NEW; END'; CREATE TRIGGER see BEFORE INSERT OR UPDATE ON {LEASES}"
                        " FOR EACH ROW EXECUTE FUNCTION see()")
        self.store.acquire(3, 7)
        self.store.extend(3, 7)
        self.assertEqual([["on"], ["on"]], self.server.sql("SELECT setting FROM seen"))

    def test_a_commit_whose_outcome_is_not_known_is_no_success_and_not_repeated(self):
        def want_standby(name):
            self.server.sql(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'")
            self.server.sql("SELECT pg_reload_conf()")
        self.store.acquire(3, 7)
        self.addCleanup(want_standby, "")
        want_standby("nobody")
        asked = []
        self.refused(3, "cannot commit to .*did not answer .*whether it was committed is not known",
                     call=self.store.extend, worker_id=3, holder=7, timeout_ms=1500,
                     on_decide=lambda: asked.append(1))
        self.assertEqual([1], asked)

    def test_a_commit_that_the_server_turns_into_a_rollback_is_no_success(self):
        self.store.acquire(3, 7)
        self.server.sql("CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
                        " 'BEGIN RAISE EXCEPTION ''not at the end'' USING ERRCODE = ''40001''; END';"
                        f" CREATE CONSTRAINT TRIGGER refuse AFTER UPDATE ON {LEASES} DEFERRABLE"
                        " INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()")
        self.refused(LOCKED, "commit.*at the end", call=self.store.extend, worker_id=3, holder=7,
                     timeout_ms=2500)
        self.assertEqual(["100"], self.column("horizon"))


if __name__ == "__main__":
    main()
