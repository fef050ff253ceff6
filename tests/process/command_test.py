# SPDX-License-Identifier: Apache-2.0
"""The command from outside: every subcommand but stress, good input and bad."""

import calendar
import json
import os
import subprocess
import time

from command_support import COMMAND, FAILED, CommandTest, main

SIGN_BIT = str(2 ** 63)
BAD_IDS = ["12x", "", "-1", str(2 ** 64), "1.0", " 1", "+1", "one", "9" * 40]


class GenTest(CommandTest):
    def test_draws_one_id_unless_told_otherwise(self):
        self.assertRegex(self.run_command("gen").stdout, r"\A[1-9][0-9]*\n\Z")

    def test_ids_ascend_within_a_run_and_over_runs(self):
        drawn = self.ids("-n", "10000") + self.ids("--count", "5")
        self.assertEqual(10005, len(set(drawn)))
        self.assertEqual(sorted(drawn), drawn)

    def test_processes_at_the_same_time_never_share_an_id(self):
        runs = [self.start("gen", "-n", "20000") for _ in range(4)]
        drawn = [run.communicate(timeout=60)[0].split() for run in runs]
        self.assertEqual([20000] * 4, [len(ids) for ids in drawn])
        self.assertEqual(80000, len({one for ids in drawn for one in ids}))

    def test_json_is_one_document_with_ids_as_strings(self):
        document = self.json("gen", "-n", "3")
        self.assertEqual(3, document["count"])
        self.assertEqual(3, len(document["ids"]))
        for one in document["ids"]:
            self.assertEqual(str(int(one)), one)

    def test_a_count_that_is_none_is_wrong_usage(self):
        for bad in ("0", "-1", "3x", "", "1.5", " 2", str(2 ** 64)):
            self.assert_usage("gen", "-n", bad, says=f'"{bad}"')
        self.assert_usage("gen", "-n")
        self.assert_nothing_made()

    def test_an_endless_count_streams_and_a_closed_pipe_is_told(self):
        process = self.start("gen", "-n", str(2 ** 64 - 1))
        first = [int(process.stdout.readline()) for _ in range(100000)]
        process.stdout.close()
        self.assertEqual(sorted(set(first)), first)
        self.assertEqual(FAILED, process.wait(timeout=30))
        self.assertEqual(b"shmflake: cannot write standard output: Broken pipe\n",
                         process.stderr.read())

    def test_a_layout_that_gives_few_ids_a_second_still_gives_all_of_them(self):
        # 2 IDs in 50 ms: a whole chunk never comes within the wait timeout.
        drawn = self.ids("-n", "60", "--sequence-bits", "1", "--tick-us", "50000",
                         "--wait-timeout-ms", "200")
        self.assertEqual(60, len(set(drawn)))

    def test_a_failure_in_the_middle_leaves_what_was_drawn_beside_the_error(self):
        options = ["--horizon-ms", "300", "--sequence-bits", "4", "--wait-timeout-ms", "300"]
        self.run_command("gen", *options)
        process = self.start("gen", "-n", "100000000", "--json", *options)
        first = process.stdout.readline()
        with self.locked_store():
            document = json.loads(first + process.stdout.read())
            self.assertEqual(FAILED, process.wait(timeout=60))
        self.assertEqual(len(document["ids"]), document["count"])
        self.assertEqual(document["count"], len(set(document["ids"])))
        self.assertLess(document["error"]["code"], 0)

    def test_goes_on_when_the_region_is_retired_meanwhile(self):
        process = self.start("gen", "-n", "2000000")
        process.stdout.readline()
        self.run_command("retire")
        rest = process.stdout.read().split()
        self.assertEqual(0, process.wait(timeout=60))
        self.assertEqual(1999999, len(set(rest)))


class OutputTest(CommandTest):
    def test_a_full_disk_is_told_and_fails(self):
        self.run_command("gen")
        for arguments in (["gen", "-n", "3"], ["gen", "-n", "100000"], ["gen", "--json"],
                          ["decode", "1"], ["status"], ["status", "--json"], ["check-config"],
                          ["health"], ["--help"], ["gen", "--help"], ["--version"], ["retire"]):
            with open("/dev/full", "w", encoding="ascii") as full:
                done = self.run_command(*arguments, stdout=full, expect=FAILED)
            self.assertIn("cannot write standard output: No space left on device", done.stderr)

    def test_a_closed_standard_output_is_told_and_never_becomes_the_region(self):
        before = self.ids("-n", "1")
        script = f'"{COMMAND}" gen -n 5 >&- ; echo $?'
        done = subprocess.run(["sh", "-c", script], env=self.env, capture_output=True, text=True,
                              timeout=60, check=True)
        self.assertEqual("1\n", done.stdout)
        self.assertIn("cannot write standard output", done.stderr)
        self.assertGreater(self.ids("-n", "1"), before)
        self.run_command("health")

    def test_needs_neither_standard_input_nor_standard_error(self):
        script = f'"{COMMAND}" gen -n 5 <&- 2>&-'
        done = subprocess.run(["sh", "-c", script], env=self.env, capture_output=True, text=True,
                              timeout=60, check=True)
        self.assertEqual(5, len(done.stdout.split()))


class DecodeTest(CommandTest):
    def test_the_parts_make_up_the_id(self):
        before = int(time.time() * 1000)
        drawn = self.ids("-n", "1")[0]
        document = self.json("decode", str(drawn))
        parts, layout = document["ids"][0], document["layout"]
        self.assertEqual("region", document["layout_from"])
        self.assertEqual(str(drawn), parts["id"])
        self.assertEqual(5, parts["worker_id"])
        self.assertEqual(5, parts["datacenter_id"] << layout["machine_bits"] | parts["machine_id"])
        self.assertEqual(drawn, (parts["timestamp"] << 8 | parts["worker_id"]) << 12
                         | parts["sequence"])
        self.assertEqual(parts["unix_ms"], layout["epoch_ms"] + parts["timestamp"])
        self.assertAlmostEqual(before, parts["unix_ms"], delta=5000)
        seconds = calendar.timegm(time.strptime(parts["time"][:19], "%Y-%m-%dT%H:%M:%S"))
        self.assertEqual(parts["unix_ms"] // 1000, seconds)

    def test_several_ids_make_a_table(self):
        drawn = [str(one) for one in self.ids("-n", "3")]
        lines = self.run_command("decode", *drawn).stdout.splitlines()
        self.assertEqual(["ID", "time", "datacenter", "machine", "sequence"], lines[0].split())
        self.assertEqual(drawn, [line.split()[0] for line in lines[1:]])

    def test_without_a_region_the_configured_layout_is_used_and_none_is_made(self):
        self.env["SHMFLAKE_SEQUENCE_BITS"] = "10"
        text = self.run_command("decode", str(7 << 18 | 3 << 10 | 9)).stdout
        self.assertIn('no region "default"', text)
        document = self.json("decode", str(7 << 18 | 3 << 10 | 9), "0", str(2 ** 63 - 1))
        self.assertEqual("settings", document["layout_from"])
        parts = document["ids"][0]
        self.assertEqual((7, 3, 9), (parts["timestamp"], parts["worker_id"], parts["sequence"]))
        self.assertEqual("2021-01-01T00:00:00.007Z", parts["time"])
        self.assertEqual(2 ** 45 - 1, document["ids"][2]["timestamp"])
        self.assert_nothing_made()

    def test_with_and_without_a_region_the_parts_are_the_same(self):
        for tick in ("100", "1500", "1000000"):
            options = ["--name", f"tick{tick}", "--tick-us", tick]
            drawn = [str(one) for one in self.ids("-n", "3", *options)] + [str(2 ** 63 - 1)]
            region = self.json("decode", "--name", f"tick{tick}", *drawn)
            settings = self.json("decode", *options, *drawn)
            self.assertEqual("region", region["layout_from"])
            self.assertEqual("settings", settings["layout_from"])
            self.assertEqual(region["ids"], settings["ids"])

    def test_a_layout_of_elsewhere_is_read_by_options(self):
        self.run_command("gen")
        document = self.json("decode", "--worker-id-bits", "10", "--epoch-ms", "1288834974657",
                             "1541815603606036480")
        parts = document["ids"][0]
        self.assertEqual("2022-06-28T16:07:40.105Z", parts["time"])
        self.assertEqual((378, 0), (parts["worker_id"], parts["sequence"]))

    def test_what_is_no_id_is_the_librarys_error_with_rule_and_value(self):
        for bad in BAD_IDS:
            message = self.assert_error("TEXT", "decode", "1", bad)
            self.assertTrue(message.startswith(f'"{bad}": as decimal, a decimal ID '), message)
        self.assert_usage("decode")

    def test_the_sign_bit_is_the_librarys_error(self):
        self.assertIn(SIGN_BIT, self.assert_error("ID", "decode", SIGN_BIT))
        self.run_command("gen")
        self.assertIn(SIGN_BIT, self.assert_error("ID", "decode", "1", SIGN_BIT))


class StatusTest(CommandTest):
    def test_without_a_region_it_fails_and_makes_none(self):
        self.assertIn("default", self.assert_error("NOT_FOUND", "status"))
        self.assert_nothing_made()

    def test_shows_what_the_region_is_and_did(self):
        last = self.ids("-n", "1000")[-1]
        status = self.json("status")
        self.assertEqual("default", status["name"])
        self.assertEqual("issuing", status["state"])
        self.assertEqual(str(last), status["last_id"])
        self.assertEqual(1000, status["counters"]["ids_issued"])
        self.assertEqual((5, "environment", True),
                         (status["worker_id"], status["worker_id_source"],
                          status["worker_id_guaranteed_unique"]))
        self.assertEqual(63, sum(status["layout"][part + "_bits"] for part in
                                 ("timestamp", "datacenter", "machine", "sequence")))
        self.assertTrue(os.path.samefile(self.regions, os.path.dirname(status["path"])))

    def test_lists_the_attached_processes(self):
        process = self.start("gen", "-n", str(2 ** 64 - 1))
        process.stdout.readline()
        mine = [p for p in self.json("status")["processes"] if p["pid"] == process.pid]
        self.assertEqual([("shmflake", True)], [(p["command"], p["alive"]) for p in mine])
        text = self.run_command("status").stdout
        self.assertRegex(text, rf"\n +{process.pid}  shmflake ")
        self.assertIn("(this command)", text)

    def test_text_warns_of_a_worker_id_that_may_not_be_unique(self):
        self.run_command("gen")
        self.assertNotIn("NOT GUARANTEED UNIQUE", self.run_command("status").stdout)
        del self.env["SNOWFLAKE_WORKER_ID"]
        self.run_command("gen", "--name", "other", "--worker-id-bits", "12")
        text = self.run_command("status", "--name", "other").stdout
        self.assertIn("host_address", text)
        self.assertIn("NOT GUARANTEED UNIQUE", text)

    def test_draws_the_layout_as_boxes(self):
        self.run_command("gen")
        self.assertIn("| 0 | timestamp 43 | datacenter 2 | machine 6 | sequence 12 |",
                      self.run_command("status").stdout)


if __name__ == "__main__":
    main()
