# SPDX-License-Identifier: Apache-2.0
"""What the tests of the command share: a place of their own for each test, and the way to run it."""

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest

OK, FAILED, USAGE = 0, 1, 2


def command_path():
    if "SHMFLAKE_COMMAND" in os.environ:
        return os.environ["SHMFLAKE_COMMAND"]
    if "SHMFLAKE_BUILD" in os.environ:
        return os.path.join(os.environ["SHMFLAKE_BUILD"], "tools", "shmflake")
    sys.exit("SHMFLAKE_COMMAND must be the path of the built command")


COMMAND = os.path.abspath(command_path())


class CommandTest(unittest.TestCase):
    """Runs the command with a region directory, a state directory and an environment of the test's."""

    def setUp(self):
        shared = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.regions = tempfile.mkdtemp(prefix="shmflake-test-", dir=shared)
        self.state = tempfile.mkdtemp(prefix="shmflake-test-")
        self.addCleanup(shutil.rmtree, self.regions, ignore_errors=True)
        self.addCleanup(shutil.rmtree, self.state, ignore_errors=True)
        self.config = self.write("snowflake.toml", "")
        self.env = {k: v for k, v in os.environ.items()
                    if not k.startswith(("SHMFLAKE_", "SNOWFLAKE_"))}
        self.env.update(SHMFLAKE_DIR=self.regions, SHMFLAKE_STATE_DIR=self.state,
                        SNOWFLAKE_CONFIG=self.config, SNOWFLAKE_WORKER_ID="5", LC_ALL="C.UTF-8")

    def write(self, name, text):
        path = os.path.join(self.state, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def run_command(self, *arguments, expect=OK, **options):
        """The finished process; its output as text. Fails the test for another exit code."""
        options.setdefault("stdout", subprocess.PIPE)
        done = subprocess.run([COMMAND, *arguments], stderr=subprocess.PIPE, env=self.env, text=True,
                              timeout=120, check=False, **options)
        self.assertEqual(expect, done.returncode,
                         f"shmflake {' '.join(arguments)}\n{done.stdout}\n{done.stderr}")
        return done

    def start(self, *arguments, **options):
        """The running process, with pipes."""
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        process = subprocess.Popen([COMMAND, *arguments], env=self.env, **options)

        def end():
            process.kill()
            process.communicate()
        self.addCleanup(end)
        return process

    def json(self, *arguments, expect=OK):
        """The one document of --json; any further output fails the test."""
        return json.loads(self.run_command(*arguments, "--json", expect=expect).stdout)

    def ids(self, *arguments):
        return [int(line) for line in self.run_command("gen", *arguments).stdout.split()]

    @contextlib.contextmanager
    def locked_store(self):
        """Somebody else holds the store of leases for as long as this lasts."""
        files = [os.path.join(self.state, name) for name in os.listdir(self.state)]
        stores = [f for f in files if open(f, "rb").read(6) == b"SQLite"]
        self.assertEqual(1, len(stores), files)
        with contextlib.closing(sqlite3.connect(stores[0], isolation_level=None)) as store:
            store.execute("BEGIN EXCLUSIVE")
            yield

    def assert_error(self, name, *arguments):
        """The library's error, once as text and once as JSON; returns its message."""
        text = self.run_command(*arguments, expect=FAILED)
        self.assertEqual("", text.stdout)
        self.assertRegex(text.stderr, r"\Ashmflake: [^\n]+\n\Z")
        error = self.json(*arguments, expect=FAILED)["error"]
        self.assertEqual({"code", "name", "message"}, set(error))
        self.assertEqual(name, error["name"])
        self.assertLess(error["code"], 0)
        return error["message"]

    def assert_usage(self, *arguments, says=""):
        done = self.run_command(*arguments, expect=USAGE)
        self.assertEqual("", done.stdout)
        self.assertIn("shmflake: ", done.stderr)
        self.assertIn("--help", done.stderr)
        self.assertIn(says, done.stderr)

    def assert_nothing_made(self):
        self.assertEqual([], os.listdir(self.regions))


def main():
    """Runs the calling file's tests; the last line is "N passed, N failed"."""
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=1).run(suite)
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed - len(result.skipped)} passed, {failed} failed")
    sys.exit(0 if failed == 0 and result.testsRun > 0 else 1)
