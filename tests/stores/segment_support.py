# SPDX-License-Identifier: Apache-2.0
"""What the tests of segment mode on real servers share: the three stores behind one face, processes
that draw, and a way to run the test cases of one file beside each other."""

import array
import contextlib
import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, os.pardir, "process")]
from command_support import CommandTest  # noqa: E402
from etcd_server import Etcd  # noqa: E402
from mariadb_server import APP, DATABASE, PASSWORD, PR_SET_PDEATHSIG, MariaDb, build_path  # noqa: E402
from postgres_server import Postgres  # noqa: E402

PATIENCE_S = 60  # against hangs, not a measure


class SqlStore:
    """MariaDB or PostgreSQL, and the table id_segments in it."""

    slow_codes = ("STORE_LOCKED", "STORE_UNAVAILABLE")
    slow_says = "[Ll]ock|statement|did not answer within"

    def __init__(self):
        self.server = self.make_server()

    def __getattr__(self, name):  # start, stop, kill, pause, resume, close
        return getattr(self.server, name)

    def url(self, **parameters):
        return self.server.url(**parameters)

    slow_url = url

    def row(self, tag):
        """All that is stored of it; None when there is none."""
        rows = self.server.sql(f"SELECT * FROM id_segments WHERE biz_tag = '{tag}'")
        return rows[0] if rows else None

    def max_id(self, tag):
        rows = self.server.sql(f"SELECT max_id FROM id_segments WHERE biz_tag = '{tag}'")
        return int(rows[0][0])

    def set_row(self, tag, max_id, step):
        """In one step: whoever takes sees the old row or the new one."""
        if self.row(tag) is None:
            self.server.sql("INSERT INTO id_segments (biz_tag, max_id, step)"
                            f" VALUES ('{tag}', {max_id}, {step})")
        else:
            self.server.sql(f"UPDATE id_segments SET max_id = {max_id}, step = {step}"
                            f" WHERE biz_tag = '{tag}'")

    def delete_row(self, tag):
        self.server.sql(f"DELETE FROM id_segments WHERE biz_tag = '{tag}'")

    def rename_column(self, old, new):
        self.server.sql(f"ALTER TABLE id_segments RENAME COLUMN {old} TO {new}")

    @contextlib.contextmanager
    def another_shape(self, _):
        self.rename_column("max_id", "highest")
        try:
            yield
        finally:
            self.rename_column("highest", "max_id")

    @contextlib.contextmanager
    def slow(self, tag):
        """Another session keeps the row."""
        other = subprocess.Popen(self.server.client(), stdin=subprocess.PIPE, text=True,
                                 stdout=subprocess.PIPE)
        try:
            other.stdin.write(f"BEGIN; SELECT 7 FROM id_segments WHERE biz_tag = '{tag}'"
                              " FOR UPDATE;\n")
            other.stdin.flush()
            assert other.stdout.readline() == "7\n"
            yield
        finally:
            other.communicate("ROLLBACK;\n", timeout=PATIENCE_S)


class MariaDbStore(SqlStore):
    make_server = MariaDb

    @contextlib.contextmanager
    def no_rights(self):
        self.server.sql(f"REVOKE ALL PRIVILEGES ON {DATABASE}.* FROM {APP};"
                        f" GRANT SELECT ON {DATABASE}.* TO {APP}")
        try:
            yield
        finally:
            self.server.sql(f"GRANT ALL ON {DATABASE}.* TO {APP}")


class PostgresStore(SqlStore):
    @staticmethod
    def make_server():
        # After a crash it makes its files durable, one by one unless told otherwise.
        return Postgres(options=("-c", "recovery_init_sync_method=syncfs"))

    @contextlib.contextmanager
    def no_rights(self):
        self.server.sql(f"REVOKE ALL ON id_segments FROM {APP}; GRANT SELECT ON id_segments TO {APP}")
        try:
            yield
        finally:
            self.server.sql(f"GRANT ALL ON id_segments TO {APP}")


class EtcdStore:
    slow_codes = ("STORE_UNAVAILABLE",)
    slow_says = "did not answer within"

    def __init__(self, auth=False):
        self.auth, self.server, self.proxy = auth, Etcd(), None

    def __getattr__(self, name):
        return getattr(self.server, name)

    def start(self):
        self.server.start()
        if self.auth:
            self.server.add_user(APP, PASSWORD, "ids")
            self.server.enable_auth("the root's own")

    def url(self, **parameters):
        return self.server.url(user=APP if self.auth else None, **parameters)

    def slow_url(self):
        if self.proxy is None:
            self.proxy = DelayingProxy(self.server.members[0].client_port)
        return f"etcd://127.0.0.1:{self.proxy.port}/ids"

    @staticmethod
    def key(tag):
        return "ids/segments/" + tag

    def row(self, tag):
        return self.server.get(self.key(tag))

    def max_id(self, tag):
        return int(re.search(r'"max_id":"(\d+)"', self.row(tag))[1])

    def set_row(self, tag, max_id, step):
        self.server.put(self.key(tag), f'{{"v":1,"max_id":"{max_id}","step":"{step}"}}')

    def delete_row(self, tag):
        self.server.delete(self.key(tag))

    @contextlib.contextmanager
    def another_shape(self, tag):
        before = self.row(tag)
        self.server.put(self.key(tag), before.replace("max_id", "highest"))
        try:
            yield
        finally:
            # Above what may have been taken between the first two lines.
            max_id, step = (int(number) for number in re.findall(r'"(\d+)"', before))
            self.set_row(tag, max_id + 50 * step, step)

    def _grant(self, rights):
        self.server.request("/v3/auth/role/grant", {
            "name": APP + "-role", "perm": {"permType": rights, "key": self.server._base64("ids"),
                                            "range_end": self.server._base64("idt")}})

    @contextlib.contextmanager
    def no_rights(self):
        self._grant("READ")
        try:
            yield
        finally:
            self._grant("READWRITE")

    @contextlib.contextmanager
    def slow(self, _):
        """The proxy keeps what the server says."""
        self.proxy.let_through.clear()
        try:
            yield
        finally:
            self.proxy.let_through.set()

    def close(self):
        if self.proxy is not None:
            self.proxy.close()
        self.server.close()


class DelayingProxy:
    """Stands before a server. While let_through is not set, the server's answers wait."""

    def __init__(self, port):
        self.port_behind = port
        self.let_through = threading.Event()
        self.let_through.set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.port_behind))
            except OSError:
                client.close()
                continue
            for source, target in ((client, server), (server, client)):
                threading.Thread(target=self._pass, args=(source, target, target is client),
                                 daemon=True).start()

    def _pass(self, source, target, answers):
        try:
            while data := source.recv(65536):
                if answers:
                    self.let_through.wait()
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.let_through.set()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class DrawingProcess:
    """A running program of the tests that draws until it is told to end. What it drew is in a file, which
    of its calls were slow or failed on its standard output."""

    count = 0

    def __init__(self, program, directory, env, options, arguments=(), prefix=(), preexec_fn=None):
        DrawingProcess.count += 1
        self.stem = os.path.join(directory, f"drawn-{DrawingProcess.count}")
        words = [text for key, value in options.items()
                 for text in ("--" + key.replace("_", "-"), str(value))]
        with open(self.stem + ".out", "wb") as out, open(self.stem + ".err", "wb") as errors:
            self.process = subprocess.Popen(
                [*prefix, build_path("tests", program), *arguments, self.stem + ".ids", *words],
                env=env, stdin=subprocess.PIPE, stdout=out, stderr=errors, preexec_fn=preexec_fn)

    def _text(self, suffix):
        with open(self.stem + suffix, encoding="utf-8") as file:
            return file.read()

    def output(self):
        return self._text(".out")

    def errors(self):
        return self._text(".err")

    def kill(self):
        self.process.kill()
        self.finish()

    def finish(self):
        """Tells it to end; its exit status."""
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            return self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class Drawer(DrawingProcess):
    """A running segment_draw."""

    def __init__(self, env, url, tag, **options):
        self.known = array.array("Q")
        super().__init__("segment_draw", env["SHMFLAKE_DIR"], env, options, arguments=(url, tag))

    def ids(self):
        """All IDs so far, in the order in which they were drawn."""
        with contextlib.suppress(FileNotFoundError), open(self.stem + ".ids", "rb") as file:
            while True:
                file.seek(8 * len(self.known))
                piece = array.array("Q", file.read(8 * 4096))
                end = piece.index(0) if 0 in piece else len(piece)
                self.known.extend(piece[:end])
                if end < 4096:
                    break
        return self.known

    def drawn(self):
        return len(self.ids())

    def calls(self, since=0):
        """(ms, code, message) of those that were slow or failed, from the `since`th on."""
        lines = self.output().rpartition("\n")[0].splitlines()[since:]
        return [(int(ms), code, message) for ms, code, message in (l.split(" ", 2) for l in lines)]

    def failed_calls(self, since=0):
        return [call for call in self.calls(since) if call[1] != "OK"]


class SegmentCase(CommandTest):
    """A test case with a store that all its tests share, and a host of its own for each test."""

    store_class = None
    store_options = {}

    @classmethod
    def setUpClass(cls):
        cls.store = cls.store_class(**cls.store_options)
        cls.addClassCleanup(cls.store.close)
        cls.store.start()
        cls.store.is_down = False

    def setUp(self):
        super().setUp()
        self.env.update(SHMFLAKE_SEGMENT_STORE=self.store.url(), SHMFLAKE_STORE_PASSWORD=PASSWORD)
        self.drawers = []
        self.run_command("store", "init", self.store.url())

    def draw(self, tag, env=None, url=None, **options):
        """A process that draws until the test ends."""
        env = env or self.env
        drawer = Drawer(env, url or env["SHMFLAKE_SEGMENT_STORE"], tag, **options)
        self.addCleanup(drawer.kill)
        self.drawers.append(drawer)
        return drawer

    def another_host(self):
        """The environment of a host with other directories."""
        directories = [tempfile.mkdtemp(prefix="shmflake-test-", dir=os.path.dirname(beside))
                       for beside in (self.regions, self.state)]
        for directory in directories:
            self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        return {**self.env, "SHMFLAKE_DIR": directories[0], "SHMFLAKE_STATE_DIR": directories[1],
                "SNOWFLAKE_WORKER_ID": "6"}

    def wait_until(self, what, happened, patience_s=PATIENCE_S):
        end = time.monotonic() + patience_s
        while not happened():
            if time.monotonic() > end:
                told = "\n".join(drawer.output()[-300:] for drawer in self.drawers[-3:])
                self.fail(f"in {patience_s} s it did not come to this: {what}\n{told}")
            time.sleep(0.02)

    def wait_for_draws(self, drawers, count=20, patience_s=PATIENCE_S):
        """Each of them draws so many more."""
        wanted = [drawer.drawn() + count for drawer in drawers]
        self.wait_until(f"each process draws {count} more", patience_s=patience_s, happened=lambda: all(
            drawer.drawn() >= least for drawer, least in zip(drawers, wanted)))

    def status(self, tag):
        return self.json("segment", "status", tag)

    def assert_ascending(self, drawers):
        """Each process's IDs; and no two of them, of any process, are equal. Returns them all."""
        everything = set()
        count = 0
        for drawer in drawers:
            ids = drawer.ids()
            fallen = [pair for pair in zip(ids, ids[1:]) if pair[0] >= pair[1]]
            self.assertEqual([], fallen[:3], f"{drawer.stem}: not ascending")
            everything.update(ids)
            count += len(ids)
            self.assertEqual(count, len(everything), f"{drawer.stem}: has IDs of another process")
        return everything


def case_classes():
    module = sys.modules["__main__"]
    return [case for case in vars(module).values()
            if isinstance(case, type) and issubclass(case, unittest.TestCase)
            and case.__module__ == "__main__" and getattr(case, "store_class", None)]


def run_case(case):
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(case)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    failed = len(result.failures) + len(result.errors)
    print(f"{max(0, result.testsRun - failed)} passed, {failed} failed", flush=True)
    return 0 if failed == 0 and result.testsRun > 0 else 1


def main(beside_each_other):
    """Runs the calling file's test cases, each in a process of its own (they mostly wait for clocks);
    or the one that is named. The last line is "N passed, N failed"."""
    named = [case for case in case_classes() if case.__name__ in sys.argv[1:]]
    if named:
        sys.exit(run_case(named[0]))
    libc = ctypes.CDLL(None)
    passed = failed = 0
    running = []

    def start(case):
        return subprocess.Popen([sys.executable, "-B", sys.argv[0], case.__name__], text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGINT))
    if beside_each_other:
        running = [start(case) for case in case_classes()]
    for number, case in enumerate(case_classes()):
        process = running[number] if beside_each_other else start(case)
        output = process.communicate()[0]
        counts = re.search(r"^(\d+) passed, (\d+) failed\n\Z", output, re.M)
        print(f"{case.__name__}\n{output[:counts.start()] if counts else output}")
        passed += int(counts[1]) if counts else 0
        failed += int(counts[2]) if counts else 1
    print(f"{passed} passed, {failed} failed")
    sys.exit(0 if failed == 0 and passed > 0 else 1)
