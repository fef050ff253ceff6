# SPDX-License-Identifier: Apache-2.0
"""Servers that are no etcd, or stand in front of one: raw HTTP, so that every byte can be wrong."""

import base64
import http.client
import json
import os
import socket
import threading

RANGE, TXN, AUTH = "/v3/kv/range", "/v3/kv/txn", "/v3/auth/authenticate"


def answer(body, status="200 OK", headers=""):
    """An answer of HTTP; the connection stays open."""
    body = body if isinstance(body, bytes) else body.encode()
    return (f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body)


def refusal(code, words, status="503 Service Unavailable"):
    """As etcd's gateway refuses."""
    return answer(json.dumps({"error": words, "message": words, "code": code}), status)


def key_value(key, text, **fields):
    """etcd's answer to a range of one key."""
    coded = {"key": base64.b64encode(key.encode()).decode(), "mod_revision": "7",
             "value": base64.b64encode(text.encode()).decode(), **fields}
    return answer(json.dumps({"header": {"revision": "9"}, "kvs": [coded], "count": "1"}))


NO_KEY = answer('{"header":{"revision":"9"}}')


class FakeServer:
    """with FakeServer(reply) as server: reply(path, body) gives the bytes to send, or some of them in
    turn; b"" drops the connection, None never answers. What came is in server.requests."""

    def __init__(self, reply, unix=None, context=None):
        self.reply, self.context = reply, context
        self.requests = []
        self.listener = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
        self.listener.bind(unix or ("127.0.0.1", 0))
        self.listener.listen(64)
        self.port = None if unix else self.listener.getsockname()[1]
        self.over = threading.Event()
        self.open = []
        self.lock = threading.Lock()

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for end in [self.listener, *self.open]:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    def url(self, prefix="ids", **params):
        query = "&".join(f"{key}={value}" for key, value in params.items())
        return f"etcd://127.0.0.1:{self.port}/{prefix}{'?' + query if query else ''}"

    def _accept(self):
        while not self.over.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as stream:
                while self._serve_one(connection, stream):
                    pass
        except (OSError, ValueError):
            pass

    def _serve_one(self, connection, stream):
        first = stream.readline().split()
        if len(first) < 2:
            return False
        headers = {}
        while (line := stream.readline().strip()):
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", 0)))
        path = first[1].decode()
        with self.lock:
            self.requests.append((path, headers, body))
        reply = self.reply(path, body)
        if reply is None:
            self.over.wait(60)
            return False
        if reply == b"":
            return False
        for part in [reply] if isinstance(reply, bytes) else reply:
            connection.sendall(part)
        return isinstance(reply, bytes) and b"Content-Length" in reply


def forward(etcd, path, body):
    """The real server's answer, to be passed on."""
    connection = http.client.HTTPConnection("127.0.0.1", etcd.members[0].client_port, timeout=10)
    try:
        connection.request("POST", path, body)
        reply = connection.getresponse()
        return answer(reply.read(), f"{reply.status} {reply.reason}")
    finally:
        connection.close()


def descriptors():
    return sorted(os.listdir("/proc/self/fd"))
