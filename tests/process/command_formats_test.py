#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command from outside: how IDs are written, hidden and recognised; layouts by name."""

import os
import pathlib
import re
import subprocess
import time
import uuid

from command_support import COMMAND, CommandTest, main

FORMS = {"decimal": r"[1-9][0-9]*", "hex": r"[0-9a-f]{16}", "base36": r"[0-9a-z]{13}",
         "base58": r"[1-9A-HJ-NP-Za-km-z]{11}", "base62": r"[0-9A-Za-z]{11}",
         "crockford32": r"[0-9A-HJKMNP-TV-Z]{13}"}
UUID7 = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
ULID = r"[0-7][0-9A-HJKMNP-TV-Z]{25}"
LAYOUTS = ["default", "twitter", "discord", "instagram", "mastodon", "sonyflake", "leaf", "baidu",
           "mid", "tsid", "js53"]
KEY = bytes(range(16)).hex()
TWEET = "1541815603606036480"  # 2022-06-28, worker 378
RFC_UUID7 = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"  # RFC 9562, appendix A.6
SPEC_ULID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"  # github.com/ulid/spec
RFC_UUIDS = {  # RFC 9562, appendices A and B
    "C232AB00-9414-11EC-B3C8-9F6BDECED846": 1, "5df41881-3aed-3515-88a7-2f4a814cf09e": 3,
    "919108f7-52d1-4320-9bac-f847db4148a8": 4, "2ed6657d-e927-568b-95e1-2665a8aea6a2": 5,
    "1EC9414C-232A-6B00-B3C8-9F6BDECED846": 6, "2489E9AD-2EE2-8E00-8EC9-32D5F69181C0": 8}


class FormatsTest(CommandTest):
    def texts(self, *arguments):
        return self.run_command("gen", *arguments).stdout.split()

    def one(self, *arguments):
        """What decode --json says of its only text."""
        ids = self.json("decode", *arguments)["ids"]
        self.assertEqual(1, len(ids))
        return ids[0]

    def key_file(self, text=KEY, mode=0o600, name="mask.key"):
        path = self.write(name, text)
        os.chmod(path, mode)
        return path

    def assert_fits_a_terminal(self, text):
        for line in text.splitlines():
            self.assertLessEqual(len(line), 80, line)


class GenFormatTest(FormatsTest):
    def test_every_form_is_of_its_shape_and_is_recognised(self):
        for form, shape in FORMS.items():
            drawn = self.texts("-n", "50", "--format", form)
            self.assertEqual(50, len(set(drawn)))
            self.assertEqual(sorted(drawn), drawn)
            for text in drawn:
                self.assertRegex(text, rf"\A{shape}\Z")
            decoded = self.json("decode", *drawn)["ids"]
            self.assertEqual([form] * 50, [one["form"] for one in decoded])
            self.assertEqual([5] * 50, [one["worker_id"] for one in decoded])
            numbers = [int(one["id"]) for one in decoded]
            self.assertEqual(sorted(numbers), numbers)
            self.assertEqual(numbers[0], int(self.one("--format", form, drawn[0])["id"]))

    def test_uuids_and_ulids_ascend_in_one_order_over_runs(self):
        drawn = []
        for form, shape in (("uuid7", UUID7), ("ulid", ULID), ("uuid7", UUID7)):
            texts = self.texts("-n", "5000", "--format", form)
            self.assertEqual((5000, sorted(texts)), (len(set(texts)), texts))
            for text in texts:
                self.assertRegex(text, rf"\A{shape}\Z")
            drawn.append(self.json("decode", texts[0], texts[-1])["ids"])
        order = [(one["unix_ms"], one["counter"]) for pair in drawn for one in pair]
        self.assertEqual(sorted(order), order)
        self.assertAlmostEqual(time.time() * 1000, order[-1][0], delta=10000)

    def test_python_reads_our_uuids_as_version_7(self):
        for text in self.texts("-n", "20", "--format", "uuid7"):
            one = uuid.UUID(text)
            self.assertEqual((7, uuid.RFC_4122), (one.version, one.variant))
            self.assertEqual(one.int >> 80, self.one(text)["unix_ms"])

    def test_json_says_the_form(self):
        for form in (*FORMS, "uuid7", "ulid"):
            document = self.json("gen", "-n", "2", "--format", form)
            self.assertEqual((2, form, False),
                             (document["count"], document["format"], document["masked"]))
            self.assertEqual(2, len(document["ids"]))

    def test_a_form_that_there_is_not_is_wrong_usage(self):
        for bad in ("", "base64", "Hex", "uuid", "uuid4", "hex "):
            self.assert_usage("gen", "--format", bad, says=f'ulid: "{bad}"')
        for bad in ("", "base64", "guid"):
            self.assert_usage("decode", "--format", bad, "1", says=f'ulid: "{bad}"')
        self.assert_nothing_made()


class MaskTest(FormatsTest):
    def test_the_manuals_example_holds(self):
        hidden = "7567232762319151202"
        one = self.one("--layout", "discord", "--unmask-key-file", self.key_file(), hidden)
        self.assertEqual(("175928847299117063", hidden), (one["id"], one["masked"]))
        self.assertEqual("2016-04-30T11:18:25.796Z", one["time"])

    def test_masked_ids_are_out_of_order_and_unmask_in_every_form(self):
        key = self.key_file(KEY + "\n")
        for form in FORMS:
            before = self.ids()[0]
            hidden = self.texts("-n", "40", "--mask-key-file", key, "--format", form)
            after = self.ids()[0]
            self.assertNotEqual(sorted(hidden), hidden)
            shown = self.json("decode", "--unmask-key-file", key, "--format", form, *hidden)["ids"]
            ids = [int(one["id"]) for one in shown]
            self.assertEqual(sorted(set(ids)), ids)
            self.assertTrue(before < ids[0] and ids[-1] < after)
        self.assertIs(True, self.json("gen", "--mask-key-file", key)["masked"])

    def test_unmasking_tells_base62_from_base58(self):
        key = self.key_file()
        for form in ("base58", "base62"):
            hidden = self.texts("-n", "20", "--mask-key-file", key, "--format", form)
            right = [one["form"] for one in
                     self.json("decode", "--unmask-key-file", key, *hidden)["ids"]].count(form)
            # The wrong form makes sense by chance, once in 50.
            self.assertGreaterEqual(right, 15)

    def test_a_key_file_that_others_may_read_is_refused(self):
        for mode in (0o644, 0o640, 0o604, 0o606, 0o660, 0o601):
            path = self.key_file(mode=mode)
            for arguments in (["gen", "--mask-key-file", path],
                              ["decode", "--unmask-key-file", path, "1"]):
                message = self.assert_error("MODE", *arguments)
                self.assertIn(f"(chmod 600): {mode:04o}", message)
        self.assert_nothing_made()

    def test_a_key_that_is_none_is_refused_and_never_told(self):
        for bad in ("", "\n", KEY[1:], KEY + "0", KEY + " ", KEY + "\n\n", " " + KEY[1:],
                    KEY[:-1] + "g", "0x" + KEY[2:], "-1" + KEY[2:], "+1" + KEY[2:], KEY + KEY,
                    KEY + "\r\n\n"):
            message = self.assert_error("OPTION", "gen", "--mask-key-file", self.key_file(bad))
            self.assertIn("32 hex digits", message)
            self.assertNotIn(KEY[4:12], message)
        self.assert_error("SYSTEM", "gen", "--mask-key-file", os.path.join(self.state, "none"))
        self.assert_error("NOT_REGULAR", "gen", "--mask-key-file", self.state)
        self.assert_error("NOT_REGULAR", "gen", "--mask-key-file", "/dev/null")
        self.assert_usage("gen", "--mask-key-file", "", says="must not be empty")
        self.assert_usage("decode", "--unmask-key-file", "", "1", says="must not be empty")
        self.assert_nothing_made()

    def test_a_key_in_either_case_with_either_end_of_line_is_one_key(self):
        upper = "AABBCCDDEEFF00112233445566778899"
        shown = {self.one("--unmask-key-file", self.key_file(text), "12345")["id"]
                 for text in (upper, upper.lower(), upper + "\n", upper + "\r\n")}
        self.assertEqual(1, len(shown))

    def test_uuids_and_ulids_are_never_masked(self):
        key = self.key_file()
        for form in ("uuid7", "ulid"):
            for arguments in (["--format", form, "--mask-key-file", key],
                              ["--mask-key-file", key, "--format", form]):
                self.assert_usage("gen", *arguments, says="never masked")
        for text in (RFC_UUID7, SPEC_ULID):
            self.assert_error("ID", "decode", "--unmask-key-file", key, text)
        self.assert_nothing_made()

    def test_a_masked_id_has_no_sign_bit(self):
        message = self.assert_error("ID", "decode", "--unmask-key-file", self.key_file(),
                                    str(2 ** 63))
        self.assertIn(str(2 ** 63), message)


class RecogniseTest(FormatsTest):
    def test_hex_is_known_by_its_prefix_or_its_length(self):
        for text in ("0x1565a11f6217a000", "0X1565A11F6217A000", "1565a11f6217a000"):
            one = self.one("--layout", "twitter", text)
            self.assertEqual(("hex", TWEET), (one["form"], one["id"]))
        self.assertEqual(("hex", "255"), tuple(self.one("0xff")[key] for key in ("form", "id")))
        self.assertEqual("255", self.one("--format", "hex", "ff")["id"])
        # Other forms have an x, too.
        self.assertEqual("base62", self.one("0xCKHh35wxE")["form"])
        self.assertEqual("base36", self.one("0xhaaxmyu2mh3")["form"])

    def test_the_first_form_that_makes_sense_is_taken_and_all_are_said(self):
        # Digits are all of decimal, base62 and base58; in 1970 there were no IDs.
        text = "11565415811"
        one = self.one("--layout", "twitter", text)
        self.assertEqual("decimal", one["form"])
        self.assertEqual(["decimal", "base62", "base58"],
                         [entry["form"] for entry in one["considered"]])
        one = self.one("--layout", "mastodon", text)
        self.assertEqual([False] * 3, [entry["makes_sense"] for entry in one["considered"]])
        self.assertEqual("decimal", one["form"])
        self.assertIn("--format reads it as base62, base58",
                      self.run_command("decode", text).stdout)
        for form in ("decimal", "base62", "base58"):
            one = self.one("--format", form, text)
            self.assertEqual(([form], form), ([entry["form"] for entry in one["considered"]],
                                              one["form"]))

    def test_thirteen_characters_are_crockfords_in_capitals_and_base36_in_small_letters(self):
        for text, first in (("0AAAAAAAAAAAA", "crockford32"), ("0aaaaaaaaaaaa", "base36"),
                            ("0AAAA-AAAA-AAAA", "crockford32"), ("0aaaa-aaaa-aaaa", "crockford32")):
            considered = self.one(text)["considered"]
            self.assertEqual(first, considered[0]["form"])
            self.assertEqual(1 if "-" in text else 2, len(considered))

    def test_a_uuid_says_its_version_and_its_instant_if_there_is_one(self):
        one = self.one(RFC_UUID7.upper())
        self.assertEqual((RFC_UUID7, 7, "2022-02-22T19:22:22.000Z", 1645557742000),
                         (one["id"], one["version"], one["time"], one["unix_ms"]))
        self.assertEqual(0xcc3 << 4 | 0x98 >> 2 & 15, one["counter"])
        for text, version in RFC_UUIDS.items():
            one = self.one(text)
            self.assertEqual((f"UUIDv{version}", version), (one["kind"], one["version"]))
            self.assertNotIn("time", one)
            self.assertRegex(one["about"], "instant")
            self.assertIn(one["about"], self.run_command("decode", text).stdout)
        for text, about in ((str(uuid.UUID(int=0)), "nil"), (str(uuid.UUID(int=2**128 - 1)), "max"),
                            ("017f22e2-79b0-7cc3-18c4-dc0c0c07398f", "variant"),
                            ("017f22e2-79b0-fcc3-98c4-dc0c0c07398f", "no version")):
            one = self.one(text)
            self.assertIn(about, one["about"])
            self.assertNotIn("time", one)

    def test_a_ulid_says_its_instant_in_either_case(self):
        for text in (SPEC_ULID, SPEC_ULID.lower()):
            one = self.one(text)
            self.assertEqual((SPEC_ULID, "ULID", "ulid", 1469922850259),
                             (one["id"], one["kind"], one["form"], one["unix_ms"]))

    def test_uuids_and_ulids_need_neither_region_nor_right_configuration(self):
        self.env["SNOWFLAKE_CONFIG"] = self.write("bad.toml", "nonsense = 1\n")
        document = self.json("decode", RFC_UUID7, SPEC_ULID)
        self.assertEqual({"ids"}, set(document))
        self.assert_error("CONFIG_KEY", "decode", RFC_UUID7, "1")

    def test_what_is_in_no_form_is_told_with_position_and_character(self):
        for bad, name, parts in (
                (RFC_UUID7[:-1] + "g", "TEXT", ["as uuid", '"g" at position 36']),
                (RFC_UUID7.replace("-", "_"), "TEXT", ["as uuid", "position 9"]),
                (RFC_UUID7 + "0", "TEXT", ["as uuid", "36 characters"]),
                (SPEC_ULID[:-1] + "U", "TEXT", ["as ulid", '"U" at position 26']),
                ("8" + SPEC_ULID[1:], "TEXT", ["as ulid", '"8" at position 1']),
                ("zzzzzzzzzzz", "TEXT", ["as base62", "at most", "as base58"]),
                ("00000_00000", "TEXT", ["as base62", '"_" at position 6', "as base58"]),
                ("zzzzzzzzzzzzz", "TEXT", ["as base36", "at most", "as crockford32"]),
                ("0x1g", "TEXT", ["as hex", '"g" at position 2, counted behind 0x']),
                ("0x" + "1" * 17, "TEXT", ["as hex", "1..16 digits", "17"]),
                ("0x", "TEXT", ["as decimal", "position 2"]),
                ("007", "TEXT", ["leading zeros", "position 1"]),
                ("ffffffffffffffff", "ID", ["as hex", str(2 ** 64 - 1)]),
                ("\x1b[31mred", "TEXT", ["?[31mred"]), ("ä", "TEXT", ["ä"]),
                ("9" * 500, "TEXT", ["(500 characters)", "1..20 digits"])):
            message = self.assert_error(name, "decode", bad)
            for part in parts:
                self.assertIn(part, message)
            self.assertLess(len(message), 400)
        for form, bad in (("hex", "g"), ("decimal", "0xff"), ("uuid", SPEC_ULID),
                          ("ulid", RFC_UUID7), ("base58", "0"), ("base36", "1" * 14)):
            self.assertIn(f'"{bad}": as {form}, ',
                          self.assert_error("TEXT", "decode", "--format", form, bad))
        self.assert_nothing_made()

    def test_several_of_all_kinds_make_tables_that_fit_a_terminal(self):
        texts = [TWEET, "0x1565a11f6217a000", self.texts("--format", "base36")[0], RFC_UUID7,
                 SPEC_ULID, self.texts("--format", "base58")[0]]
        text = self.run_command("decode", *texts).stdout
        for one in texts:
            self.assertIn(one, text)
        self.assertIn("1 taken as base58; --format reads as base62\n", text)
        self.assert_fits_a_terminal(text)
        for one in texts:
            self.assert_fits_a_terminal(self.run_command("decode", one).stdout)


class ExamplesTest(FormatsTest):
    """What the manuals show is run, word for word, in one directory."""

    def run_examples(self, lines):
        work = os.path.join(self.state, "work")
        os.makedirs(os.path.join(work, "bin"), exist_ok=True)
        if not os.path.lexists(os.path.join(work, "bin", "shmflake")):
            os.symlink(COMMAND, os.path.join(work, "bin", "shmflake"))
            pathlib.Path(work, "snowflake.toml").touch()
        env = dict(self.env, PATH=os.path.join(work, "bin") + ":" + os.environ["PATH"])
        ran = 0
        for line in lines:
            if "stress" in line or "jq" in line:  # long; and not of this package
                continue
            done = subprocess.run(["sh", "-c", line], cwd=work, env=env, capture_output=True,
                                  text=True, timeout=60, check=False)
            self.assertEqual((0, ""), (done.returncode, done.stderr), line)
            ran += 1
        return ran

    def test_of_the_help(self):
        for arguments, least in (([], 4), (["gen"], 6), (["decode"], 5), (["layouts"], 3),
                                 (["retire"], 2)):
            text = self.run_command(*arguments, "--help").stdout.split("Examples:\n")[1]
            lines = [re.split(r" {4,}", line.strip())[0] for line in text.splitlines()
                     if re.match(r"  (shmflake|\(umask)", line)]
            self.assertGreaterEqual(self.run_examples(lines), least)

    def test_of_the_manual_page(self):
        page = pathlib.Path(__file__).resolve().parents[2] / "tools/shmflake.1"
        text = page.read_text(encoding="utf-8").split(".Sh EXAMPLES")[1]
        text = text.replace("\\(aq", "'").replace("\\en", "\\n")
        self.run_command("gen", "--name", "orders")  # whose settings it changes
        self.assertGreaterEqual(self.run_examples(re.findall(r"^\.Dl \$ (.*)", text, re.M)), 9)


class LayoutsTest(FormatsTest):
    def test_are_listed_with_what_they_give_up(self):
        layouts = self.json("layouts")["layouts"]
        self.assertEqual(LAYOUTS, [layout["name"] for layout in layouts])
        for layout in layouts:
            self.assertEqual(layout["id_bits"],
                             sum(layout[part + "_bits"] for part in
                                 ("timestamp", "datacenter", "machine", "sequence")))
            self.assertEqual(layout["until_unix_ms"], layout["epoch_ms"]
                             + (layout["tick_us"] << layout["timestamp_bits"]) // 1000)
        self.assertEqual(["sonyflake"], [one["name"] for one in layouts if one["worker_last"]])
        self.assertEqual(["js53"], [one["name"] for one in layouts if one["id_bits"] == 53])
        text = self.run_command("layouts").stdout
        self.assert_fits_a_terminal(text)
        self.assertRegex(text, r"\njs53 +35/6/12 +100 ms +2025-01-01 +2133-11-\d\d +40,960 +64\n")
        self.assertRegex(text, r"\nbaidu .* over ")
        self.assertIn("not shard", text)
        self.assert_usage("layouts", "twitter")
        self.assert_nothing_made()

    def test_a_region_of_each_is_named_and_decodes_as_without_it(self):
        self.env["SNOWFLAKE_WORKER_ID"] = "0"
        moved = ("baidu", "sonyflake-moved", "js53-moved")  # to another epoch: baidu's time is over
        for name in LAYOUTS + ["sonyflake-moved", "js53-moved"]:
            options = ["--name", name, "--layout", name.split("-")[0]]
            if name in moved:
                options += ["--epoch-ms", "1700000000000"]
            drawn = self.texts("-n", "3", *options)
            region = self.json("decode", "--name", name, *drawn)
            named = self.json("decode", *options, *drawn)
            self.assertEqual(("region", "name"), (region["layout_from"], named["layout_from"]))
            self.assertEqual((region["ids"], region["layout"]), (named["ids"], named["layout"]))
            self.assertAlmostEqual(time.time() * 1000, region["ids"][0]["unix_ms"], delta=10000)
            layout = self.json("status", "--name", name)["layout"]
            self.assertEqual(None if name in moved else name, layout["name"])
            self.assertEqual(layout, self.json("check-config", *options)["layout"])
            for arguments in (["status", "--name", name], ["check-config", *options]):
                text = self.run_command(*arguments).stdout
                self.assertEqual(name not in moved, f" {name} (shmflake layouts" in text)
            self.assert_fits_a_terminal(self.run_command("decode", *options, drawn[0]).stdout)

    def test_the_configuration_may_say_it(self):
        self.env["SHMFLAKE_LAYOUT"] = "twitter"
        document = self.json("decode", TWEET)
        self.assertEqual(("settings", "twitter"),
                         (document["layout_from"], document["layout"]["name"]))
        self.assertEqual("2022-06-28T16:07:40.105Z", document["ids"][0]["time"])
        self.assertEqual([], document["ids"][0]["also"])

    def test_when_none_is_said_those_that_would_make_sense_are_listed(self):
        document = self.json("decode", TWEET)
        self.assertEqual(("default", "default"),
                         (document["layout_from"], document["layout"]["name"]))
        also = {one["layout"]: one for one in document["ids"][0]["also"]}
        self.assertEqual(("2022-06-28T16:07:40.105Z", 378, 0, TWEET),
                         tuple(also["twitter"][key]
                               for key in ("time", "worker_id", "sequence", "id")))
        self.assertNotIn("default", also)
        self.assertNotIn("js53", also)  # has more than 53 bits
        self.assertNotIn("mastodon", also)  # would be of the year 2715
        text = self.run_command("decode", TWEET).stdout
        self.assertRegex(text, r"\n +twitter +2022-06-28T16:07:40\.105Z +378 +0\n")
        self.assertIn("no layout is said", text)
        self.assert_fits_a_terminal(text)
        self.assertIn("with --layout twitter",
                      self.run_command("decode", TWEET, TWEET).stdout.replace("\n", " "))

    def test_a_region_lists_others_only_for_ids_that_make_no_sense_in_it(self):
        drawn = self.texts()[0]
        self.assertEqual([], self.one(drawn)["also"])
        self.assertIn("twitter", [one["layout"] for one in self.one(TWEET)["also"]])
        self.assertEqual([], self.one("--layout", "default", TWEET)["also"])

    def test_ids_of_more_bits_than_the_layout_has_are_refused(self):
        self.assertEqual(2 ** 35 - 1, self.one("--layout", "js53", str(2 ** 53 - 1))["timestamp"])
        message = self.assert_error("ID", "decode", "--layout", "js53", str(2 ** 53))
        self.assertIn(f"has 53 bits, the sign bit stays 0: {2 ** 53}", message)
        message = self.assert_error("ID", "decode", "--layout", "js53", "--epoch-ms", "0",
                                    str(2 ** 53))
        self.assertIn(f"has 53 bits, the sign bit stays 0: {2 ** 53}", message)
        self.env["SNOWFLAKE_WORKER_ID"] = "0"
        self.run_command("gen", "--layout", "js53")
        self.assertIn("has 53 bits", self.assert_error("ID", "decode", str(2 ** 53)))

    def test_a_layout_that_there_is_not_or_beside_other_bits_is_the_librarys_error(self):
        for arguments in (["gen"], ["decode", "1"], ["check-config"]):
            message = self.assert_error("LAYOUT", *arguments, "--layout", "flickr")
            self.assertIn("twitter", message)
            self.assertIn("flickr", message)
            self.assert_error("LAYOUT", *arguments, "--layout", "twitter", "--sequence-bits", "10")
            self.assert_usage(*arguments, "--layout", "", says="must not be empty")
        self.assert_nothing_made()
        self.run_command("gen", "--layout", "twitter")
        self.assertIn("twitter", self.assert_error("SETTINGS_DIFFER", "gen", "--layout", "discord"))

    def test_stress_hunts_in_each_of_them(self):
        for name in ("sonyflake", "mastodon"):
            document = self.json("stress", "--processes", "2", "--ids", "3000", "--kill", "0",
                                 "--layout", name)
            self.assertEqual(name, document["layout"]["name"])


if __name__ == "__main__":
    main()
