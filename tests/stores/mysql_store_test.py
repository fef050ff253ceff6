# SPDX-License-Identifier: Apache-2.0
"""Segments in a real MariaDB; and, in SqlStoreContract, what every store that speaks SQL promises
(postgres_store_test.py runs it, too).
"""

import os
import signal
import subprocess
import tempfile
import time
import unittest

from mariadb_server import (APP, CERTIFIED, MARGIN_S, PASSWORD, READER, DriverCase, MariaDb, Proxy,
                            main, wait_until_stopped)

MAX = 2 ** 63 - 1
TAGS = ("order", "Order", "ORDER", "it's", '"quoted"', "back\\slash", "\\'; DROP TABLE x; --", "%_%",
        "\U0001f600 emoji", "ü" * 32, "x" * 64, "\U0001f680" * 16)


class SqlStoreContract(DriverCase):
    """For a test case that also has what is the server's own way of SQL:
    field_types and field_table(), describe, other_schema, other_shapes, plain_server()."""

    takes_at_once = 200

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def setUp(self):
        self.set_environment()
        if self.server.process is None:
            self.server.start()
        self.server.sql("DROP TABLE IF EXISTS id_segments")
        self.init()

    def make_table(self, columns, more=""):
        self.server.sql(f"DROP TABLE id_segments; CREATE TABLE id_segments ({columns}) {more};"
                        f" {self.grant}")

    # ------------------------------------------------------------------ tables and tags

    def test_init_makes_a_table_once_and_then_leaves_it_alone(self):
        self.take("tag", "--create", "10")
        before = self.server.sql("SELECT * FROM id_segments")
        self.init()
        self.assertEqual(before, self.server.sql("SELECT * FROM id_segments"))

    def test_many_make_the_table_at_once(self):
        self.server.sql("DROP TABLE id_segments")
        for process in [self.start("init") for _ in range(6)]:
            self.finish(process)
        self.assertEqual([(1, 5)], self.take("tag", "--create", "5"))

    def test_a_taken_segment_is_a_change_of_max_id_and_its_time_only(self):
        self.server.sql("INSERT INTO id_segments (biz_tag, max_id, step, description, update_time)"
                        " VALUES ('tag', 41, 7, 'words', '2001-01-01')")
        self.assertEqual([(42, 48)], self.take("tag"))
        rows = self.server.sql("SELECT biz_tag, max_id, step, description, update_time"
                               " FROM id_segments")
        self.assertEqual(["tag", "48", "7", "words"], rows[0][:4])
        self.assertNotIn("2001", rows[0][4])

    def test_the_table_of_the_field_is_usable_unchanged(self):
        for max_id in self.field_types:
            with self.subTest(max_id):
                self.server.sql(f"DROP TABLE id_segments; {self.field_table(max_id)}; {self.grant}")
                self.server.sql("INSERT INTO id_segments (biz_tag, step) VALUES ('tag', 100)")
                before = self.server.sql(self.describe)
                self.assertEqual([(2, 101), (102, 201)], self.take("tag", "--times", "2"))
                self.assertEqual([(1, 9)], self.take("new", "--create", "9"))
                self.init()
                self.assertEqual(before, self.server.sql(self.describe))

    def test_every_tag_has_a_row_of_its_own(self):
        for tag in TAGS:
            self.assertEqual([(1, 3)], self.take(tag, "--create", "3"), tag)
        for tag in TAGS:
            self.assertEqual([(4, 6)], self.take(tag), tag)
        rows = self.server.sql("SELECT biz_tag, max_id FROM id_segments")
        self.assertEqual({(tag, "6") for tag in TAGS}, {tuple(row) for row in rows})

    def test_a_missing_row_is_declined_or_created(self):
        self.assertRegex(self.finish(self.start("take", "tag"), expect=1), r"\ATAG_UNKNOWN ")
        self.assertEqual([], self.server.sql("SELECT * FROM id_segments"))
        self.assertEqual([(1, 20)], self.take("tag", "--create", "20"))
        self.assertEqual([["tag", "20", "20"]],
                         self.server.sql("SELECT biz_tag, max_id, step FROM id_segments"))

    def test_a_table_in_another_schema_is_named_with_a_dot(self):
        self.server.sql(self.other_schema)
        url = self.server.url(table="elsewhere.tags")
        self.init(url=url)
        self.assertEqual([(1, 5)], self.take("tag", "--create", "5", url=url))
        self.assertEqual([["5"]], self.server.sql("SELECT max_id FROM elsewhere.tags"))

    def test_a_table_of_another_shape_is_refused_with_the_column_that_is_wrong(self):
        for columns, says in self.other_shapes:
            with self.subTest(columns):
                self.make_table(columns)
                self.refused("STORE_SCHEMA", "init", says=says)
                self.refused("STORE_SCHEMA", "take", "tag", "--create", "5", says=says)
                self.assertEqual([], self.server.sql("SELECT * FROM id_segments"))

    def test_values_that_are_null_are_refused_with_their_column(self):
        self.make_table("biz_tag varchar(64) primary key, max_id bigint, step int")
        self.server.sql("INSERT INTO id_segments VALUES ('a', NULL, 5), ('b', 5, NULL)")
        self.refused("STORE_SCHEMA", "take", "a", says="column max_id .*is NULL")
        self.refused("STORE_SCHEMA", "take", "b", says="column step .*is NULL")

    def test_max_id_may_be_as_large_as_it_gets(self):
        self.server.sql(f"INSERT INTO id_segments (biz_tag, max_id, step) VALUES ('a', {MAX - 5}, 5)")
        self.assertEqual([(MAX - 4, MAX)], self.take("a"))
        self.assertRegex(self.finish(self.start("take", "a"), expect=1), r"\ASEGMENT_RANGE ")
        self.assertEqual([[str(MAX)]], self.server.sql("SELECT max_id FROM id_segments"))

    def test_a_max_id_that_the_column_cannot_hold_is_refused(self):
        self.make_table("biz_tag varchar(64) primary key, max_id int, step int")
        self.server.sql("INSERT INTO id_segments VALUES ('a', 5, 5)")
        self.refused("SEGMENT_RANGE", "take", "a", "--add", str(2 ** 40))
        self.assertEqual([["5"]], self.server.sql("SELECT max_id FROM id_segments"))

    # ------------------------------------------------------------------ many at once

    def test_eight_processes_at_once_get_every_range_once_and_leave_no_gap(self):
        self.take("tag", "--create", "3")
        url = self.server.url(by_socket=True)
        times = str(self.takes_at_once)
        many = [self.start("take", "tag", "--times", times, url=url) for _ in range(8)]
        taken = [self.ranges(self.finish(process)) for process in many]
        for ranges in taken:
            self.assertEqual(sorted(ranges), ranges)
        self.assert_exactly(8 * int(times) + 1, 3, [(1, 3), *sum(taken, [])])

    def test_whoever_creates_at_the_same_time_shares_one_row(self):
        for i in range(4):
            tag = f"race {i}"
            many = [self.start("take", tag, "--create", "10", "--times", "3") for _ in range(6)]
            self.assert_exactly(18, 10, sum((self.ranges(self.finish(p)) for p in many), []))

    def test_nothing_is_granted_twice_while_the_server_is_killed_and_started_again(self):
        taken = self.take("tag", "--create", "3")
        for stop in (self.server.kill, self.server.stop, self.server.kill):
            many = [self.start("take", "tag", "--times", "100000") for _ in range(4)]
            before = max(last for _, last in taken)
            while int(self.server.sql("SELECT max_id FROM id_segments")[0][0]) < before + 100:
                self.assertEqual([None] * 4, [process.poll() for process in many])
            stop()
            for process in many:
                output = self.finish(process, expect=1)
                self.assertRegex(output, r"(\A|\n)STORE_(UNAVAILABLE|DENIED|LOCKED) [^\n]+\n\Z")
                taken += self.ranges(output)
            self.server.start()
        taken += self.take("tag", "--times", "3")
        ids = [one for first, last in taken for one in range(first, last + 1)]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertEqual(max(ids), taken[-1][1])

    def test_a_hundred_takes_leave_no_descriptor_open(self):
        tls = {"host": "localhost", "tls": "verify", "tls_ca": self.server.certificates.ca}
        for parameters, times in ((tls, "25"), ({"by_socket": True}, "100")):
            output = self.finish(self.start("take", "tag", "--create", "1", "--times", times,
                                            "--descriptors", url=self.server.url(**parameters)))
            self.assertRegex(output, r"\n0 descriptors left open\n\Z")

    # ------------------------------------------------------------------ who dies, stops, or stalls

    def test_the_row_of_a_client_that_was_killed_in_the_middle_is_free(self):
        self.take("tag", "--create", "5")
        process = self.start("take", "tag", "--signal", str(int(signal.SIGKILL)))
        self.assertEqual("", self.finish(process, expect=-signal.SIGKILL))
        self.assertEqual([(6, 10)], self.take("tag"))

    def test_a_client_that_is_stopped_in_the_middle_holds_nobody_up_for_long(self):
        self.take("tag", "--create", "5")
        process = self.start("take", "tag", "--timeout-ms", "1000", "--signal",
                             str(int(signal.SIGSTOP)))
        wait_until_stopped(process.pid)
        self.assertEqual([(6, 10)], self.take("tag", "--timeout-ms", "30000"))
        process.send_signal(signal.SIGCONT)
        self.refused("STORE_UNAVAILABLE", process=process)
        self.assertEqual([(11, 15)], self.take("tag"))

    def test_a_row_that_somebody_else_locked_is_waited_for(self):
        self.take("tag", "--create", "5")
        other = subprocess.Popen(self.server.client(), stdin=subprocess.PIPE, text=True,
                                 stdout=subprocess.PIPE)
        self.addCleanup(other.kill)
        other.stdin.write("BEGIN; SELECT 7 FROM id_segments WHERE biz_tag = 'tag' FOR UPDATE;\n")
        other.stdin.flush()
        self.assertEqual("7\n", other.stdout.readline())
        for timeout_ms in ("300", "1700"):
            self.refused("STORE_LOCKED", "take", "tag", "--timeout-ms", timeout_ms)
        waiting = self.start("take", "tag", "--timeout-ms", "30000")
        time.sleep(0.3)
        self.assertIsNone(waiting.poll())
        other.stdin.write("ROLLBACK;\n")
        other.stdin.flush()
        self.assertEqual([(6, 10)], self.ranges(self.finish(waiting)))
        other.communicate()

    def test_a_server_that_is_not_there_is_said_so_and_its_data_are_there_again(self):
        taken = self.take("tag", "--create", "5", "--times", "2")
        for stop in (self.server.stop, self.server.kill):
            stop()
            self.refused("STORE_UNAVAILABLE", says="(?i)refused|connect")
            self.refused("STORE_UNAVAILABLE", url=self.server.url(by_socket=True))
            self.server.start()
            taken += self.take("tag")
        self.assert_exactly(4, 5, taken)

    def test_a_server_that_was_stopped_is_left_in_time(self):
        self.take("tag", "--create", "5")
        self.addCleanup(self.server.resume)
        self.server.pause()
        for parameters in ({}, {"tls": "require"}, {"by_socket": True}):
            self.assert_in_time(700, "take", "tag", url=self.server.url(**parameters))
        self.assert_in_time(700, "init")
        self.server.resume()
        self.assertEqual([(6, 10)], self.take("tag"))

    def test_a_server_that_stops_in_the_middle_is_left_in_time(self):
        self.take("tag", "--create", "5")
        self.addCleanup(self.server.resume)
        for parameters in ({}, {"tls": "require"}):
            process = self.start("take", "tag", "--timeout-ms", "2000", "--signal",
                                 str(int(signal.SIGSTOP)), url=self.server.url(**parameters))
            wait_until_stopped(process.pid)
            self.server.pause()
            process.send_signal(signal.SIGCONT)
            self.refused("STORE_UNAVAILABLE", process=process, says="did not answer within 2000 ms")
            self.server.resume()
        self.assertEqual([(6, 10)], self.take("tag"))

    def test_a_server_that_dies_in_the_middle_is_said_so(self):
        self.take("tag", "--create", "5")
        process = self.start("take", "tag", "--signal", str(int(signal.SIGSTOP)))
        wait_until_stopped(process.pid)
        self.server.kill()
        process.send_signal(signal.SIGCONT)
        self.refused("STORE_UNAVAILABLE", process=process, says="cannot write the tag's row")
        self.server.start()
        self.assertEqual([(6, 10)], self.take("tag"))

    def test_a_connection_that_stalls_or_breaks_anywhere_is_left_in_time_and_repeats_nothing(self):
        for cut in (False, True):
            tried = [(Proxy(self.server.port, answers, cut), tls)
                     for tls in ("off", "require") for answers in (*range(14), 1000)]
            rows = ", ".join(f"('{i}', 0, 5)" for i in range(len(tried)))
            self.server.sql("DELETE FROM id_segments;"
                            f" INSERT INTO id_segments (biz_tag, max_id, step) VALUES {rows}")
            many = [self.start("take", str(i), "--timeout-ms", "4000",
                               url=self.server.url(port=proxy.port, tls=tls))
                    for i, (proxy, tls) in enumerate(tried)]
            outputs = [process.communicate(timeout=4 + MARGIN_S)[0] for process in many]
            for proxy, _ in tried:
                proxy.close()
            written = dict(self.server.sql("SELECT biz_tag, max_id FROM id_segments"))
            for i, output in enumerate(outputs):
                self.assertIn(written[str(i)], ("5",) if output == "1 5\n" else ("0", "5"))
                if output != "1 5\n":
                    self.assertRegex(output, r"\ASTORE_UNAVAILABLE [^\n]+\n\Z", f"{cut} {i}")
                    self.assertEqual(not cut, "did not answer within 4000 ms" in output, output)
            self.assertEqual(["1 5\n", "1 5\n"], [outputs[14], outputs[29]])
            self.assertNotIn("1 5\n", outputs[0] + outputs[15])

    def test_of_several_hosts_the_first_that_answers_is_used(self):
        good = f"127.0.0.1:{self.server.port}"
        url = self.server.url()
        self.assertEqual([(1, 5)], self.take("tag", "--create", "5",
                                             url=url.replace(good, f"127.0.0.1:1,{good}")))
        self.refused("STORE_UNAVAILABLE", url=url.replace(good, "127.0.0.1:1,127.0.0.1:2"),
                     says=r"ids \(127\.0\.0\.1:2\): ")
        self.refused("STORE_UNAVAILABLE", url=self.server.url(host="no-such-host.invalid"),
                     says='unknown host "no-such-host.invalid"')

    # ------------------------------------------------------------------ who may

    def test_whoever_may_not_is_told_so_by_the_server(self):
        self.take("tag", "--create", "5")
        self.refused("STORE_DENIED", SHMFLAKE_STORE_PASSWORD="wrong", says=f'["\']{APP}["\']')
        self.refused("STORE_DENIED", SHMFLAKE_STORE_PASSWORD="", says="(?i)password")
        self.refused("STORE_DENIED", url=self.server.url(user="nobody-of-that-name"))
        self.refused("STORE_DENIED", url=self.server.url(user=READER), says="denied")
        self.assertEqual([["5"]], self.server.sql("SELECT max_id FROM id_segments"))

    def test_a_database_or_a_table_that_is_not_there_is_named(self):
        self.refused("STORE_SCHEMA|STORE_DENIED", url=self.server.url(database="nowhere"),
                     says="nowhere")
        self.refused("STORE_SCHEMA", url=self.server.url(table="no_table"), says="no_table")

    def test_a_password_may_be_in_a_file_that_goes_before_the_environment(self):
        with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
            file.write(PASSWORD + "\nmore\n")
            file.flush()
            url = self.server.url(password_file=file.name)
            self.assertEqual([(1, 5)], self.take("tag", "--create", "5", url=url,
                                                 SHMFLAKE_STORE_PASSWORD="wrong"))
        output = self.finish(self.start("take", "tag", url=url), expect=1)
        self.assertRegex(output, r"\ASTORE_DENIED [^\n]+\n\Z")

    def test_tls_checks_the_certificate_and_the_name(self):
        tls = self.server.certificates
        good = {"host": "localhost", "tls": "verify", "tls_ca": tls.ca}
        self.assertEqual([(1, 5)],
                         self.take("tag", "--create", "5", url=self.server.url(**good)))
        for change, says in (({"tls_ca": tls.other}, "certificate"),
                             ({"host": "127.0.0.1"}, "certificate"),
                             ({"tls_ca": "/nowhere/ca.pem"}, "(?i)no such file|does not exist")):
            self.refused("STORE_DENIED", url=self.server.url(**{**good, **change}), says=says)
        del good["tls_ca"]  # the system's authorities do not know this one
        self.refused("STORE_DENIED", url=self.server.url(**good), says="certificate")
        self.assertEqual([(6, 10)], self.take("tag", url=self.server.url(tls="require")))

    def test_a_client_s_certificate_is_shown_to_whoever_asks(self):
        tls = self.server.certificates
        own = {"tls_cert": tls.client, "tls_key": tls.client_key}
        asked = {"host": "localhost", "user": CERTIFIED, "tls": "verify", "tls_ca": tls.ca}
        self.take("tag", "--create", "5")
        self.assertEqual([(6, 10)], self.take("tag", url=self.server.url(**asked, **own)))
        self.refused("STORE_DENIED", url=self.server.url(**asked))

    def test_a_server_without_tls_gets_nothing_where_tls_is_wanted(self):
        with self.plain_server() as plain:
            self.init(url=plain.url())
            self.assertEqual([(1, 5)], self.take("new", "--create", "5", url=plain.url()))
            for tls in ({"tls": "require"},
                        {"tls": "verify", "host": "localhost", "tls_ca": plain.certificates.ca}):
                self.refused("STORE_DENIED", url=plain.url(**tls), says="(?i)not support (it|SSL|TLS)")


class MariaDbStoreTest(SqlStoreContract, unittest.TestCase):
    grant = f"GRANT ALL ON ids.id_segments TO {APP}"
    field_types = ("bigint", "bigint unsigned")
    describe = "SHOW CREATE TABLE id_segments"
    other_schema = ("CREATE DATABASE IF NOT EXISTS elsewhere; DROP TABLE IF EXISTS elsewhere.tags;"
                    f" GRANT ALL ON elsewhere.* TO {APP}")
    other_shapes = (
        ("biz varchar(64) primary key, max_id bigint, step int", "biz_tag"),
        ("biz_tag varchar(64) primary key, step int", "max_id"),
        ("biz_tag varchar(64) primary key, max_id bigint", "step"),
        ("biz_tag int primary key, max_id bigint, step int", "biz_tag"),
        ("biz_tag varchar(64) primary key, max_id varchar(20), step int", "max_id .* is varchar"),
        ("biz_tag varchar(64) primary key, max_id double, step int", "max_id .* is double"),
        ("biz_tag varchar(64) primary key, max_id decimal(20), step int", "max_id .* is decimal"),
        ("biz_tag varchar(64) primary key, max_id bigint, step text", "step .* is text"),
        ("biz_tag varchar(64), max_id bigint, step int", "biz_tag .* must be a primary key"),
        ("biz_tag varchar(64), max_id bigint, step int, unique (biz_tag, step)", "must be a primary"),
        ("biz_tag varchar(64), max_id bigint, step int, unique (biz_tag(4))", "must be a primary"))

    @classmethod
    def setUpClass(cls):
        cls.server = MariaDb()
        cls.server.start()

    @staticmethod
    def plain_server():
        return MariaDb(tls=False)

    @staticmethod
    def field_table(max_id):
        return (f"CREATE TABLE id_segments (biz_tag varchar(128) NOT NULL DEFAULT '', max_id {max_id}"
                " NOT NULL DEFAULT 1, step int NOT NULL, description varchar(256), update_time"
                " timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,"
                " PRIMARY KEY (biz_tag))")

    def test_a_max_id_beyond_2_to_the_63_is_refused(self):
        self.make_table("biz_tag varchar(64) primary key, max_id bigint unsigned, step int")
        self.server.sql(f"INSERT INTO id_segments VALUES ('a', {2 ** 63}, 5), ('b', {MAX}, 5)")
        self.refused("SEGMENT_RANGE", "take", "a", says=f"max_id .*{2 ** 63}")
        self.refused("SEGMENT_RANGE", "take", "a", "--create", "5")

    def test_a_table_without_transactions_grants_nothing_twice_either(self):
        self.make_table("biz_tag varchar(64) primary key, max_id bigint, step int", "ENGINE = MyISAM")
        many = [self.start("take", "tag", "--create", "3", "--times", "100") for _ in range(6)]
        self.assert_exactly(600, 3, sum((self.ranges(self.finish(p)) for p in many), []))

    def test_tags_that_the_collation_takes_for_one_never_share_a_row(self):
        for engine in ("InnoDB", "MyISAM"):
            self.make_table("biz_tag varchar(64) collate utf8mb4_general_ci primary key,"
                            " max_id bigint, step int", f"ENGINE = {engine}")
            self.assertEqual([(1, 5)], self.take("Order", "--create", "5"))
            for tag in ("order", "Order ", "Örder"):
                self.assertRegex(self.finish(self.start("take", tag), expect=1), r"\ATAG_UNKNOWN ")
                self.refused("STORE_SCHEMA", "take", tag, "--create", "5", says="Duplicate entry")
            self.assertEqual([(6, 10)], self.take("Order"))
            self.assertEqual([["Order", "10"]],
                             self.server.sql("SELECT biz_tag, max_id FROM id_segments"))

    def test_a_column_of_bytes_or_of_another_alphabet_is_no_matter(self):
        for column in ("varbinary(64)", "varchar(64) character set latin1",
                       "varchar(64) character set utf8mb3"):
            self.make_table(f"biz_tag {column} primary key, max_id bigint, step int")
            self.assertEqual([(1, 5)], self.take("Größe", "--create", "5"))
            self.assertEqual([(6, 10)], self.take("Größe"))
        self.refused("STORE_SCHEMA", "take", "\U0001f600", "--create", "5", says="collation")

    def test_a_tag_or_a_row_that_does_not_fit_is_refused_and_never_cut(self):
        self.server.sql("SET GLOBAL sql_mode = ''")
        self.addCleanup(self.server.sql, "SET GLOBAL sql_mode = DEFAULT")
        self.make_table("biz_tag varchar(3) primary key, max_id bigint, step int")
        self.refused("STORE_SCHEMA", "take", "order", "--create", "5", says="biz_tag")
        self.make_table("biz_tag varchar(3) primary key, max_id bigint, step int, owner int not null")
        self.refused("STORE_SCHEMA", "take", "abc", "--create", "5", says="owner")
        self.assertEqual([], self.server.sql("SELECT * FROM id_segments"))

    def test_the_server_s_settings_are_no_matter(self):
        settings = ("sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES'", "autocommit = 0", "completion_type = 2",
                    "tx_isolation = 'SERIALIZABLE'", "tx_read_only = 1", "wait_timeout = 1",
                    "collation_connection = 'ucs2_general_ci'", "max_statement_time = 0.001")
        for setting in settings:
            self.server.sql(f"SET GLOBAL {setting}")
            self.addCleanup(self.server.sql, f"SET GLOBAL {setting.split(' ')[0]} = DEFAULT")
        self.take(TAGS[3], "--create", "3")
        many = [self.start("take", TAGS[3], "--times", "20") for _ in range(4)]
        self.assert_exactly(81, 3, [(1, 3), *sum((self.ranges(self.finish(p)) for p in many), [])])

    def test_a_server_that_only_reads_is_said_so_and_the_next_host_tried(self):
        self.take("tag", "--create", "5")
        self.server.sql("SET GLOBAL read_only = 1")
        self.addCleanup(self.server.sql, "SET GLOBAL read_only = 0")
        good = f"127.0.0.1:{self.server.port}"
        self.refused("STORE_UNAVAILABLE", says="read-only")
        self.refused("STORE_UNAVAILABLE", says=r"ids \(127\.0\.0\.1:1\): ",
                     url=self.server.url().replace(good, f"{good},127.0.0.1:1"))

    def test_neither_the_environment_nor_option_files_say_where_to_connect(self):
        home = tempfile.mkdtemp(prefix="shmflake-")
        self.addCleanup(os.rmdir, home)
        options = os.path.join(home, ".my.cnf")
        with open(options, "w", encoding="ascii") as file:
            file.write("[client]\nhost=127.0.0.9\nport=1\nuser=nobody\npassword=wrong\nssl\n")
        self.addCleanup(os.unlink, options)
        misleading = {"HOME": home, "MYSQL_HOST": "127.0.0.9", "MYSQL_TCP_PORT": "1",
                      "MYSQL_UNIX_PORT": "/nowhere", "MYSQL_PWD": "wrong", "USER": "nobody",
                      "MYSQL_HOME": home, "MARIADB_HOME": home}
        self.assertEqual([(1, 5)], self.take("tag", "--create", "5", **misleading))
        self.assertEqual([(6, 10)], self.take("tag", url=self.server.url(by_socket=True),
                                              **misleading))
        # Nor do they say what the URL leaves out.
        self.refused("STORE_DENIED", SHMFLAKE_STORE_PASSWORD="", MYSQL_PWD=PASSWORD)
        self.finish(self.start("take", "tag", url=f"mysql://{APP}@127.0.0.1/ids",
                               MYSQL_TCP_PORT=str(self.server.port)), expect=1)
        self.finish(self.start("take", "tag", url=f"mysql://{APP}@/ids",
                               MYSQL_UNIX_PORT=self.server.socket), expect=1)


if __name__ == "__main__":
    main()
