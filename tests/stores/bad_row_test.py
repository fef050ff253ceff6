# SPDX-License-Identifier: Apache-2.0
"""Rows, rights and passwords that are wrong, on real servers: a clear error, nothing written, and
living processes that draw on once it is mended. The password is seen nowhere."""

import base64
import contextlib
import glob
import json
import os
import urllib.parse

from segment_support import (PASSWORD, EtcdStore, MariaDbStore, PostgresStore, SegmentCase, main)

STEP = 200
WAIT_MS = 20_000  # what time does not mend is said at once; a busy machine needs its time
NEAR_THE_END = 2**63 - 6
WRONG = "wrong-7391-password"


def shapes_of(secret):
    """As it may be written: plain, quoted, in a URL, in base64."""
    plain = secret.encode()
    coded = base64.b64encode(plain).rstrip(b"=")
    return {plain, json.dumps(secret)[1:-1].encode(), urllib.parse.quote(secret).encode(),
            plain.replace(b"\\", b"\\\\"), plain.replace(b"'", b"''"), coded}


class BadRowContract:
    def setUp(self):
        self.said = []  # all that any command said
        super().setUp()
        self.tag = self.id().rpartition("_")[2]
        self.store.set_row(self.tag, 0, STEP)
        self.passwords = os.path.join(self.state, "password")
        self.say_password(PASSWORD)
        del self.env["SHMFLAKE_STORE_PASSWORD"]
        self.env.update(SHMFLAKE_SEGMENT_STORE=self.store.url(password_file=self.passwords),
                        SHMFLAKE_LOG="stderr")
        self.many = []

    def say_password(self, text):
        """In one step: whoever reads sees the old one or the new one."""
        new = self.write("password.new", text + "\n")
        os.replace(new, self.passwords)

    def run_command(self, *arguments, **options):
        done = super().run_command(*arguments, **options)
        self.said.append(done.stdout + done.stderr)
        return done

    def draw_in_two_processes(self):
        self.many = [self.draw(self.tag, max_step=STEP, wait_ms=WAIT_MS, pause_us=3000, burst=2)
                     for _ in range(2)]
        self.wait_for_draws(self.many, STEP)

    def refused(self, code):
        """The command's message. Without the log, so that the error is the only line."""
        log = self.env.pop("SHMFLAKE_LOG")
        try:
            return self.assert_error(code, "segment", "gen", self.tag, "--max-step", str(STEP),
                                     "--wait-timeout-ms", str(WAIT_MS))
        finally:
            self.env["SHMFLAKE_LOG"] = log

    # ------------------------------------------------------------------ one fault after another

    def assert_refused_and_mended(self, fault, code, says):
        """While the fault lasts, nobody draws and nothing is written; then all draw on."""
        seen = [len(drawer.calls()) for drawer in self.many]
        with fault as spoilt:
            self.wait_until(f"each process is told {code}", lambda: all(
                code in [call[1] for call in drawer.failed_calls(old)]
                for drawer, old in zip(self.many, seen)))
            # Where the fault is not in the row, a fetch may have been under way.
            spoilt = spoilt or self.store.row(self.tag)
            self.assertRegex(self.refused(code), says)
            for drawer, old in zip(self.many, seen):
                self.assertEqual({code}, {call[1] for call in drawer.failed_calls(old)})
                self.assertRegex(drawer.failed_calls(old)[-1][2], says)
            status = self.status(self.tag)
            self.assertEqual((code, None, 0), (status["last_error"]["name"], status["next_id"],
                                               status["remaining"]))
            self.assertEqual(spoilt, self.store.row(self.tag))
        self.wait_for_draws(self.many, STEP)
        self.wait_until("nothing is wrong any more", self.is_clean)

    def is_clean(self):
        status = self.status(self.tag)
        return (status["last_error"], status["failures_in_row"]) == (None, 0)

    @contextlib.contextmanager
    def row_of(self, max_id=None, step=STEP):
        """And then a good one again, above all that was granted."""
        above = self.store.max_id(self.tag) + 50 * STEP
        self.store.set_row(self.tag, above if max_id is None else max_id, step)
        yield self.store.row(self.tag)
        self.store.set_row(self.tag, above, STEP)

    @contextlib.contextmanager
    def no_row(self):
        above = self.store.max_id(self.tag) + 50 * STEP
        self.store.delete_row(self.tag)
        yield
        self.store.set_row(self.tag, above, STEP)

    @contextlib.contextmanager
    def wrong_password(self):
        self.say_password(WRONG)
        yield
        self.say_password(PASSWORD)

    # ------------------------------------------------------------------ the tests

    def test_bad_rows(self):
        self.draw_in_two_processes()
        for fault, code, says in (
                (self.row_of(step=0), "STEP", r"step must be 1\.\.200 .*: 0"),
                (self.row_of(step=STEP + 1), "STEP", r"step must be 1\.\.200 .*: 201"),
                (self.row_of(max_id=-5), "SEGMENT_RANGE", r"max_id must be 0\.\..*: -5"),
                (self.row_of(max_id=NEAR_THE_END), "SEGMENT_RANGE", f"max_id .*: {NEAR_THE_END}"),
                (self.row_of(max_id=2 * STEP), "SEGMENT_BACKWARDS", "went backwards: .* is 400, "),
                (self.no_row(), "TAG_UNKNOWN", "no row for the tag")):
            self.assert_refused_and_mended(fault, code, says)
        self.assert_over()

    def test_bad_rights(self):
        self.draw_in_two_processes()
        for fault, says in ((self.wrong_password(), "(?i)denied|password|authentication"),
                            (self.store.no_rights(), "(?i)denied|permission")):
            self.assert_refused_and_mended(fault, "STORE_DENIED", says)
        self.assert_over()

    def test_bad_shape(self):
        self.draw_in_two_processes()
        self.assert_refused_and_mended(self.store.another_shape(self.tag), "STORE_SCHEMA", "max_id")
        self.assert_over()

    def test_a_tag_without_row_gets_one_only_if_told_to(self):
        self.store.delete_row(self.tag)
        self.assertRegex(self.refused("TAG_UNKNOWN"), "create")
        self.assertIsNone(self.store.row(self.tag))
        # Until then, others are told the same.
        self.wait_until("another attempt is due", lambda: not self.status(self.tag)["next_attempt_in_ms"])
        drawer = self.draw(self.tag, create=1, step=7, count=9, wait_ms=WAIT_MS)
        self.assertEqual((0, []), (drawer.process.wait(60), drawer.failed_calls()))
        self.assertEqual(list(range(1, 10)), list(drawer.ids()))
        self.assertIn(self.store.max_id(self.tag), (7 + 14, 7 + 14 + 28))  # with those fetched ahead

    # ------------------------------------------------------------------ in the end

    def assert_over(self):
        for drawer in self.many:
            self.assertEqual(0, drawer.finish())
        # By whoever asked the store; the others read it in the region.
        self.assertIn("segment_not_fetched", "".join(drawer.errors() for drawer in self.many))
        self.assert_ascending(self.many)

    def tearDown(self):
        """Nothing that anybody said, and no file, has a password. Of one in the environment, either."""
        secrets = {secret: shapes_of(secret) for secret in (PASSWORD, WRONG)}
        for url, password in ((self.store.url(), WRONG), (self.store.url(), PASSWORD),
                              (self.store.url(password_file=self.passwords), None)):
            self.env.update(SHMFLAKE_SEGMENT_STORE=url, SHMFLAKE_STORE_PASSWORD=password or "")
            for arguments in (("segment", "list"), ("segment", "status", self.tag), ("check-config",)):
                for form in ([], ["--json"]):
                    self.run_command(*arguments, *form)
        said = {"what commands said": "".join(self.said).encode()}
        for path in glob.glob(self.regions + "/*") + glob.glob(self.state + "/*"):
            if path != self.passwords and not path.endswith(".ids"):
                with open(path, "rb") as file:
                    said[path] = file.read()
        self.assertTrue(any(path.endswith(".err") or not self.many for path in said))
        for where, text in said.items():
            for secret, shapes in secrets.items():
                for shape in shapes:
                    self.assertNotIn(shape, text, f"{secret} is in {where}")
        super().tearDown()


class MariaDbBadRow(BadRowContract, SegmentCase):
    store_class = MariaDbStore


class PostgresBadRow(BadRowContract, SegmentCase):
    store_class = PostgresStore


class EtcdBadRow(BadRowContract, SegmentCase):
    store_class = EtcdStore
    store_options = {"auth": True}


if __name__ == "__main__":
    main(beside_each_other=True)
