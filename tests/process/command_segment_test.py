#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command from outside: tags, their segments, and the stores that they come from."""

import os
import sqlite3
import subprocess
import time

from command_support import COMMAND, FAILED, USAGE, CommandTest, main

SUBCOMMANDS = (("segment",), ("segment", "list"), ("segment", "gen"), ("segment", "status"),
               ("store",), ("store", "init"))


class SegmentCommandTest(CommandTest):
    def drawn(self, *arguments):
        return [int(line) for line in self.run_command("segment", "gen", *arguments).stdout.split()]

    def rows(self, file="segments.db"):
        with sqlite3.connect(os.path.join(self.state, file)) as db:
            return db.execute("SELECT biz_tag, max_id, step FROM id_segments").fetchall()


class GenTest(SegmentCommandTest):
    def test_a_new_tag_begins_at_one_and_goes_on_from_run_to_run(self):
        self.assertEqual([1], self.drawn("orders"))
        self.assertEqual([2, 3, 4], self.drawn("orders", "-n", "3"))
        self.assertEqual([1], self.drawn("users"))
        self.assertEqual([("orders", 1000, 1000), ("users", 1000, 1000)], sorted(self.rows()))

    def test_ten_thousand_at_once_are_dense_over_many_segments(self):
        self.assertEqual(list(range(1, 10_001)),
                         self.drawn("-n", "10000", "--step", "100", "--max-step", "400", "orders"))

    def test_many_commands_at_once_share_the_segment(self):
        running = [self.start("segment", "gen", "-n", "50", "orders") for _ in range(8)]
        ids = []
        for process in running:
            out, _ = process.communicate(timeout=60)
            self.assertEqual(0, process.returncode)
            ids += map(int, out.split())
        self.assertEqual(list(range(1, 401)), sorted(ids))

    def test_json_has_ids_as_strings(self):
        self.assertEqual({"ids": ["1", "2"], "count": 2, "format": "decimal", "masked": False},
                         self.json("segment", "gen", "-n", "2", "orders"))

    def test_an_id_is_written_in_other_forms(self):
        self.assertEqual("0000000000000001\n",
                         self.run_command("segment", "gen", "--format", "hex", "orders").stdout)
        done = self.run_command("segment", "gen", "--format", "uuid7", "orders", expect=USAGE)
        self.assertIn("must be decimal, hex", done.stderr)

    def test_a_store_of_ones_own_is_named_by_option_variable_or_file(self):
        url = f"sqlite:{self.state}/own.db"
        self.assertEqual([1], self.drawn("--segment-store", url, "a"))
        self.env["SHMFLAKE_SEGMENT_STORE"] = url
        self.assertEqual([1], self.drawn("b"))
        del self.env["SHMFLAKE_SEGMENT_STORE"]
        self.write("snowflake.toml", f'segment_store = "{url}"\n')
        self.assertEqual([1], self.drawn("c"))
        self.assertEqual(["a", "b", "c"], sorted(row[0] for row in self.rows("own.db")))

    def test_refusals_name_the_rule_and_the_value(self):
        self.assertIn("1..64 bytes of UTF-8", self.assert_error("TAG", "segment", "gen", "a\tb"))
        self.assertIn("sqlite:[PATH]", self.assert_error(
            "STORE_URL", "segment", "gen", "--segment-store", "ftp://x", "orders"))
        self.drawn("orders")
        self.assertIn("another store", self.assert_error(
            "TAG_STORE", "segment", "gen", "--segment-store", f"sqlite:{self.state}/x.db",
            "orders"))

    def test_wrong_usage_is_told(self):
        for arguments, words in ((("segment",), "subcommand"), (("segment", "gen"), "TAG"),
                                 (("segment", "gen", "-n", "0", "a"), "1.."),
                                 (("segment", "gen", "--step", "x", "a"), "whole number"),
                                 (("store",), "subcommand")):
            done = self.run_command(*arguments, expect=USAGE)
            self.assertIn(words, done.stderr)
            self.assertIn("--help", done.stderr)
            self.assertEqual("", done.stdout)


class StatusTest(SegmentCommandTest):
    def test_list_shows_every_tag_without_asking_a_store(self):
        self.assertIn("NOT_FOUND", self.assert_error("NOT_FOUND", "segment", "list") + "NOT_FOUND")
        self.run_command("gen")
        self.assertIn("has no tags", self.run_command("segment", "list").stdout)
        self.assertEqual([], self.json("segment", "list")["segments"])
        self.drawn("orders", "-n", "3")
        self.drawn("zahlungé", "--step", "7")
        os.remove(os.path.join(self.state, "segments.db"))
        lines = self.run_command("segment", "list").stdout.splitlines()
        self.assertEqual(["ahead", "error", "last", "next", "ID", "remaining", "step", "store",
                          "tag"].sort(), lines[0].split().sort())
        self.assertTrue(any("orders" in line and "997" in line for line in lines), lines)
        tags = {one["tag"]: one for one in self.json("segment", "list")["segments"]}
        self.assertEqual({"orders", "zahlungé"}, set(tags))
        self.assertEqual(("4", 997, 1000, "sqlite"), tuple(
            tags["orders"][key] for key in ("next_id", "remaining", "step", "store")))

    def test_status_tells_of_the_segment_and_its_fetch(self):
        before = time.time() * 1000
        self.drawn("orders", "-n", "3")
        document = self.json("segment", "status", "orders")
        self.assertEqual(("1", "1000", "4", 997, 0, 1), tuple(
            document[key] for key in ("first_id", "last_id", "next_id", "remaining",
                                      "remaining_next", "generation")))
        self.assertLessEqual(before - 1000, document["last_fetch_unix_ms"])
        self.assertLess(0, document["last_fetch_us"])
        self.assertEqual({"fetches": 1, "fetch_failures": 0, "fetches_unfinished": 0,
                          "ids_granted": 1000, "ids_lost": 0}, document["counters"])
        self.assertIsNone(document["last_error"])
        text = self.run_command("segment", "status", "orders").stdout
        for words in ("TAG orders", "1 .. 1000, generation 1", "997 of it", "took"):
            self.assertIn(words, text)
        self.assertIn('no tag "users"', self.assert_error("NOT_FOUND", "segment", "status", "users"))

    def test_a_failing_store_is_seen_in_status_and_not_after_it_is_mended(self):
        self.drawn("orders", "--step", "20", "--max-step", "20")
        with sqlite3.connect(os.path.join(self.state, "segments.db")) as db:
            db.execute("UPDATE id_segments SET step = 0")
        self.run_command("segment", "gen", "-n", "50", "orders", expect=FAILED)
        document = self.json("segment", "status", "orders")
        self.assertEqual("STEP", document["last_error"]["name"])
        self.assertIn("step must be 1..", document["last_error"]["message"])
        self.assertLess(0, document["failures_in_row"])
        self.assertIn("LAST ERROR", self.run_command("segment", "status", "orders").stdout)
        self.assertIn("STEP", self.run_command("segment", "list").stdout)
        with sqlite3.connect(os.path.join(self.state, "segments.db")) as db:
            db.execute("UPDATE id_segments SET step = 20")
        time.sleep(2.1)  # the longest pause between two attempts
        self.drawn("orders")
        self.assertIsNone(self.json("segment", "status", "orders")["last_error"])


class InitTest(SegmentCommandTest):
    def test_init_makes_the_table_once_and_finds_it_again(self):
        for _ in range(2):
            self.assertEqual("the store is ready\n", self.run_command("store", "init").stdout)
        self.assertEqual({"ready": True}, self.json("store", "init", f"sqlite:{self.state}/x.db"))
        self.assertEqual([], self.rows())
        self.assertEqual([], self.rows("x.db"))

    def test_init_refuses_a_table_of_another_shape(self):
        with sqlite3.connect(os.path.join(self.state, "segments.db")) as db:
            db.execute("CREATE TABLE id_segments (biz_tag TEXT, step INTEGER)")
        self.assertIn("max_id", self.assert_error("STORE_SCHEMA", "store", "init"))

    def test_a_missing_plug_in_is_named_with_where_it_was_looked_for(self):
        self.env["SHMFLAKE_PLUGIN_DIR"] = self.state
        words = self.assert_error("STORE_PLUGIN", "store", "init", "mysql://127.0.0.1/ids")
        self.assertIn("store-mysql.so", words)
        self.assertIn(self.state, words)

    def test_a_password_in_a_url_is_refused_and_never_shown(self):
        url = "mysql://user:geheim@127.0.0.1/ids"
        for arguments in (("store", "init", url), ("segment", "gen", "--segment-store", url, "a"),
                          ("check-config", "--segment-store", url)):
            done = self.run_command(*arguments, expect=FAILED)
            self.assertIn("SHMFLAKE_STORE_PASSWORD", done.stderr)
            self.assertNotIn("geheim", done.stdout + done.stderr)


class HelpTest(SegmentCommandTest):
    def test_help_fits_a_terminal_and_has_examples(self):
        for arguments in SUBCOMMANDS:
            text = subprocess.run([COMMAND, *arguments, "--help"], capture_output=True, text=True,
                                  env=self.env, check=True).stdout
            self.assertIn("Examples:", text)
            for line in text.splitlines():
                self.assertLessEqual(len(line), 80, line)


if __name__ == "__main__":
    main()
