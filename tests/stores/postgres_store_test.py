# SPDX-License-Identifier: Apache-2.0
"""Segments in a real PostgreSQL: what mysql_store_test.py asks of every store that speaks SQL, and
PostgreSQL's own."""

import os
import tempfile
import unittest

import mysql_store_test
from mariadb_server import APP, PASSWORD, main
from postgres_server import Postgres


class PostgresStoreTest(mysql_store_test.SqlStoreContract, unittest.TestCase):
    takes_at_once = 60  # a connection costs a process here
    grant = f"GRANT ALL ON id_segments TO {APP}"
    field_types = ("bigint", "integer")
    describe = ("SELECT column_name, data_type, column_default, is_nullable FROM"
                " information_schema.columns WHERE table_name = 'id_segments' ORDER BY 1")
    other_schema = ("DROP SCHEMA IF EXISTS elsewhere CASCADE; CREATE SCHEMA elsewhere;"
                    f" GRANT ALL ON SCHEMA elsewhere TO {APP}")
    other_shapes = (
        ("biz varchar(64) primary key, max_id bigint, step int", "biz_tag"),
        ("biz_tag varchar(64) primary key, step int", "max_id"),
        ("biz_tag varchar(64) primary key, max_id bigint", "step"),
        ("biz_tag int primary key, max_id bigint, step int", "biz_tag|integer = text"),
        ("biz_tag varchar(64) primary key, max_id varchar(20), step int",
         r"max_id .* is character varying\(20\)"),
        ("biz_tag varchar(64) primary key, max_id numeric(20), step int",
         r"max_id .* is numeric\(20,0\)"),
        ("biz_tag varchar(64) primary key, max_id bigint, step real", "step .* is real"),
        ("biz_tag varchar(64), max_id bigint, step int", "biz_tag .* must be a primary key"),
        ("biz_tag varchar(64), max_id bigint, step int, unique (biz_tag, step)", "must be a primary"))

    @classmethod
    def setUpClass(cls):
        cls.server = Postgres()
        cls.server.start()

    @staticmethod
    def plain_server():
        return Postgres(options=("-c", "ssl=off"))

    @staticmethod
    def field_table(max_id):
        return (f"CREATE TABLE id_segments (biz_tag varchar(128) NOT NULL DEFAULT '' PRIMARY KEY,"
                f" max_id {max_id} NOT NULL DEFAULT 1, step int NOT NULL, description varchar(256),"
                " update_time timestamp NOT NULL DEFAULT now())")

    def set_for_app(self, setting):
        who = f"ALTER ROLE {APP} IN DATABASE ids"
        self.server.sql(f"{who} SET {setting}")
        self.addCleanup(self.server.sql, f"{who} RESET {setting.split(' ')[0]}")

    def test_tags_that_the_column_takes_for_one_never_share_a_row(self):
        self.server.sql("CREATE COLLATION IF NOT EXISTS any_case (provider = icu,"
                        " locale = 'und-u-ks-level2', deterministic = false)")
        for column, other in (("varchar(64) COLLATE any_case", "order"), ("char(64)", "Order ")):
            self.make_table(f"biz_tag {column} primary key, max_id bigint, step int")
            self.assertEqual([(1, 5)], self.take("Order", "--create", "5"))
            self.assertRegex(self.finish(self.start("take", other), expect=1), r"\ATAG_UNKNOWN ")
            self.refused("STORE_SCHEMA", "take", other, "--create", "5", says="duplicate key")
            self.assertEqual([(6, 10)], self.take("Order"))

    def test_a_row_that_does_not_fit_is_refused_and_never_cut(self):
        self.make_table("biz_tag varchar(3) primary key, max_id bigint, step int,"
                        " owner int not null default 1")
        self.refused("STORE_SCHEMA", "take", "order", "--create", "5", says="too long")
        self.server.sql("ALTER TABLE id_segments ALTER owner DROP DEFAULT")
        self.refused("STORE_SCHEMA", "take", "abc", "--create", "5", says="owner")
        self.assertEqual([], self.server.sql("SELECT * FROM id_segments"))

    def test_a_step_that_the_column_cannot_hold_is_refused(self):
        self.server.sql("ALTER TABLE id_segments ALTER step TYPE smallint")
        self.refused("SEGMENT_RANGE", "take", "tag", "--create", "40000")

    def test_the_database_s_settings_are_no_matter(self):
        for setting in ("default_transaction_isolation = 'serializable'",
                        "default_transaction_read_only = on", "lock_timeout = 1",
                        "default_transaction_deferrable = on", "row_security = off",
                        "standard_conforming_strings = off", "search_path = 'public'",
                        "client_encoding = 'LATIN1'", "idle_in_transaction_session_timeout = 1"):
            self.set_for_app(setting)
        tag = "it's \\ \U0001f600"
        self.take(tag, "--create", "3")
        many = [self.start("take", tag, "--times", "20") for _ in range(4)]
        self.assert_exactly(81, 3, [(1, 3), *sum((self.ranges(self.finish(p)) for p in many), [])])

    def test_a_taken_segment_is_durable_where_commits_are_not(self):
        self.set_for_app("synchronous_commit = 'off'")
        self.server.sql("CREATE TABLE IF NOT EXISTS seen (setting text);"
                        f" TRUNCATE seen; GRANT ALL ON seen TO {APP};"
                        " CREATE OR REPLACE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS"
                        " 'BEGIN INSERT INTO seen VALUES (current_setting(''synchronous_commit''));"
                        " RETURN NEW; END'; CREATE TRIGGER see BEFORE INSERT OR UPDATE ON id_segments"
                        " FOR EACH ROW EXECUTE FUNCTION see()")
        self.take("tag", "--create", "5", "--times", "2")
        self.assertEqual([["on"], ["on"]], self.server.sql("SELECT setting FROM seen"))

    def test_a_commit_that_the_server_turns_into_a_rollback_is_no_success(self):
        self.take("tag", "--create", "5")
        self.server.sql("CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
                        " 'BEGIN RAISE EXCEPTION ''not at the end'' USING ERRCODE = ''40001''; END';"
                        " CREATE CONSTRAINT TRIGGER refuse AFTER UPDATE ON id_segments DEFERRABLE"
                        " INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()")
        self.refused("STORE_LOCKED", "take", "tag", "--timeout-ms", "2500", says="commit.*at the end")
        self.assertEqual([["5"]], self.server.sql("SELECT max_id FROM id_segments"))

    def test_a_server_that_only_reads_is_said_so_and_the_next_host_tried(self):
        self.take("tag", "--create", "5")
        self.set_for_app("default_transaction_read_only = on")
        good = f"127.0.0.1:{self.server.port}"
        url = self.server.url().replace(good, f"{good},127.0.0.1:1")
        self.refused("STORE_UNAVAILABLE", url=url, says=r"ids \(127\.0\.0\.1:1\): ")

    def test_the_environment_does_not_say_where_to_connect(self):
        home = tempfile.mkdtemp(prefix="shmflake-")
        self.addCleanup(os.rmdir, home)
        passwords = os.path.join(home, ".pgpass")
        with open(passwords, "w", encoding="utf-8") as file:
            file.write("*:*:*:*:" + PASSWORD.replace("\\", "\\\\").replace(":", "\\:") + "\n")
        os.chmod(passwords, 0o600)
        self.addCleanup(os.unlink, passwords)
        misleading = {
            "HOME": home, "PGHOST": "127.0.0.9", "PGHOSTADDR": "127.0.0.9", "PGPORT": "1",
            "PGUSER": "nobody", "PGDATABASE": "nowhere", "PGPASSWORD": "wrong", "PGOPTIONS": "-c x=1",
            "PGSSLMODE": "verify-full", "PGSSLROOTCERT": "/nowhere", "PGREQUIREPEER": "nobody",
            "PGTARGETSESSIONATTRS": "read-only", "PGCHANNELBINDING": "require", "PGAPPNAME": "x",
            "PGSSLMINPROTOCOLVERSION": "x", "PGCLIENTENCODING": "LATIN1", "PGCONNECT_TIMEOUT": "x",
            "PGPASSFILE": passwords, "PGGSSENCMODE": "require", "PGSERVICEFILE": "/nowhere"}
        self.assertEqual([(1, 5)], self.take("tag", "--create", "5", **misleading))
        self.assertEqual([(6, 10)], self.take("tag", url=self.server.url(by_socket=True),
                                              **misleading))
        # Nor does it say what the URL leaves out.
        self.refused("STORE_DENIED", **{**misleading, "PGPASSWORD": PASSWORD},
                     SHMFLAKE_STORE_PASSWORD="")
        for url in (f"postgres://{APP}@127.0.0.1/ids", f"postgres://{APP}@/ids"):
            self.finish(self.start("take", "tag", url=url, PGPORT=str(self.server.port),
                                   PGHOST=self.server.socket), expect=1)
        # A service must exist for libpq, but it changes nothing.
        services = os.path.join(home, "services")
        with open(services, "w", encoding="ascii") as file:
            file.write("[other]\nhost=127.0.0.9\nport=1\nuser=nobody\noptions=-c x=1\n")
        self.addCleanup(os.unlink, services)
        self.assertEqual([(11, 15)], self.take("tag", PGSERVICE="other", PGSERVICEFILE=services))
        self.refused("STORE_UNAVAILABLE", PGSERVICE="none", PGSERVICEFILE=services, says="service")

    def test_a_socket_is_its_directory_or_its_file(self):
        self.refused("STORE_UNAVAILABLE", says=r"\.s\.PGSQL\.5432",
                     url=f"postgres://{APP}@/ids?socket={self.server.socket}")
        self.assertEqual([(1, 5)], self.take("tag", "--create", "5",
                                             url=self.server.url(by_socket=True)))

    def test_a_standby_that_does_not_confirm_makes_no_success(self):
        def want_standby(name):
            self.server.sql(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'")
            self.server.sql("SELECT pg_reload_conf()")
        self.take("tag", "--create", "5")
        self.addCleanup(want_standby, "")
        want_standby("nobody")
        self.refused("STORE_UNAVAILABLE", "take", "tag", "--timeout-ms", "1500",
                     says="cannot commit to .*did not answer .*may be a gap")
        process = self.start("take", "tag", "--timeout-ms", "30000")
        cancel = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        while process.poll() is None:  # as an impatient operator does it
            self.server.sql(cancel)
        self.refused("STORE_UNAVAILABLE", process=process, says="canceling wait for synchronous rep")


if __name__ == "__main__":
    main()
