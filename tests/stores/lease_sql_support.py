# SPDX-License-Identifier: Apache-2.0
"""Leases through the built plug-ins for MariaDB and PostgreSQL, as the core would decide on them:
leases are dicts, and a decision is a function of the namespace's record and the leases that were read."""

import ctypes
import json
import os
import re
import select
import signal
import time
import traceback

from etcd_leases import FORMAT, IDENTITY, TEXTS, call_lease
from etcd_plugin import OK, TLS, Error, Host, Plugin, StoreError, Target
from mariadb_server import APP, DATABASE, MARGIN_S, PASSWORD, MariaDb, build_path
from postgres_server import Postgres

NAMESPACE = (IDENTITY, FORMAT)
NAMESPACES, LEASES = "shmflake_namespaces", "shmflake_leases"
PATIENCE_S = 120  # against hangs, not a measure
NONE = {"horizon": 0, "base": 0, "holder": 0, "ttl_ms": 0, **dict.fromkeys(TEXTS, "")}


def load(scheme):
    entry = ctypes.CDLL(build_path("capi", "shmflake", f"store-{scheme}.so")).shmflake_store_plugin_v2
    entry.restype = ctypes.POINTER(Plugin)
    return entry().contents


class Leases:
    """The leases in one server."""

    def __init__(self, server):
        self.server, self.plugin = server, load(server.scheme)

    def target(self, hosts=None, user=APP, password=PASSWORD, database=DATABASE, tls="off",
               tls_ca="", by_socket=False):
        pairs = [] if by_socket else hosts or [("127.0.0.1", self.server.port)]
        socket = self.server.socket_file() if by_socket else ""
        array = (Host * len(pairs))(*[Host(host.encode(), port) for host, port in pairs])
        where = ",".join(f"{host}:{port}" for host, port in pairs)
        shown = f"{self.server.scheme}://{where}/{database}"
        return Target(ctypes.sizeof(Target), shown.encode(), array, len(pairs), socket.encode(),
                      user.encode(), password.encode(), database.encode(), b"id_segments", TLS[tls], 0,
                      tls_ca.encode(), b"", b"")

    def init(self, timeout_ms=20000, **target):
        error = Error()
        code = self.plugin.init(self.target(**target), timeout_ms, error)
        if code != OK:
            raise StoreError(code, error.message.decode())

    def lease(self, decide, worker_id=-1, id_namespace="ns", record=NAMESPACE, timeout_ms=20000,
              **target):
        """etcd_leases.call_lease() of this server's plug-in."""
        return call_lease(self.plugin, self.target(**target), decide, worker_id, id_namespace,
                          timeout_ms, record)

    def read(self, worker_id=-1, **arguments):
        """((identity, format), leases); writes nothing."""
        seen = []

        def decide(namespace, leases):
            seen[:] = [namespace, leases]
        self.lease(decide, worker_id, **arguments)
        return tuple(seen)

    def change(self, worker_id, change, on_decide=None, **arguments):
        """Writes what change(old lease) gives; returns that, None where it gives None."""
        written = []

        def decide(_, leases):
            if on_decide:
                on_decide()
            written[:] = [change({**NONE, "worker_id": worker_id, **(leases[0] if leases else {})})]
            return written[0]
        self.lease(decide, worker_id, **arguments)
        return written[0]

    def acquire(self, worker_id, holder, span=100, ttl_ms=60000, texts=None, **arguments):
        """Takes a worker ID whose holder's time has ended: the new horizon; None where it has not."""
        def change(old):
            if old["holder"] not in (0, holder) and old["ttl_ms"] > 0:
                return None
            return {**old, "base": old["horizon"], "horizon": old["horizon"] + span,
                    "holder": holder, "ttl_ms": ttl_ms, **(texts or {})}
        new = self.change(worker_id, change, **arguments)
        return new and new["horizon"]

    def extend(self, worker_id, holder, span=100, ttl_ms=60000, **arguments):
        """The new horizon; None where it is not the holder."""
        def change(old):
            if old["holder"] != holder:
                return None
            return {**old, "horizon": old["horizon"] + span, "ttl_ms": ttl_ms}
        new = self.change(worker_id, change, **arguments)
        return new and new["horizon"]

    def release(self, worker_id, holder, used, **arguments):
        """Whether it was the holder."""
        def change(old):
            if old["holder"] != holder:
                return None
            return {**old, "horizon": used, "holder": 0, "ttl_ms": 0}
        return self.change(worker_id, change, **arguments) is not None


class Child:
    """A function in a process of its own; what it returns, by its end."""

    def __init__(self, function, *arguments):
        self.reader, writer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.close(self.reader)
                text = json.dumps(function(*arguments))
            except BaseException:
                text = json.dumps({"raised": traceback.format_exc()})
            with open(writer, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os._exit(0)
        os.close(writer)

    def result(self, patience_s=PATIENCE_S):
        end, text = time.monotonic() + patience_s, b""
        while select.select([self.reader], [], [], max(0, end - time.monotonic()))[0]:
            piece = os.read(self.reader, 65536)
            text += piece
            if not piece:
                break
        else:
            raise TimeoutError(f"process {self.pid} did not end in {patience_s} s")
        result = json.loads(text)
        if isinstance(result, dict) and "raised" in result:
            raise AssertionError(result["raised"])
        return result

    def close(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            os.close(self.reader)
            self.pid = 0


class LeaseSqlCase:
    """For a test case that has make_server: a server that all its tests share."""

    @classmethod
    def setUpClass(cls):
        cls.server = cls.make_server()
        cls.addClassCleanup(cls.server.close)
        cls.server.start()
        cls.store = Leases(cls.server)

    def setUp(self):
        if self.server.process is None:
            self.server.start()
        self.server.sql(f"DROP TABLE IF EXISTS {LEASES}; DROP TABLE IF EXISTS {NAMESPACES}")
        self.store.init()

    def children(self, count, function, *arguments):
        made = []
        for number in range(count):
            made.append(Child(function, number, *arguments))
            self.addCleanup(made[-1].close)
        return made

    def rows(self):
        return self.server.sql(f"SELECT * FROM {LEASES} ORDER BY worker_id")

    def column(self, name):
        return [row[0] for row in self.server.sql(f"SELECT {name} FROM {LEASES} ORDER BY worker_id")]

    def refused(self, code, *says, call=None, **arguments):
        """The error's message: one line that says where and why; never the password."""
        began = time.monotonic()
        with self.assertRaises(StoreError) as caught:
            (call or self.store.read)(**arguments)
        self.assertLess(time.monotonic() - began, PATIENCE_S)
        message = caught.exception.message
        self.assertEqual(code, caught.exception.code, message)
        self.assertRegex(message, rf"\Acannot [^\n]*{self.server.scheme}://[^\n]+: [^\n]+\Z")
        self.assertNotIn(PASSWORD, message)
        for text in says:
            self.assertRegex(message, text)
        return message

    def assert_in_time(self, timeout_ms, **arguments):
        began = time.monotonic()
        self.refused(3, f"did not answer within {timeout_ms} ms", timeout_ms=timeout_ms, **arguments)
        self.assertLess(time.monotonic() - began, timeout_ms / 1000 + MARGIN_S)


class OnMariaDb(LeaseSqlCase):
    make_server = MariaDb
    time_type, other_time_type = "datetime(6)", "timestamp(6)"

    def set_for_app(self, setting):
        self.server.sql(f"SET GLOBAL {setting}")
        self.addCleanup(self.server.sql, f"SET GLOBAL {setting.split(' ')[0]} = DEFAULT")


class OnPostgres(LeaseSqlCase):
    make_server = Postgres
    time_type, other_time_type = "timestamptz", "timestamp"

    def set_for_app(self, setting):
        who = f"ALTER ROLE {APP} IN DATABASE {DATABASE}"
        self.server.sql(f"{who} SET {setting}")
        self.addCleanup(self.server.sql, f"{who} RESET {re.split(' ', setting)[0]}")
