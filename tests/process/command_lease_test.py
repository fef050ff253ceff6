#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command from outside: leases, in this host's own store. command_fleet_test.py has shared ones."""

import contextlib
import os
import sqlite3
import subprocess
import tempfile
import time

from command_support import COMMAND, FAILED, USAGE, CommandTest, main

SUBCOMMANDS = (("lease",), ("lease", "list"), ("lease", "free"), ("lease", "release"))
RECORD = {"worker_id", "state", "is_free", "region", "host", "this_host", "instance_id",
          "horizon_unix_ms", "horizon_in_ms", "ttl_ms", "updated_unix_ms"}
UNREACHABLE = "etcd://127.0.0.1:1/ids"


class LeaseCommandTest(CommandTest):
    def leases(self, *arguments):
        return self.json("lease", "list", *arguments)["leases"]

    def change_rows(self, statement, *values):
        path = os.path.join(self.state, "leases.db")
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as store:
            store.execute(statement, values)


class ListTest(LeaseCommandTest):
    def test_a_namespace_without_a_record_is_told(self):
        said = self.assert_error("NOT_FOUND", "lease", "list", "--name", "orders")
        self.assertIn('"orders"', said)
        self.assertIn("--namespace", said)

    def test_a_held_one_is_shown_with_its_holder_and_horizon(self):
        before = time.time() * 1000
        self.run_command("gen", "--name", "orders", "--horizon-ms", "60000")
        document = self.json("lease", "list", "--name", "orders")
        self.assertEqual("orders", document["name"])
        (lease,) = document["leases"]
        self.assertEqual(RECORD, set(lease))
        self.assertEqual((5, "held", False, "orders", os.uname().nodename, True, None), tuple(
            lease[key] for key in ("worker_id", "state", "is_free", "region", "host", "this_host",
                                   "ttl_ms")))
        status = self.json("status", "--name", "orders")
        self.assertEqual(status["instance_id"], lease["instance_id"])
        self.assertEqual(status["ceiling_unix_ms"], lease["horizon_unix_ms"])
        self.assertTrue(before < lease["horizon_unix_ms"] <= time.time() * 1000 + 60_000, lease)
        self.assertTrue(0 < lease["horizon_in_ms"] <= 60_000, lease)
        self.assertTrue(before - 1000 < lease["updated_unix_ms"] <= time.time() * 1000, lease)
        heading, line = self.run_command("lease", "list", "--name", "orders").stdout.splitlines()
        self.assertRegex(heading, r"^worker ID +state +region +host +horizon +from now +time to live$")
        self.assertRegex(line, r"^ +5 +held +orders +%s +20\d\d-.*Z +in \S+ (s|min) +- +\(this host\)$"
                         % os.uname().nodename)

    def test_those_of_a_shared_namespace_are_listed_ascending(self):
        for name, worker in (("b", "200"), ("c", "7"), ("a", "31")):
            self.run_command("gen", "--name", name, "--namespace", "shop", "--worker-id", worker)
        want = [(7, "c"), (31, "a"), (200, "b")]
        self.assertEqual(want, [(one["worker_id"], one["region"])
                                for one in self.leases("--name", "x", "--namespace", "shop")])
        del self.env["SNOWFLAKE_WORKER_ID"]  # the region says the namespace
        self.assertEqual(want, [(one["worker_id"], one["region"])
                                for one in self.leases("--name", "a")])

    def test_more_than_there_is_room_for_at_first_are_listed(self):
        for worker in range(70):
            self.run_command("gen", "--name", f"r{worker}", "--namespace", "shop", "--worker-id",
                             str(worker))
        self.assertEqual(list(range(70)), [one["worker_id"] for one in self.leases("--namespace",
                                                                                   "shop")])

    def test_a_horizon_that_is_past_is_told_as_past(self):
        self.run_command("gen", "--horizon-ms", "100")
        time.sleep(0.2)
        self.assertLess(self.leases()[0]["horizon_in_ms"], 0)
        self.assertRegex(self.run_command("lease", "list").stdout, r"Z +[\d.]+ m?s ago ")


class FreeTest(LeaseCommandTest):
    def test_it_is_said_who_lost_it_and_that_it_is_safe(self):
        first = self.ids("--name", "orders")
        said = self.run_command("lease", "free", "5", "--name", "orders").stdout
        self.assertIn(f'freed worker ID 5, which region "orders" on host "{os.uname().nodename}" held',
                      said)
        for words in ("It is safe", "draws up to its ceiling", "starts above"):
            self.assertIn(words, said)
        (lease,) = self.leases("--name", "orders")
        self.assertEqual(("free", True, None, "orders"), tuple(
            lease[key] for key in ("state", "is_free", "instance_id", "region")))
        self.assertIn(" free ", self.run_command("lease", "list", "--name", "orders").stdout)
        self.assertGreater(self.ids("--name", "orders"), first)

    def test_the_next_holder_starts_above_what_was_granted(self):
        last = self.ids("--horizon-ms", "3000")[-1]
        horizon = self.leases()[0]["horizon_unix_ms"]
        self.run_command("lease", "free", "5")
        self.assertEqual(horizon, self.leases()[0]["horizon_unix_ms"])
        os.remove(os.path.join(self.regions, "default.region"))
        self.run_command("gen", "--wait-timeout-ms", "20000")
        status = self.json("status")
        self.assertGreaterEqual(status["birth_unix_ms"], horizon)
        self.assertGreater(int(status["last_id"]), last)

    def test_json_has_what_it_was_before(self):
        self.run_command("gen")
        instance = self.json("status")["instance_id"]
        document = self.json("lease", "free", "5")
        self.assertEqual({"worker_id", "freed", "before"}, set(document))
        self.assertEqual((5, True), (document["worker_id"], document["freed"]))
        self.assertEqual(RECORD, set(document["before"]))
        self.assertEqual(("held", instance), (document["before"]["state"],
                                              document["before"]["instance_id"]))

    def test_one_that_nobody_holds_stays_as_it_is(self):
        self.run_command("gen")
        self.run_command("lease", "free", "5")
        before = self.leases()[0]
        said = self.run_command("lease", "free", "5").stdout
        self.assertIn("worker ID 5 was free already", said)
        self.assertNotIn("safe", said)
        self.assertFalse(self.json("lease", "free", "5")["freed"])
        after = self.leases()[0]
        for lease in (before, after):
            del lease["horizon_in_ms"]
        self.assertEqual(before, after)

    def test_one_that_was_never_leased_is_named(self):
        self.run_command("gen")
        for worker in ("6", "300", "4194303"):  # and above the layout's 255
            said = self.assert_error("NOT_FOUND", "lease", "free", worker)
            self.assertIn("worker ID " + worker, said)
            self.assertIn("shmflake lease list", said)
        self.assertEqual("held", self.leases()[0]["state"])

    def test_wrong_usage_changes_nothing(self):
        self.run_command("gen")
        for bad in ("", "x", "-5", "+5", " 5", "5.0", "0x5", "4194304", "4294967301",
                    "18446744073709551621"):
            self.assert_usage("lease", "free", "--", bad, says="must be a whole number, 0..4194303")
        self.assert_usage("lease", "free", says="WORKER_ID")
        self.assert_usage("lease", "free", "5", "6")
        self.assert_usage("lease", says="subcommand")
        self.assert_usage("lease", "list", "5")
        self.assert_usage("lease", "release", "5")
        self.assert_usage("lease", "lend")
        self.assertEqual("held", self.leases()[0]["state"])


class ReleaseTest(LeaseCommandTest):
    def test_the_region_ends_and_gives_the_unused_part_back(self):
        ids = self.ids("--horizon-ms", "60000")
        before = self.leases()[0]
        said = self.run_command("lease", "release").stdout
        self.assertIn("released the lease of region default", said)
        after = self.leases()[0]
        self.assertEqual(("free", None), (after["state"], after["instance_id"]))
        self.assertLess(after["horizon_unix_ms"], before["horizon_unix_ms"])
        self.assert_error("NOT_FOUND", "status")
        self.assertGreater(self.ids(), ids)

    def test_json_names_the_region(self):
        self.run_command("gen", "--name", "orders")
        self.assertEqual({"released": "orders"}, self.json("lease", "release", "--name", "orders"))

    def test_there_must_be_something_to_release(self):
        self.assertIn('"default"', self.assert_error("NOT_FOUND", "lease", "release"))
        self.run_command("gen", "--name", "orders")
        self.run_command("lease", "release", "--name", "orders")
        self.assertIn('"orders"', self.assert_error("NOT_FOUND", "lease", "release", "--name", "orders"))

    def test_a_process_that_draws_follows_to_the_next_region(self):
        with tempfile.TemporaryFile() as printed:
            drawing = self.start("gen", "-n", "3000000", stdout=printed)
            while os.fstat(printed.fileno()).st_size == 0 and drawing.poll() is None:
                time.sleep(0.001)
            self.run_command("lease", "release")
            _, errors = drawing.communicate(timeout=100)
            self.assertEqual((0, b""), (drawing.returncode, errors))
            printed.seek(0)
            ids = list(map(int, printed.read().split()))
        self.assertEqual(3_000_000, len(ids))
        self.assertEqual(ids, sorted(set(ids)))


class StoreTroubleTest(LeaseCommandTest):
    def every_command(self):
        return (("lease", "list"), ("lease", "free", "5"), ("lease", "release"))

    def test_a_locked_store_is_an_error_in_time(self):
        self.run_command("gen")
        with self.locked_store():
            for arguments in self.every_command():
                self.assertIn("leases.db", self.assert_one_error(
                    "STORE_LOCKED", *arguments, "--wait-timeout-ms", "100"))

    def assert_one_error(self, name, *arguments):
        """As assert_error, of a command that does something else the second time."""
        error = self.json(*arguments, expect=FAILED)["error"]
        self.assertEqual(name, error["name"])
        return error["message"]

    def test_a_damaged_record_is_told(self):
        self.run_command("gen")
        self.change_rows("UPDATE shmflake_leases SET horizon = horizon - 1")
        for arguments in (("lease", "list"), ("lease", "free", "5")):
            self.assertIn("worker ID 5", self.assert_error("STORE_CORRUPT", *arguments))

    def test_a_store_that_is_not_reached_is_an_error_in_time(self):
        for arguments in self.every_command():
            began = time.monotonic()
            said = self.assert_error("STORE_UNAVAILABLE", *arguments, "--store", UNREACHABLE,
                                     "--wait-timeout-ms", "300")
            self.assertLess(time.monotonic() - began, 60)
            self.assertIn(UNREACHABLE, said)
            self.assertIn("refused", said)
        self.assert_nothing_made()

    def test_a_password_is_never_shown(self):
        self.env["SHMFLAKE_STORE_PASSWORD"] = "geheim"
        for arguments in self.every_command():
            done = self.run_command(*arguments, "--store", "etcd://u@127.0.0.1:1/ids", expect=FAILED)
            self.assertNotIn("geheim", done.stdout + done.stderr)
            done = self.run_command(*arguments, "--store", "etcd://u:geheim@127.0.0.1:1/ids",
                                    expect=FAILED)
            self.assertIn("SHMFLAKE_STORE_PASSWORD", done.stderr)
            self.assertNotIn("geheim", done.stdout + done.stderr)

    def test_a_store_that_is_none_or_not_understood_is_named(self):
        for store, name, words in (("paper", "STORE_UNKNOWN", "paper"),
                                   ("mysql://db", "STORE_URL", "database"),
                                   ("etcd://a:0/ids", "STORE_URL", "1..65535"),
                                   ("etcd://a/ids?colour=red", "STORE_URL", "colour")):
            for arguments in self.every_command():
                self.assertIn(words, self.assert_error(name, *arguments, "--store", store))

    def test_a_missing_plug_in_is_named_with_where_it_was_looked_for(self):
        self.env["SHMFLAKE_PLUGIN_DIR"] = self.state
        for arguments in self.every_command():
            said = self.assert_error("STORE_PLUGIN", *arguments, "--store", UNREACHABLE)
            self.assertIn("store-etcd.so", said)
            self.assertIn(self.state, said)

    def test_another_store_than_the_regions_is_refused(self):
        self.run_command("gen")
        self.assertIn("sqlite", self.assert_error("SETTINGS_DIFFER", "lease", "list", "--store",
                                                  UNREACHABLE))

    def test_the_store_none_has_no_leases(self):
        self.run_command("gen", "--store", "none")
        self.assert_error("NOT_FOUND", "lease", "list")
        self.assertIn('"none"', self.assert_error("NOT_FOUND", "lease", "free", "5"))


class ElsewhereTest(LeaseCommandTest):
    def test_status_tells_the_holder_and_where_the_lease_is(self):
        self.run_command("gen", "--name", "orders")
        document = self.json("status", "--name", "orders")
        self.assertEqual({"region": "orders", "host": os.uname().nodename,
                          "instance_id": document["instance_id"]}, document["holder"])
        self.assertEqual(("sqlite", None, None), tuple(
            document[key] for key in ("store", "store_url", "lease_ttl_ms")))
        text = self.run_command("status", "--name", "orders").stdout
        self.assertRegex(text, r"\nLEASE\n  holder +region \"orders\" on host \"%s\", instance 0x"
                         % os.uname().nodename)
        self.assertRegex(text, r"\n  leased from +sqlite, for this host alone\n  time to live +none")
        self.assertRegex(text, r"\n  horizon +20\d\d-.*Z, in \S+ s; taken 10\.0 s ahead\n")

    def test_status_says_that_none_keeps_nothing(self):
        self.run_command("gen", "--store", "none")
        self.assertRegex(self.run_command("status").stdout, r"\n  leased from +nobody: the store is none")

    def test_check_config_shows_the_time_to_live_and_its_rule(self):
        settings = {one["key"]: one for one in self.json(
            "check-config", "--lease-ttl-ms", "120000")["settings"]}
        self.assertEqual(("120000", "option"), (settings["lease_ttl_ms"]["value"],
                                                settings["lease_ttl_ms"]["source"]))
        self.assertIn("10000", self.assert_error("OPTION", "check-config", "--lease-ttl-ms", "9999"))
        self.assertIn("172800001", self.assert_error("OPTION", "check-config", "--lease-ttl-ms",
                                                     "172800001"))
        for bad in ("0", "-1", "x", "9223372036854775808"):
            self.assert_usage("gen", "--lease-ttl-ms", bad, says="--lease-ttl-ms: must")

    def test_help_fits_a_terminal_and_has_examples(self):
        for arguments in (*SUBCOMMANDS, ("status",), ("store", "init")):
            text = subprocess.run([COMMAND, *arguments, "--help"], capture_output=True, text=True,
                                  env=self.env, check=True).stdout
            self.assertIn("Examples:", text)
            for line in text.splitlines():
                self.assertLessEqual(len(line), 80, line)
        self.assertIn("shmflake_leases", text)
        self.assertEqual(USAGE, subprocess.run([COMMAND, "lease", "fly"], capture_output=True,
                                               env=self.env, check=False).returncode)


if __name__ == "__main__":
    main()
