# SPDX-License-Identifier: Apache-2.0
"""A real etcd of one or three members on free ports of 127.0.0.1, with its data in a directory that
goes when the test goes. Spoken to over its JSON gateway, since only the server's package is needed."""

import base64
import ctypes
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

START_SECONDS = 30
PR_SET_PDEATHSIG = 1
DIRECT = urllib.request.ProxyHandler({})  # no proxy, whatever the environment says


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def all_threads_stopped(pid):
    """A signal takes its time: one of its threads may answer yet."""
    states = set()
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/stat", encoding="utf-8") as file:
            states.add(file.read().rpartition(") ")[2][0])
    return states == {"T"}


class Certificates:
    """A CA and what it signed, as files in PEM: ca, NAME.crt, NAME.key."""

    def __init__(self, directory):
        self.directory = directory
        self.ca = self.path("ca.crt")
        self._openssl("req", "-x509", "-new", "-newkey", "ec", "-pkeyopt",
                      "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                      f"/CN=CA {os.path.basename(directory)}", "-keyout", self.path("ca.key"),
                      "-out", self.ca)

    def path(self, name):
        return os.path.join(self.directory, name)

    def sign(self, name, alternatives):
        """The certificate's and the key's path."""
        with open(self.path(name + ".ext"), "w", encoding="ascii") as file:
            file.write(f"subjectAltName={alternatives}\n")
        self._openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                      "-nodes", "-subj", f"/CN={name}", "-keyout", self.path(name + ".key"),
                      "-out", self.path(name + ".csr"))
        self._openssl("x509", "-req", "-in", self.path(name + ".csr"), "-CA", self.ca, "-CAkey",
                      self.path("ca.key"), "-CAcreateserial", "-days", "2", "-extfile",
                      self.path(name + ".ext"), "-out", self.path(name + ".crt"))
        return self.path(name + ".crt"), self.path(name + ".key")

    def encrypt_key(self, key):
        """The same key behind a passphrase."""
        self._openssl("ec", "-in", key, "-aes256", "-passout", "pass:secret", "-out",
                      key + ".encrypted")
        return key + ".encrypted"

    @staticmethod
    def _openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)


class Member:
    def __init__(self, name, directory, log):
        self.name, self.directory, self.log = name, directory, log
        self.client_port, self.peer_port = free_ports(2)
        self.process = None


class Etcd:
    """with Etcd() as etcd: ...; or start() and close()."""

    def __init__(self, tls=None, client_ca=None):
        """tls: (certificate, key, CA to trust); client_ca: clients must have a certificate of it."""
        self.tls, self.client_ca = tls, client_ca
        self.members = []
        self.directory = None
        self.client_certificate = tls[:2] if tls else None
        self._token = None

    def __enter__(self):
        return self if self.members else self.start()

    def __exit__(self, *_):
        self.close()

    # ------------------------------------------------------------ its life

    def start(self, members=1, only=None):
        """All members that do not run, or only one of them; the first time, with new data."""
        if shutil.which("etcd") is None:
            raise AssertionError("there is no etcd: the package etcd-server is missing")
        if not self.members:
            self.directory = tempfile.mkdtemp(prefix="shmflake-etcd-")
            self.members = [Member(f"m{i}", os.path.join(self.directory, f"m{i}"),
                                   os.path.join(self.directory, f"m{i}.log"))
                            for i in range(members)]
        started = [m for m in ([only] if only else self.members) if m.process is None]
        try:
            for member in started:
                self.spawn(member)
            for member in started:
                self.wait_ready(member)
        except BaseException:
            self.close()
            raise
        return self

    def spawn(self, member):
        scheme = "https" if self.tls else "http"
        client = f"{scheme}://127.0.0.1:{member.client_port}"
        peer = f"http://127.0.0.1:{member.peer_port}"
        command = [
            "etcd", "--name", member.name, "--data-dir", member.directory,
            "--listen-client-urls", client, "--advertise-client-urls", client,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
            "--initial-cluster", ",".join(f"{m.name}=http://127.0.0.1:{m.peer_port}"
                                          for m in self.members),
            "--heartbeat-interval", "50", "--election-timeout", "500"]
        if self.tls:
            command += ["--cert-file", self.tls[0], "--key-file", self.tls[1]]
        if self.client_ca:
            command += ["--client-cert-auth", "--trusted-ca-file", self.client_ca]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("ETCD_")}
        with open(member.log, "ab") as log:
            member.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment,
                                              stdin=subprocess.DEVNULL, cwd=self.directory,
                                              preexec_fn=die_with_parent)

    def wait_ready(self, member):
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                return self.request("/v3/kv/range", {"key": "AA=="}, member=member)
            except urllib.error.HTTPError as error:  # auth is on: it answers
                if b"user name is empty" in error.read():
                    return None
            except OSError:
                pass
            ended = member.process.poll() is not None
            if ended or time.monotonic() > end:
                with open(member.log, encoding="utf-8", errors="replace") as log:
                    words = log.read()[-3000:]
                if "address already in use" not in words or time.monotonic() > end:
                    raise AssertionError("etcd does not start:\n" + words)
                open(member.log, "w", encoding="utf-8").close()
                self.spawn(member)  # somebody's connection had the port for a moment
            time.sleep(0.02)

    def _end(self, member, number):
        if member.process is None:
            return
        if member.process.poll() is None:
            member.process.send_signal(number)
            member.process.send_signal(signal.SIGCONT)
            try:
                member.process.wait(10)
            except subprocess.TimeoutExpired:
                member.process.kill()
                member.process.wait()
        member.process = None

    # Of one member, or of all.

    def stop(self, member=None):
        """In order; the data stays."""
        for one in [member] if member else self.members:
            self._end(one, signal.SIGTERM)

    def kill(self, member=None):
        for one in [member] if member else self.members:
            self._end(one, signal.SIGKILL)

    def restart(self, member=None):
        self.stop(member)
        self.start(only=member)

    def pause(self, member=None):
        for one in [member] if member else self.members:
            one.process.send_signal(signal.SIGSTOP)
            end = time.monotonic() + START_SECONDS
            while not all_threads_stopped(one.process.pid):
                assert time.monotonic() < end, "etcd does not stop on SIGSTOP"
                time.sleep(0.001)

    def resume(self, member=None):
        for one in [member] if member else self.members:
            one.process.send_signal(signal.SIGCONT)

    def close(self):
        """For good: the data goes, too."""
        self.kill()
        if self.directory:
            shutil.rmtree(self.directory, ignore_errors=True)

    def leader(self):
        """Waits for one to be elected."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            for member in self.members:
                if member.process is not None:
                    status = self.request("/v3/maintenance/status", {}, member=member)
                    if status.get("leader") == status["header"]["member_id"]:
                        return member
            time.sleep(0.05)
        raise AssertionError("the cluster has no leader")

    # ------------------------------------------------------------ what is in it

    def url(self, prefix="ids", user=None, members=None, host="127.0.0.1", **params):
        hosts = ",".join(f"{host}:{m.client_port}" for m in members or self.members)
        query = "&".join(f"{key}={value}" for key, value in params.items())
        return f"etcd://{user + '@' if user else ''}{hosts}/{prefix}{'?' + query if query else ''}"

    def request(self, path, body, member=None, timeout=5):
        scheme = "https" if self.tls else "http"
        port = (member or self.members[0]).client_port
        headers = {"Authorization": self._token} if self._token else {}
        request = urllib.request.Request(f"{scheme}://127.0.0.1:{port}{path}",
                                         json.dumps(body).encode(), headers)
        handlers = [DIRECT]
        if self.tls:
            context = ssl.create_default_context(cafile=self.tls[2])
            context.load_cert_chain(*self.client_certificate)
            handlers.append(urllib.request.HTTPSHandler(context=context))
        with urllib.request.build_opener(*handlers).open(request, timeout=timeout) as answer:
            return json.load(answer)

    @staticmethod
    def _base64(text):
        return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()

    def put(self, key, value):
        self.request("/v3/kv/put", {"key": self._base64(key), "value": self._base64(value)})

    def get(self, key):
        """The value as text; None when there is none."""
        values = self.request("/v3/kv/range", {"key": self._base64(key)}).get("kvs")
        return base64.b64decode(values[0].get("value", "")).decode() if values else None

    def delete(self, key):
        self.request("/v3/kv/deleterange", {"key": self._base64(key)})

    def add_user(self, name, password, prefix=None, rights="READWRITE"):
        """With rights on all keys that begin with the prefix; with none at all when it is None."""
        self.request("/v3/auth/user/add", {"name": name, "password": password})
        if prefix is not None:
            self.request("/v3/auth/role/add", {"name": name + "-role"})
            end = prefix[:-1] + chr(ord(prefix[-1]) + 1)
            self.request("/v3/auth/role/grant", {
                "name": name + "-role",
                "perm": {"permType": rights, "key": self._base64(prefix),
                         "range_end": self._base64(end)}})
            self.request("/v3/auth/user/grant", {"user": name, "role": name + "-role"})

    def enable_auth(self, root_password):
        self.request("/v3/auth/user/add", {"name": "root", "password": root_password})
        self.request("/v3/auth/role/add", {"name": "root"})
        self.request("/v3/auth/user/grant", {"user": "root", "role": "root"})
        self.request("/v3/auth/enable", {})
        answer = self.request("/v3/auth/authenticate", {"name": "root", "password": root_password})
        self._token = answer["token"]
