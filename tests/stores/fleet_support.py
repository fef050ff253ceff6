# SPDX-License-Identifier: Apache-2.0
"""What the tests of fleets share: hosts, the processes that draw on them, a line to the server that can
be cut, and the count of all IDs."""

import array
import contextlib
import glob
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest

from segment_support import DrawingProcess, EtcdStore, MariaDbStore, PostgresStore
from command_support import COMMAND
from mariadb_server import LIBC, PASSWORD, PR_SET_PDEATHSIG, wait_until_stopped

PATIENCE_S = 40  # against hangs, not a measure
SEQUENCE_BITS = 12
EPOCH_MS = 1609459200000
STORES = (EtcdStore, PostgresStore, MariaDbStore)


class Line:
    """Stands before a server, on one or more addresses. It can be cut, and mended."""

    def __init__(self, port, addresses=("127.0.0.1",)):
        self.port_behind, self.is_cut, self.open = port, False, set()
        self.lock = threading.Lock()
        self.port = 0
        self.listeners = []
        for address in addresses:
            self.listeners.append(socket.create_server((address, self.port), backlog=100))
            self.port = self.listeners[0].getsockname()[1]
        for listener in self.listeners:
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _accept(self, listener):
        while True:
            try:
                client = listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._join, args=(client,), daemon=True).start()

    def _join(self, client):
        try:
            server = socket.create_connection(("127.0.0.1", self.port_behind), timeout=PATIENCE_S)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        with self.lock:
            self.open |= {client, server}
        back = threading.Thread(target=self._pass, args=(server, client), daemon=True)
        back.start()
        self._pass(client, server)
        back.join()
        with self.lock:
            self.open -= {client, server}
        client.close()
        server.close()

    def _pass(self, source, target):
        with contextlib.suppress(OSError):
            while not self.is_cut and (data := source.recv(65536)):
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self):
        """Whatever is under way ends where it is; who calls is hung up on."""
        self.is_cut = True
        with self.lock:
            for end in self.open:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def mend(self):
        self.is_cut = False

    def close(self):
        self.cut()
        for listener in self.listeners:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()


class Drawer(DrawingProcess):
    """A running fleet_draw."""

    record = struct.Struct("qqQ")

    def __init__(self, host, prefix=(), **options):
        self.known, self.host = 0, host
        super().__init__("fleet_draw", host.case.logs, host.env, options, prefix=prefix,
                         preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))

    def _bytes(self, since):
        with contextlib.suppress(FileNotFoundError), open(self.stem + ".ids", "rb") as file:
            size = self.record.size
            while True:
                file.seek(size * since)
                piece = file.read(size * 4096)
                ids = array.array("Q", piece[:len(piece) // size * size])[2::3]
                count = ids.index(0) if 0 in ids else len(ids)
                yield piece[:count * size]
                since += count
                if count < 4096:
                    return

    def drawn(self):
        """How many."""
        for piece in self._bytes(self.known):
            self.known += len(piece) // self.record.size
        return self.known

    def draws(self, since=0):
        """(began, ended, ID) of all from the `since`th on; the times in s of time.monotonic()."""
        return [(began / 1e9, ended / 1e9, one) for piece in self._bytes(since)
                for began, ended, one in self.record.iter_unpack(piece)]

    def last(self):
        """The ID that it drew last."""
        return self.draws(self.drawn() - 1)[0][2]

    def calls(self, since=0.0):
        """(began in s, took ms, code, message) of those that were slow or failed, and began since."""
        lines = (l.split(" ", 3) for l in self.output().rpartition("\n")[0].splitlines()
                 if not l.startswith("="))
        return [(int(began) / 1e3, int(ms), code, message) for began, ms, code, message in lines
                if int(began) / 1e3 >= since]

    def failed_calls(self, since=0.0):
        return [call for call in self.calls(since) if call[2] != "OK"]

    def ask(self, text):
        """Of one that acts when told to: the ID and the code of its answer."""
        before = self.output().count("=")
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()
        self.host.case.wait_until(f"an answer to {text}", lambda: self.output().count("=") > before)
        answers = re.findall(r"^= (\d+) (\w+)$", self.output(), re.M)
        return int(answers[before][0]), answers[before][1]

    def signal(self, number):
        self.process.send_signal(number)


class Host:
    """A region directory and a state directory."""

    def __init__(self, case, prefix=(), **settings):
        self.case, self.prefix = case, prefix
        self.drawers, self.all_drawers, self.printed, self.is_stopped = [], [], [], False
        self.regions, self.state = (tempfile.mkdtemp(prefix="host-", dir=place)
                                    for place in (case.logs, case.states))
        self.env = {**case.env, "SHMFLAKE_DIR": self.regions, "SHMFLAKE_STATE_DIR": self.state,
                    **{("SHMFLAKE_" + key).upper(): str(value) for key, value in settings.items()}}

    def start(self, count=1, **options):
        started = [Drawer(self, self.prefix, **options) for _ in range(count)]
        self.drawers += started
        self.all_drawers += started
        return started

    def run(self, *arguments, expect=0):
        """What the command printed, as one document; or with expect=1 its error."""
        # What must succeed may take its time on a busy machine; what must fail does so in the host's.
        patient = {"SHMFLAKE_WAIT_TIMEOUT_MS": "10000"} if expect == 0 else {}
        done = subprocess.run([*self.prefix, COMMAND, *arguments, "--json"],
                              env={**self.env, **patient}, text=True, capture_output=True,
                              timeout=PATIENCE_S, check=False)
        said = done.stdout + done.stderr
        self.case.assertNotIn(PASSWORD, said)
        self.case.assertEqual(expect, done.returncode, f"{arguments}: {said}")
        document = json.loads(done.stdout)
        return document["error"] if expect == 1 else document

    def refused(self, code, says, *arguments):
        """The command's message: one line of that code, which the pattern matches."""
        error = self.run(*(arguments or ("gen",)), expect=1)
        self.case.assertRegex(error["name"], f"^(?:{code})$", error["message"])
        self.case.assertRegex(error["message"], says)
        self.case.assertNotIn("\n", error["message"])
        return error["message"]

    def gen(self, count=1):
        """IDs of a process that draws and ends; they are counted with all others."""
        ids = [int(one) for one in self.run("gen", "-n", str(count))["ids"]]
        self.printed += ids
        return ids

    def worker_id(self):
        return self.case.worker_of(self.gen()[0])

    def signal(self, number):
        for drawer in self.drawers:
            drawer.signal(number)

    def stop(self):
        self.signal(signal.SIGSTOP)
        for drawer in self.drawers:
            wait_until_stopped(drawer.process.pid)
        self.is_stopped = True

    def go_on(self):
        self.is_stopped = False
        self.signal(signal.SIGCONT)

    def remove_region(self):
        for path in glob.glob(os.path.join(self.regions, "*.region")):
            os.unlink(path)

    def kill(self):
        """A power failure: what is in memory is gone."""
        self.signal(signal.SIGKILL)
        for drawer in self.drawers:
            drawer.finish()
        self.drawers = []
        self.remove_region()

    def finish(self):
        """The exit statuses and complaints that processes should not have."""
        wrong = []
        for drawer in self.drawers:
            status = drawer.finish()
            if status != 0 or drawer.errors():
                wrong.append((status, drawer.errors(), drawer.output()[-500:]))
        return wrong


class FleetCase(unittest.TestCase):
    """A test case with a server that all its tests share, and a namespace of its own for each."""

    store_class = None
    worker_id_bits = 4
    settings = {}  # of all hosts

    @classmethod
    def setUpClass(cls):
        cls.store = cls.store_class()
        cls.addClassCleanup(cls.store.close)
        cls.store.start()

    def setUp(self):
        shared = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.logs = tempfile.mkdtemp(prefix="shmflake-test-", dir=shared)
        self.states = tempfile.mkdtemp(prefix="shmflake-test-")
        self.hosts = []
        self.addCleanup(self.remove_all)
        config = os.path.join(self.logs, "snowflake.toml")
        with open(config, "w", encoding="ascii"):
            pass
        self.env = {key: value for key, value in os.environ.items()
                    if not key.startswith(("SHMFLAKE_", "SNOWFLAKE_", "PG", "MYSQL", "MARIADB"))}
        self.env.update(
            SNOWFLAKE_CONFIG=config, LC_ALL="C.UTF-8", SHMFLAKE_STORE=self.store.url(),
            SHMFLAKE_STORE_PASSWORD=PASSWORD, SHMFLAKE_ID_NAMESPACE=self.id().rpartition(".")[2][:63],
            SHMFLAKE_WORKER_ID_BITS=str(self.worker_id_bits),
            **{("SHMFLAKE_" + key).upper(): str(value) for key, value in self.settings.items()})
        self.host().run("store", "init", self.store.url())

    def remove_all(self):
        for host in self.hosts:
            host.signal(signal.SIGKILL)
        for host in self.hosts:
            host.kill()
        shutil.rmtree(self.logs, ignore_errors=True)
        shutil.rmtree(self.states, ignore_errors=True)

    def host(self, **settings):
        self.hosts.append(Host(self, **settings))
        return self.hosts[-1]

    @staticmethod
    def url_behind(store, port, host="127.0.0.1"):
        """The store's, at another address."""
        if isinstance(store, EtcdStore):
            return f"etcd://{host}:{port}/ids" + ("" if host == "127.0.0.1" else "?tls=off")
        extra = {} if host == "127.0.0.1" else {"tls": "off"}
        return store.url(host=host, port=port, **extra)

    def shown(self):
        """The store's URL as messages have it."""
        return re.sub("[^/]*@", "", self.store.url().partition("?")[0])

    def worker_of(self, one):
        return one >> SEQUENCE_BITS & (1 << self.worker_id_bits) - 1

    def unix_ms(self, one):
        return (one >> SEQUENCE_BITS + self.worker_id_bits) + EPOCH_MS

    def wait_until(self, what, happened, patience_s=PATIENCE_S):
        end = time.monotonic() + patience_s
        while not happened():
            if time.monotonic() > end:
                told = "\n".join(drawer.output()[-600:] for host in self.hosts
                                 for drawer in host.drawers[:1])
                self.fail(f"in {patience_s} s it did not come to this: {what}\n{told}")
            time.sleep(0.01)

    def wait_for_draws(self, drawers, count=20):
        """Each of them draws so many more."""
        wanted = [drawer.drawn() + count for drawer in drawers]
        self.wait_until(f"each process draws {count} more", lambda: all(
            drawer.drawn() >= least for drawer, least in zip(drawers, wanted)))

    def count_ids(self):
        """No two of a namespace are equal, of whatever process or host; no tick of a worker ID was drawn
        from by two hosts, since a lease ends where the next one begins; and on each host those of one
        worker ID ascend from draw to later draw. How many there are."""
        seen, owners = {}, {}
        count = 0
        for host in self.hosts:
            namespace = host.env["SHMFLAKE_ID_NAMESPACE"]
            everything = seen.setdefault(namespace, set())
            owner = owners.setdefault(namespace, {})
            draws = [draw for drawer in host.all_drawers for draw in drawer.draws()]
            for worker in {self.worker_of(one) for _, _, one in draws}:
                self.assert_ascending([d for d in draws if self.worker_of(d[2]) == worker])
            for one in [*host.printed, *(one for _, _, one in draws)]:
                if one in everything:
                    self.fail(f"ID {one} of worker ID {self.worker_of(one)} was drawn twice")
                everything.add(one)
                count += 1
                if owner.setdefault(one >> SEQUENCE_BITS, host) is not host:
                    self.fail(f"two hosts drew from one tick of worker ID {self.worker_of(one)}: {one}")
        return count

    def assert_ascending(self, draws):
        """A draw that began after another had ended got the larger ID."""
        by_end = sorted(draws, key=lambda draw: draw[1])
        highest = done = 0
        for began, _, one in sorted(draws):
            while by_end[done][1] < began:
                highest = max(highest, by_end[done][2])
                done += 1
            self.assertGreater(one, highest, "an ID is below one that was drawn before")


def say(text):
    """A figure, for whoever reads the log."""
    print(text, flush=True)
