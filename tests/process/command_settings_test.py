# SPDX-License-Identifier: Apache-2.0
"""The command from outside: its options, check-config, health, retire, help and wrong usage."""

import os
import time

from command_support import FAILED, CommandTest, main

SUBCOMMANDS = ["gen", "decode", "layouts", "status", "check-config", "health", "stress", "retire"]


class UsageTest(CommandTest):
    def test_help_teaches_with_examples(self):
        for subcommand in SUBCOMMANDS:
            text = self.run_command(subcommand, "--help").stdout
            self.assertIn("Examples:\n  ", text)
            self.assertIn(f"shmflake {subcommand}", text)
            self.assertIn("--json", text)
            self.assertEqual(subcommand != "layouts", "  --name NAME" in text)
        text = self.run_command("--help").stdout
        for subcommand in SUBCOMMANDS:
            self.assertIn(f"\n  {subcommand} ", text)
        self.assertIn("Exit codes: 0 done, 1 failed, 2 wrong usage", text)
        self.assertNotIn("stress-worker", text)

    def test_help_fits_a_terminal(self):
        for arguments in ([], *([subcommand] for subcommand in SUBCOMMANDS)):
            for line in self.run_command(*arguments, "--help").stdout.splitlines():
                self.assertLessEqual(len(line), 80, line)

    def test_version(self):
        self.assertRegex(self.run_command("--version").stdout, r"\Ashmflake \d+\.\d+\.\d+\n\Z")

    def test_wrong_usage_is_exit_code_2_with_a_hint(self):
        self.assert_usage()
        self.assert_usage("fly")
        self.assert_usage("gen", "status")
        self.assert_usage("gen", "--fly")
        self.assert_usage("gen", "3")
        self.assert_usage("status", "--name")
        self.assert_usage("gen", "--name", "a", "--name", "b")
        self.assert_usage("check-config", "a.toml", "b.toml")
        self.assert_usage("check-config", "a.toml", "--config", "b.toml", says='"a.toml"')
        self.assert_usage("check-config", "")
        self.assert_nothing_made()

    def test_an_option_that_is_written_wrongly_is_wrong_usage(self):
        for flag, bad in (("--name", ""), ("--directory", ""), ("--sequence-bits", "0"),
                          ("--sequence-bits", "x"), ("--worker-id", "-1"),
                          ("--worker-id", "4294967296"), ("--tick-us", "1ms"), ("--mode", "0999"),
                          ("--mode", "rw"), ("--ordering", "loose"), ("--epoch-ms", ""),
                          ("--epoch-ms", "yesterday"), ("--wait-timeout-ms", "0")):
            self.assert_usage("gen", flag, bad, says=f"{flag}: must")
        self.assert_nothing_made()

    def test_an_option_out_of_its_range_is_the_librarys_error(self):
        self.assertIn("99", self.assert_error("LAYOUT", "gen", "--sequence-bits", "99"))
        self.assertIn("256", self.assert_error("WORKER_ID", "gen", "--worker-id", "256"))
        self.assert_error("NAME", "gen", "--name", "../escape")
        self.assert_error("STORE_UNKNOWN", "gen", "--store", "paper")
        self.assert_error("DIRECTORY", "gen", "--directory", self.config)
        self.assert_nothing_made()


class RegionOptionsTest(CommandTest):
    def test_reach_the_region(self):
        self.run_command("gen", "--name", "orders", "--namespace", "shop", "--store", "none",
                         "--worker-id", "0", "--worker-id-bits", "4", "--machine-bits", "3",
                         "--sequence-bits", "10", "--tick-us", "2000", "--epoch-ms", "0",
                         "--ordering", "relaxed", "--max-backward-ms", "0", "--horizon-ms", "5000")
        del self.env["SNOWFLAKE_WORKER_ID"]
        status = self.json("status", "--name", "orders")
        self.assertEqual(("orders", "shop", "none", "relaxed", 0, "option", 0, 5000),
                         tuple(status[key] for key in
                               ("name", "namespace", "store", "ordering", "worker_id",
                                "worker_id_source", "max_backward_ms", "horizon_ms")))
        self.assertEqual({"name": None, "id_bits": 63, "worker_last": False, "timestamp_bits": 49, "datacenter_bits": 1, "machine_bits": 3,
                          "sequence_bits": 10, "tick_us": 2000, "epoch_ms": 0}, status["layout"])

    def test_stand_over_the_environment(self):
        del self.env["SHMFLAKE_DIR"], self.env["SHMFLAKE_STATE_DIR"]
        places = ["--directory", self.regions, "--state-directory", self.state]
        self.run_command("gen", *places, "--worker-id", "9")
        self.assertEqual(9, self.json("status", *places, "--worker-id", "9")["worker_id"])
        self.assert_error("SETTINGS_DIFFER", "status", *places)

    def test_that_differ_from_the_regions_are_an_error(self):
        self.run_command("gen")
        self.assertIn("10", self.assert_error("SETTINGS_DIFFER", "gen", "--sequence-bits", "10"))


class CheckConfigTest(CommandTest):
    def settings(self, *arguments):
        return {line["key"]: line for line in self.json("check-config", *arguments)["settings"]}

    def test_shows_each_setting_with_its_source(self):
        path = self.write("good.toml", 'machine_id = 3\ndatacenter_id = 1\nsequence_bits = 11\n')
        del self.env["SNOWFLAKE_WORKER_ID"]
        self.env["SHMFLAKE_MAX_BACKWARD_MS"] = "25"
        settings = self.settings(path, "--horizon-ms", "7000")
        self.assertEqual("67", settings["worker_id"]["value"])
        self.assertIn("good.toml", settings["worker_id"]["source"])
        self.assertEqual("11", settings["sequence_bits"]["value"])
        self.assertIn("good.toml:3", settings["sequence_bits"]["source"])
        self.assertEqual(("25", "environment SHMFLAKE_MAX_BACKWARD_MS"),
                         (settings["max_backward_ms"]["value"],
                          settings["max_backward_ms"]["source"]))
        self.assertEqual(("7000", "option"),
                         (settings["horizon_ms"]["value"], settings["horizon_ms"]["source"]))
        self.assertEqual("default", settings["tick_us"]["source"])
        self.assert_nothing_made()

    def test_text_ends_with_the_layout(self):
        text = self.run_command("check-config").stdout
        self.assertRegex(text, r"worker_id +5 +environment SNOWFLAKE_WORKER_ID\n")
        self.assertIn("4,096 IDs a tick, 4,096,000 a second", text)

    def test_bad_files_are_errors_that_name_the_place(self):
        for name, text, line in (("CONFIG_KEY", "sequence_bits = 12\nmachine = 3\n", 2),
                                 ("CONFIG_TYPE", 'sequence_bits = "12"\n', 1),
                                 ("CONFIG_SYNTAX", "\n\nsequence_bits =\n", 3)):
            path = self.write("bad.toml", text)
            self.assertIn(f"bad.toml:{line}", self.assert_error(name, "check-config", path))
        missing = os.path.join(self.state, "missing.toml")
        self.assertIn(missing, self.assert_error("CONFIG_NOT_FOUND", "check-config", missing))
        self.assert_nothing_made()


class HealthTest(CommandTest):
    def test_of_a_region_that_issues_ids(self):
        self.run_command("gen")
        self.assertIn("healthy", self.run_command("health").stdout)
        document = self.json("health")
        self.assertIs(True, document["healthy"])
        self.assertNotIn("error", document)

    def test_without_a_region_is_bad_and_makes_none(self):
        done = self.run_command("health", expect=FAILED)
        self.assertEqual("", done.stdout)
        self.assertIn("unhealthy: ", done.stderr)
        document = self.json("health", expect=FAILED)
        self.assertIs(False, document["healthy"])
        self.assertEqual("NOT_FOUND", document["error"]["name"])
        self.assert_nothing_made()

    def test_of_a_retired_region_is_bad(self):
        self.run_command("gen")
        self.run_command("retire")
        self.run_command("health", expect=FAILED)

    def test_of_an_idle_region_is_good_as_long_as_the_lease_can_be_extended(self):
        self.run_command("gen", "--horizon-ms", "100")
        time.sleep(0.3)
        self.assertLess(self.json("status")["ceiling_in_ms"], 0)
        self.run_command("health")
        self.assertGreaterEqual(self.json("status")["counters"]["lease_extensions"], 1)

    def test_is_bad_when_the_ceiling_is_passed_and_the_lease_cannot_be_extended(self):
        self.run_command("gen", "--horizon-ms", "100", "--wait-timeout-ms", "200")
        time.sleep(0.3)
        with self.locked_store():
            document = self.json("health", "--wait-timeout-ms", "200", expect=FAILED)
        self.assertLess(document["error"]["code"], 0)

    def test_warns_without_failing(self):
        del self.env["SNOWFLAKE_WORKER_ID"]
        self.run_command("gen", "--store", "none")
        warnings = " ".join(self.json("health")["warnings"])
        self.assertIn("not guaranteed unique", warnings)
        self.assertIn("store is none", warnings)
        self.assertIn("shmflake: warning: ", self.run_command("health").stderr)

    def test_warns_of_the_end_of_the_time_range(self):
        # 20 bits of 1 s ticks: 12 days.
        epoch = str(int(time.time() - 3600) * 1000)
        self.run_command("gen", "--worker-id-bits", "12", "--sequence-bits", "31", "--tick-us",
                         "1000000", "--epoch-ms", epoch)
        self.assertIn("time range ends", " ".join(self.json("health")["warnings"]))


class RetireTest(CommandTest):
    def test_the_next_region_issues_larger_ids_with_other_settings(self):
        before = self.ids("-n", "100")
        self.assertEqual({"retired": "default"}, self.json("retire"))
        after = self.ids("-n", "1")
        self.assertGreater(after[0], before[-1])
        self.assertEqual(1, self.json("status")["counters"]["ids_issued"])

    def test_without_a_region_is_an_error_and_makes_none(self):
        self.assert_error("NOT_FOUND", "retire")
        self.assert_nothing_made()
        self.run_command("gen")
        self.assertIn("retired region default", self.run_command("retire").stdout)
        self.run_command("retire", expect=FAILED)


if __name__ == "__main__":
    main()
