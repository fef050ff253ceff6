# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL server of the test's own: in a temporary directory, on a free port of 127.0.0.1, and
gone with whoever started it.
"""

import glob
import os
import shutil
import signal
import subprocess

from mariadb_server import (APP, CERTIFIED, DATABASE, PASSWORD, READER, START_S, ServerProcess,
                            program, wait_until_stopped)

# Who may connect, and how. On the socket the server's own account and APP need no password.
ACCESS = f"""
local all postgres,{APP} trust
local all all scram-sha-256
hostssl all {CERTIFIED} 127.0.0.1/32 scram-sha-256 clientcert=verify-ca
host all {CERTIFIED} 127.0.0.1/32 reject
host all all 127.0.0.1/32 scram-sha-256
"""


class Postgres(ServerProcess):
    """With the database "ids", and the users APP, READER and CERTIFIED."""

    scheme = "postgres"

    def __init__(self, options=()):
        super().__init__("postgres")
        versions = glob.glob("/usr/lib/postgresql/*/bin")
        self.programs = sorted(versions, key=lambda path: int(path.split("/")[-2]), reverse=True)
        self.options = options
        self.socket = self.make_directory("run")  # libpq wants the directory
        self.data = self.file("data")
        self.is_new = True

    def program(self, name):
        return program(name, *self.programs)

    def install(self):
        self.make_directory("data")
        os.chmod(self.data, 0o700)
        self.run_to_end(self.program("initdb"), "--no-sync", "--username=postgres", "--auth=trust",
                        "--encoding=UTF8", "--locale=C.UTF-8", f"--pgdata={self.data}")
        with open(os.path.join(self.data, "pg_hba.conf"), "w", encoding="ascii") as file:
            file.write(ACCESS)
        for key in (self.certificates.server_key, self.certificates.client_key):
            os.chmod(key, 0o600)
        # The client's key must be its user's.
        shutil.chown(self.certificates.client_key, os.geteuid())

    def start(self):
        fresh, self.is_new = self.is_new, False
        if fresh:
            self.install()
        tls = self.certificates
        settings = {
            "port": self.port, "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self.socket, "shared_buffers": "8MB", "max_connections": 60,
            "fsync": "on", "ssl": "on", "ssl_ca_file": tls.ca, "ssl_cert_file": tls.server,
            "ssl_key_file": tls.server_key, "autovacuum": "off", "max_wal_size": "64MB",
            "min_wal_size": "32MB", "password_encryption": "scram-sha-256"}
        flags = [text for key, value in settings.items() for text in ("-c", f"{key}={value}")]
        self.launch(self.program("postgres"), "-D", self.data, *flags, *self.options)
        if fresh:
            quoted = PASSWORD.replace("'", "''")
            self.sql(f"CREATE DATABASE {DATABASE}", database="postgres")
            self.sql(f"""
                CREATE USER {APP} PASSWORD '{quoted}';
                CREATE USER {CERTIFIED} PASSWORD '{quoted}' IN ROLE {APP};
                CREATE USER {READER} PASSWORD '{quoted}';
                GRANT ALL ON SCHEMA public TO {APP};
                ALTER DEFAULT PRIVILEGES FOR ROLE {APP} GRANT SELECT ON TABLES TO {READER};""")

    def stop(self):
        self.end(signal.SIGINT)

    def children(self):
        """Its processes but the first; each is a session of its own."""
        found = []
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                with open(path, encoding="utf-8", errors="replace") as file:
                    text = file.read()
            except OSError:
                continue
            if int(text[text.rindex(")") + 1:].split()[1]) == self.process.pid:
                found.append(int(path.split("/")[2]))
        return found

    def signal_all(self, number):
        self.process.send_signal(number)
        for child in self.children():
            try:
                os.kill(child, number)
            except ProcessLookupError:
                pass

    def kill(self):
        if self.process is not None:
            super().pause()
            self.signal_all(signal.SIGKILL)
            super().kill()

    def pause(self):
        super().pause()  # makes no more children
        self.signal_all(signal.SIGSTOP)
        for child in self.children():
            wait_until_stopped(child)

    def resume(self):
        self.signal_all(signal.SIGCONT)

    def end(self, number):
        if self.process is not None:
            self.signal_all(signal.SIGCONT)
        super().end(number)

    def client(self, database=DATABASE):
        """The command line of a client that reads SQL."""
        return [self.program("psql"), "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1",
                "-h", self.socket, "-p", str(self.port), "-U", "postgres", "-d", database]

    def socket_file(self):
        return os.path.join(self.socket, f".s.PGSQL.{self.port}")

    def answers(self):
        return subprocess.run(self.client("postgres"), input="SELECT 1", capture_output=True,
                              text=True, timeout=START_S, check=False).returncode == 0

    def sql(self, text, database=DATABASE):
        """The rows of all statements, as lists of texts."""
        done = subprocess.run(self.client(database), input=text, capture_output=True, text=True,
                              timeout=60, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return [line.split("\t") for line in done.stdout.splitlines()]

    def url(self, host=None, port=None, user=APP, database=DATABASE, by_socket=False, **parameters):
        if by_socket:
            parameters["socket"] = self.socket_file()
        where = "" if by_socket else f"{host or '127.0.0.1'}:{port or self.port}"
        return self.make_url("postgres", where, user, database, parameters)
