# SPDX-License-Identifier: Apache-2.0
"""A MariaDB server of the test's own: in a temporary directory, on a free port of 127.0.0.1, and
gone with whoever started it. What is not MariaDB's own (ServerProcess, Certificates) is
postgres_server.py's, too; so is DriverCase, the way to take segments from either.
"""

import atexit
import ctypes
import glob
import os
import pwd
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
import urllib.parse

MARGIN_S = 10  # on top of a timeout: for a slow machine, not for a wait
START_S = 60  # generous: past it, the server does not start at all
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)

APP, PASSWORD = "app", "pass \"word'\\%42"  # may do all in the database "ids"
READER = "reader"  # the same password; may only read
CERTIFIED = "certified"  # the same, too; may do what APP may, but needs a client's certificate
DATABASE = "ids"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def program(name, *directories):
    path = shutil.which(name, path=os.pathsep.join([*directories, os.environ["PATH"], "/usr/sbin"]))
    if path is None:
        raise FileNotFoundError(f"{name} is not installed")
    return path


def wait_until_stopped(pid):
    """Until a SIGSTOP has reached all its threads, or it has ended."""
    end = time.monotonic() + 30
    states = {"R"}
    while not states <= {"T", "Z", "X"}:
        if time.monotonic() > end:
            raise RuntimeError(f"process {pid} does not stop: {states}")
        time.sleep(0.01)
        states = set()
        for path in glob.glob(f"/proc/{pid}/task/*/stat"):
            try:
                with open(path, encoding="utf-8", errors="replace") as stat:
                    states.add(stat.read().rpartition(")")[2].split()[0])
            except OSError:
                pass  # it just ended


class Certificates:
    """Two authorities ("ca", "other"), the first one's certificates of the server "localhost" (and
    of no other name) and of a client."""

    def __init__(self, directory):
        self.directory = directory
        os.mkdir(directory, 0o755)
        self.ca, self.other = self._make("ca"), self._make("other")
        self.server, self.client = self._make("server", "localhost"), self._make("client")
        self.server_key, self.client_key = self.path("server.key"), self.path("client.key")

    def path(self, name):
        return os.path.join(self.directory, name)

    def _make(self, name, host=None):
        signer = [] if name in ("ca", "other") else ["-CA", self.ca, "-CAkey", self.path("ca.key")]
        names = ["-addext", f"subjectAltName=DNS:{host}"] if host else []
        subprocess.run([program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                        f"/CN=shmflake test {host or name}", "-keyout", self.path(f"{name}.key"),
                        "-out", self.path(f"{name}.pem"), *signer, *names],
                       check=True, capture_output=True)
        return self.path(f"{name}.pem")


class Proxy:
    """Stands before a server for one connection. It passes on all that the client says, but of the
    server's answers only the first `answers`: then it says nothing any more, or cuts the connection.
    """

    def __init__(self, port, answers, cut):
        self.port_behind, self.answers, self.cut = port, answers, cut
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.ends = [self.listener]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        try:
            client = self.listener.accept()[0]
            server = socket.create_connection(("127.0.0.1", self.port_behind))
        except OSError:
            return
        self.ends += [client, server]
        threading.Thread(target=self._pass, args=(client, server), daemon=True).start()
        self._pass(server, client, self.answers)

    def _pass(self, source, target, answers=None):
        try:
            while data := source.recv(65536):
                if answers == 0:
                    break
                answers = answers if answers is None else answers - 1
                target.sendall(data)
            if answers is None or self.cut:
                self.close()
        except OSError:
            self.close()

    def close(self):
        for end in self.ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()


class ServerProcess:
    """Runs a server as `account` if we are root, else as ourselves."""

    def __init__(self, account):
        self.account = account if os.geteuid() == 0 else None
        self.directory = tempfile.mkdtemp(prefix="shmflake-")  # short: sockets have 107 bytes
        atexit.register(self.close)
        os.chmod(self.directory, 0o755)
        self.port = free_port()
        self.process = None
        self.certificates = Certificates(self.file("tls"))
        self.give(self.file("tls"))

    def file(self, *names):
        return os.path.join(self.directory, *names)

    def give(self, path):
        """To the account that the server runs as."""
        if self.account is not None:
            for root, _, files in os.walk(path):
                for one in [root, *(os.path.join(root, file) for file in files)]:
                    shutil.chown(one, self.account)

    def make_directory(self, name):
        os.makedirs(self.file(name), 0o755)
        self.give(self.file(name))
        return self.file(name)

    def spawn(self, *command, **options):
        """A process of the server's account that does not outlive us."""
        if self.account is not None:
            options.update(user=self.account, group=pwd.getpwnam(self.account).pw_gid,
                           extra_groups=[])
        options.setdefault("stdin", subprocess.DEVNULL)
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": self.directory}
        return subprocess.Popen(command, env=environment, cwd=self.directory,
                                preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL),
                                **options)

    def run_to_end(self, *command):
        log = self.file("setup.log")
        with open(log, "wb") as output:
            status = self.spawn(*command, stdout=output, stderr=output).wait(timeout=120)
        if status != 0:
            raise RuntimeError(f"{command[0]}: {open(log, encoding='utf-8').read()}")

    def launch(self, *command):
        with open(self.file("server.log"), "ab") as log:
            self.process = self.spawn(*command, stdout=log, stderr=log)
        end = time.monotonic() + START_S
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > end:
                with open(self.file("server.log"), encoding="utf-8", errors="replace") as log:
                    raise RuntimeError("the server does not start: " + log.read()[-3000:])
            time.sleep(0.05)

    def end(self, number):
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(number)
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    def kill(self):
        """As a power failure does it, but for the disk."""
        self.end(signal.SIGKILL)

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)
        wait_until_stopped(self.process.pid)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def restart(self):
        self.stop()
        self.start()

    def close(self):
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)
        atexit.unregister(self.close)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.close()

    def make_url(self, scheme, host, user, database, parameters):
        query = urllib.parse.urlencode(parameters, quote_via=urllib.parse.quote)
        return (f"{scheme}://{user + '@' if user else ''}{host}/{database}"
                f"{'?' + query if query else ''}")


def build_path(*names):
    if "SHMFLAKE_BUILD" not in os.environ:
        sys.exit("SHMFLAKE_BUILD must be the build directory")
    return os.path.join(os.path.abspath(os.environ["SHMFLAKE_BUILD"]), *names)


class DriverCase:
    """For a test case that has `server`: runs store_driver, and judges what it prints."""

    server = None

    def set_environment(self):
        self.env = {key: value for key, value in os.environ.items()
                    if not key.startswith(("SHMFLAKE_", "PG", "MYSQL", "MARIADB"))}
        self.env.update(SHMFLAKE_PLUGIN_DIR=build_path("capi", "shmflake"), LC_ALL="C.UTF-8",
                        SHMFLAKE_STORE_PASSWORD=PASSWORD)

    def start(self, *arguments, url=None, **env):
        process = subprocess.Popen(
            [build_path("tests", "store_driver"), url or self.server.url(), *arguments],
            env={**self.env, **env}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)

        def end():
            process.kill()
            process.communicate()
        self.addCleanup(end)
        return process

    def finish(self, process, expect=0, timeout=60):
        """What it printed; never the password."""
        output, errors = process.communicate(timeout=timeout)
        self.assertEqual((expect, ""), (process.returncode, errors), output)
        for secret in (PASSWORD, PASSWORD.replace("\\", "\\\\")):
            self.assertNotIn(secret, output)
        return output

    def init(self, **options):
        self.assertEqual("", self.finish(self.start("init", **options)))

    @staticmethod
    def ranges(output):
        return [tuple(map(int, line.split())) for line in output.splitlines()
                if re.fullmatch(r"-?\d+ -?\d+", line)]

    def take(self, tag, *arguments, **options):
        return self.ranges(self.finish(self.start("take", tag, *arguments, **options)))

    def refused(self, code, *arguments, says="", process=None, **options):
        """The error's message: one line, of that code, that says where and why."""
        process = process or self.start(*(arguments or ("take", "tag")), **options)
        output = self.finish(process, expect=1)
        self.assertRegex(output, rf"\A{code} cannot [^\n]*{self.server.scheme}://[^\n]+: [^\n]+\n\Z")
        if says:
            self.assertRegex(output, says)
        return output

    def assert_exactly(self, count, size, ranges):
        """Every range once, and no gap."""
        self.assertEqual([(i * size + 1, (i + 1) * size) for i in range(count)], sorted(ranges))

    def assert_in_time(self, timeout_ms, *arguments, **options):
        began = time.monotonic()
        self.refused("STORE_UNAVAILABLE", *arguments, "--timeout-ms", str(timeout_ms),
                     says=f"it did not answer within {timeout_ms} ms", **options)
        self.assertLess(time.monotonic() - began, timeout_ms / 1000 + MARGIN_S)


class MariaDb(ServerProcess):
    """With the database "ids", and the users APP, READER and CERTIFIED, from anywhere."""

    scheme = "mysql"

    def __init__(self, tls=True, options=()):
        super().__init__("mysql")
        self.tls, self.options = tls, options
        self.socket = os.path.join(self.make_directory("run"), "db.sock")
        self.data = self.file("data")
        self.is_new = True

    def install(self):
        self.make_directory("data")
        self.run_to_end(program("mariadb-install-db"), "--no-defaults", f"--datadir={self.data}",
                        "--auth-root-authentication-method=normal", "--skip-test-db",
                        "--innodb-log-file-size=4M", "--skip-name-resolve")

    def start(self):
        fresh, self.is_new = self.is_new, False
        if fresh:
            self.install()
        tls = self.certificates
        secure = [f"--ssl-ca={tls.ca}", f"--ssl-cert={tls.server}", f"--ssl-key={tls.server_key}"]
        self.launch(program("mariadbd"), "--no-defaults", f"--datadir={self.data}",
                    f"--socket={self.socket}", f"--port={self.port}", "--bind-address=127.0.0.1",
                    f"--pid-file={self.file('run', 'pid')}", "--innodb-buffer-pool-size=8M",
                    "--innodb-log-file-size=4M", "--innodb-flush-log-at-trx-commit=1",
                    "--performance-schema=OFF", "--skip-name-resolve", "--max-connections=100",
                    *(secure if self.tls else []), *self.options)
        if fresh:
            quoted = PASSWORD.replace("\\", "\\\\").replace("'", "\\'")
            self.sql(f"""
                CREATE DATABASE {DATABASE};
                CREATE USER {APP}@'%' IDENTIFIED BY '{quoted}';
                GRANT ALL ON {DATABASE}.* TO {APP}@'%';
                CREATE USER {READER}@'%' IDENTIFIED BY '{quoted}';
                GRANT SELECT ON {DATABASE}.* TO {READER}@'%';
                CREATE USER {CERTIFIED}@'%' IDENTIFIED BY '{quoted}' REQUIRE X509;
                GRANT ALL ON {DATABASE}.* TO {CERTIFIED}@'%';""", database="mysql")

    def stop(self):
        self.end(signal.SIGTERM)

    def client(self, database=DATABASE):
        """The command line of a client that reads SQL."""
        return [program("mariadb"), "--no-defaults", f"--socket={self.socket}", "--user=root",
                "--default-character-set=utf8mb4", "--batch", "--raw", "--skip-column-names",
                "--unbuffered", database]

    def socket_file(self):
        return self.socket

    def answers(self):
        return os.path.exists(self.socket) and subprocess.run(
            self.client("mysql"), input="SELECT 1", capture_output=True, text=True, timeout=START_S,
            check=False).returncode == 0

    def sql(self, text, database=DATABASE):
        """The rows of all statements, as lists of texts."""
        done = subprocess.run(self.client(database), input=text, capture_output=True, text=True,
                              timeout=60, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return [line.split("\t") for line in done.stdout.splitlines()]

    def url(self, host=None, port=None, user=APP, database=DATABASE, by_socket=False, **parameters):
        if by_socket:
            parameters["socket"] = self.socket
        where = "" if by_socket else f"{host or '127.0.0.1'}:{port or self.port}"
        return self.make_url("mysql", where, user, database, parameters)


def main():
    """Runs the calling file's tests; the last line is "N passed, N failed"."""
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=1).run(suite)
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed - len(result.skipped)} passed, {failed} failed")
    sys.exit(0 if failed == 0 and result.testsRun > 0 else 1)
