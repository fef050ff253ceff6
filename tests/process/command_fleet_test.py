#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command from outside: worker IDs that several hosts lease from a real etcd."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from command_support import FAILED, CommandTest, main

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "stores"))
from etcd_server import Etcd  # noqa: E402

PASSWORD = "geheim-7391"


class FleetTest(CommandTest):
    """Hosts are directories: regions and state of their own."""

    @classmethod
    def setUpClass(cls):
        cls.etcd = Etcd().start()
        cls.addClassCleanup(cls.etcd.close)

    def setUp(self):
        super().setUp()
        del self.env["SNOWFLAKE_WORKER_ID"]
        self.env["SHMFLAKE_STORE"] = self.etcd.url(self.id().rpartition(".")[2])
        self.env["SHMFLAKE_WAIT_TIMEOUT_MS"] = "20000"
        self.first = self.host()
        self.second = self.host()
        self.at(self.first)

    def host(self):
        place = tempfile.mkdtemp(prefix="shmflake-test-")
        self.addCleanup(shutil.rmtree, place, ignore_errors=True)
        return place

    def at(self, host):
        """What follows runs on this host."""
        self.env["SHMFLAKE_DIR"] = os.path.join(host, "regions")
        self.env["SHMFLAKE_STATE_DIR"] = os.path.join(host, "state")

    def lose_region(self, host, name="default"):
        """As a reboot does."""
        os.remove(os.path.join(host, "regions", name + ".region"))

    def leases(self, *arguments):
        return {one["worker_id"]: one for one in self.json("lease", "list", *arguments)["leases"]}

    def draw_on(self, host, *arguments):
        self.at(host)
        return self.ids(*arguments)


class ListTest(FleetTest):
    def test_each_host_has_a_worker_id_and_sees_which_is_its_own(self):
        self.draw_on(self.first)
        self.draw_on(self.second)
        seen = self.leases()
        self.assertEqual([0, 1], sorted(seen))
        self.assertEqual([False, True], [seen[worker]["this_host"] for worker in (0, 1)])
        for lease in seen.values():
            self.assertEqual(("held", False, "default", os.uname().nodename), tuple(
                lease[key] for key in ("state", "is_free", "region", "host")))
            self.assertTrue(0 < lease["ttl_ms"] <= 60_000, lease)
        self.at(self.first)
        self.assertEqual([True, False], [self.leases()[worker]["this_host"] for worker in (0, 1)])
        lines = self.run_command("lease", "list").stdout.splitlines()
        self.assertEqual(3, len(lines))
        self.assertRegex(lines[1], r"^ +0 +held .* +[\d.]+ (s|min) +\(this host\)$")
        self.assertNotIn("this host", lines[2])

    def test_a_holder_that_did_not_extend_in_time_is_expired(self):
        self.draw_on(self.first, "--horizon-ms", "300", "--lease-ttl-ms", "1000")
        end = time.monotonic() + 60
        while self.leases()[0]["state"] == "held":
            self.assertLess(time.monotonic(), end)
            time.sleep(0.1)
        lease = self.leases()[0]
        self.assertEqual(("expired", True), (lease["state"], lease["is_free"]))
        self.assertLessEqual(lease["ttl_ms"], 0)
        self.assertRegex(self.run_command("lease", "list").stdout, r"0 +expired .* over +\(this host\)")
        self.at(self.second)  # where the settings say all of it
        self.assertEqual("expired", self.leases()[0]["state"])

    def test_a_namespace_that_the_store_does_not_know_is_named(self):
        self.draw_on(self.first)
        self.at(self.second)
        for arguments in (("list",), ("free", "0")):
            said = self.assert_error("NOT_FOUND", "lease", *arguments, "--namespace", "elsewhere")
            self.assertIn('"elsewhere"', said)
            self.assertIn("etcd://", said)

    def test_status_tells_where_it_is_leased_and_for_how_long(self):
        self.draw_on(self.first, "--lease-ttl-ms", "90000")
        document = self.json("status")
        self.assertEqual(("etcd", self.env["SHMFLAKE_STORE"], 90_000, "lease"), tuple(
            document[key] for key in ("store", "store_url", "lease_ttl_ms", "worker_id_source")))
        self.assertEqual(os.uname().nodename, document["holder"]["host"])
        self.assertEqual(self.leases()[0]["instance_id"], document["holder"]["instance_id"])
        text = self.run_command("status").stdout
        self.assertIn("leased from   " + self.env["SHMFLAKE_STORE"] + "\n", text)
        self.assertRegex(text, r"time to live +90\.0 s from each extension on")
        self.assertRegex(text, r"  store +etcd: unique also after the region is lost")
        self.assertIn("healthy", self.run_command("health").stdout)


class EndTest(FleetTest):
    def test_a_freed_worker_id_goes_to_another_host_that_starts_above(self):
        ids = self.draw_on(self.first, "--worker-id-bits", "1")
        horizon = self.leases()[0]["horizon_unix_ms"]
        ids += self.draw_on(self.second, "--worker-id-bits", "1")
        third = self.host()
        self.at(third)
        said = self.assert_error("WORKERS_EXHAUSTED", "gen", "--worker-id-bits", "1")
        self.assertIn("all 2 worker IDs", said)
        freed = self.run_command("lease", "free", "0").stdout
        self.assertIn(f'which region "default" on host "{os.uname().nodename}" held', freed)
        self.assertIn("It is safe", freed)
        self.assertEqual(("free", "held"), tuple(self.leases()[one]["state"] for one in (0, 1)))
        ids += self.draw_on(third, "--worker-id-bits", "1")
        status = self.json("status")
        self.assertEqual(0, status["worker_id"])
        self.assertGreaterEqual(status["birth_unix_ms"], horizon)
        ids += self.draw_on(self.first) + self.draw_on(self.second)
        self.assertEqual(len(ids), len(set(ids)))

    def test_a_host_that_was_thought_gone_leases_another_one(self):
        ids = self.draw_on(self.first, "--horizon-ms", "300")
        self.at(self.second)
        self.run_command("lease", "free", "0")
        ids += self.draw_on(self.second, "--worker-id", "0")
        time.sleep(0.4)  # past the first one's ceiling
        ids += self.draw_on(self.first)
        self.assertEqual(1, self.json("status")["worker_id"])
        self.assertEqual(len(ids), len(set(ids)))

    def test_release_gives_the_unused_part_back(self):
        self.draw_on(self.first)
        before = self.leases()[0]
        self.assertIn("released", self.run_command("lease", "release").stdout)
        after = self.leases()[0]
        self.assertEqual(("free", True, True), (after["state"], after["is_free"], after["this_host"]))
        self.assertLess(after["horizon_unix_ms"], before["horizon_unix_ms"])

    def test_release_ends_what_a_lost_region_left(self):
        self.draw_on(self.first)
        self.lose_region(self.first)
        self.assertEqual("held", self.leases()[0]["state"])
        self.at(self.second)  # whose lease it is not
        self.assert_error("NOT_FOUND", "lease", "release")
        self.at(self.first)
        self.run_command("lease", "release")
        self.assertEqual("free", self.leases()[0]["state"])
        self.assertIn('"default"', self.assert_error("NOT_FOUND", "lease", "release"))

    def test_release_that_did_not_reach_the_store_is_made_good_by_the_next(self):
        self.draw_on(self.first)
        self.etcd.pause()
        try:
            error = self.json("lease", "release", "--wait-timeout-ms", "300", expect=FAILED)["error"]
        finally:
            self.etcd.resume()
        self.assertEqual("STORE_UNAVAILABLE", error["name"])
        self.run_command("lease", "release")
        self.assertEqual("free", self.leases()[0]["state"])

    def test_release_of_a_removed_region_that_is_drawn_from_is_refused(self):
        self.at(self.first)
        drawing = self.start("gen", "-n", "1000000000", stdout=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while not os.path.exists(os.path.join(self.first, "regions", "default.region")):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)
        self.run_command("gen")
        drawing.send_signal(signal.SIGSTOP)  # it does not see the loss
        self.lose_region(self.first)
        error = self.json("lease", "release", expect=FAILED)["error"]
        self.assertEqual("WORKER_HELD", error["name"])
        self.assertIn(str(drawing.pid), error["message"])
        self.assertEqual("held", self.leases()[0]["state"])

    def test_one_that_was_never_leased_is_named(self):
        self.draw_on(self.first)
        for worker in ("1", "256"):  # and above the layout's
            said = self.assert_error("NOT_FOUND", "lease", "free", worker)
            self.assertIn("worker ID " + worker, said)
            self.assertIn("shmflake lease list", said)


class TroubleTest(FleetTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.etcd.add_user("ids", PASSWORD, "test_")
        cls.etcd.enable_auth("root-" + PASSWORD)

    def every_command(self):
        return (("lease", "list"), ("lease", "free", "0"), ("lease", "release"))

    def test_a_wrong_password_is_told_and_never_shown(self):
        store = self.etcd.url(self.id().rpartition(".")[2], user="ids")
        self.env.update(SHMFLAKE_STORE=store, SHMFLAKE_STORE_PASSWORD=PASSWORD)
        self.draw_on(self.first)
        self.env["SHMFLAKE_STORE_PASSWORD"] = "falsch-7391"
        for arguments in self.every_command()[:2]:
            done = self.run_command(*arguments, "--json", expect=FAILED)
            self.assertIn("STORE_DENIED", done.stdout)
            self.assertIn("etcd://127.0.0.1", done.stdout)
            self.assertNotIn("7391", done.stdout + done.stderr)
        self.env["SHMFLAKE_STORE_PASSWORD"] = PASSWORD
        self.assertEqual("held", self.leases()[0]["state"])

    def test_a_server_that_does_not_answer_is_an_error_in_time(self):
        self.env.update(SHMFLAKE_STORE=self.etcd.url("test_", user="ids"),
                        SHMFLAKE_STORE_PASSWORD=PASSWORD, SHMFLAKE_WAIT_TIMEOUT_MS="300")
        self.at(self.first)
        self.etcd.pause()
        try:
            for arguments in self.every_command():
                began = time.monotonic()
                said = self.assert_error("STORE_UNAVAILABLE", *arguments)
                self.assertLess(time.monotonic() - began, 60)
                self.assertIn("etcd://", said)
                self.assertNotIn(PASSWORD, said)
        finally:
            self.etcd.resume()


if __name__ == "__main__":
    main()
