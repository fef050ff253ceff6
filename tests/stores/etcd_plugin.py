# SPDX-License-Identifier: Apache-2.0
"""core/store/store_plugin.h for Python, and the built plug-in for etcd: a call has the plug-in's own
code, and runs in the test's process, where its descriptors can be counted."""

import ctypes
import os
import sys
from ctypes import c_char, c_char_p, c_int, c_int64, c_size_t, c_uint32, c_void_p
from urllib.parse import parse_qsl, unquote

(OK, DECLINED, UNAVAILABLE, TIMED_OUT, DENIED, SCHEMA, LOCKED, RANGE, CORRUPT) = range(9)
TLS = {"off": 0, "require": 1, "verify": 2}


class Host(ctypes.Structure):
    _fields_ = [("host", c_char_p), ("port", c_uint32)]


class Target(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("shown", c_char_p), ("hosts", ctypes.POINTER(Host)),
                ("host_count", c_size_t), ("socket", c_char_p), ("user", c_char_p),
                ("password", c_char_p), ("database", c_char_p), ("table", c_char_p),
                ("tls", c_uint32), ("reserved", c_uint32), ("tls_ca", c_char_p),
                ("tls_cert", c_char_p), ("tls_key", c_char_p)]


class Row(ctypes.Structure):
    _fields_ = [("max_id", c_int64), ("step", c_int64)]


class Error(ctypes.Structure):
    _fields_ = [("message", c_char * 512)]


class Namespace(ctypes.Structure):
    _fields_ = [("identity", c_char_p), ("format", c_char_p)]


class Lease(ctypes.Structure):
    _fields_ = [("worker_id", c_uint32), ("reserved", c_uint32), ("horizon", c_int64),
                ("base", c_int64), ("holder", c_int64), ("ttl_ms", c_int64),
                ("updated_unix_ms", c_int64), ("owner", c_char_p), ("region", c_char_p),
                ("host", c_char_p)]


class LeaseWrite(ctypes.Structure):
    _fields_ = [("record", Namespace), ("lease", ctypes.POINTER(Lease))]


DECIDE = ctypes.CFUNCTYPE(c_int, c_void_p, ctypes.POINTER(Row), ctypes.POINTER(Row))
DECIDE_LEASE = ctypes.CFUNCTYPE(c_int, c_void_p, ctypes.POINTER(Namespace), ctypes.POINTER(Lease),
                                c_size_t, ctypes.POINTER(LeaseWrite))


class Plugin(ctypes.Structure):
    _fields_ = [("version", c_uint32), ("reserved", c_uint32), ("scheme", c_char_p),
                ("about", c_char_p),
                ("take", ctypes.CFUNCTYPE(c_int, ctypes.POINTER(Target), c_char_p, c_int64, DECIDE,
                                          c_void_p, ctypes.POINTER(Error))),
                ("init", ctypes.CFUNCTYPE(c_int, ctypes.POINTER(Target), c_int64,
                                          ctypes.POINTER(Error))),
                ("lease", ctypes.CFUNCTYPE(c_int, ctypes.POINTER(Target), c_char_p, c_int64, c_int64,
                                           DECIDE_LEASE, c_void_p, ctypes.POINTER(Error)))]


if "SHMFLAKE_BUILD" not in os.environ:
    sys.exit("SHMFLAKE_BUILD must name the build's directory")
BUILD = os.path.abspath(os.environ["SHMFLAKE_BUILD"])
_entry = ctypes.CDLL(os.path.join(BUILD, "capi", "shmflake", "store-etcd.so")).shmflake_store_plugin_v2
_entry.restype = ctypes.POINTER(Plugin)
PLUGIN = _entry().contents


class StoreError(Exception):
    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


def target(url, password=""):
    """What the core would make of a URL."""
    place, _, query = url.removeprefix("etcd://").partition("?")  # urlsplit() knows no list of hosts
    authority, _, prefix = place.partition("/")
    user, _, hosts = authority.rpartition("@")
    pairs = [host.rpartition(":") for host in hosts.split(",") if host]
    array = (Host * max(1, len(pairs)))(*[
        Host(host.strip("[]").encode(), int(port)) for host, _, port in pairs])
    query = dict(parse_qsl(query))
    text = {key: query.get(key, "").encode() for key in ("socket", "tls_ca", "tls_cert", "tls_key")}
    return Target(ctypes.sizeof(Target), f"etcd://{hosts}/{prefix}".encode(), array, len(pairs),
                  text["socket"], unquote(user).encode(), password.encode(),
                  unquote(prefix).encode(), b"id_segments", TLS[query.get("tls", "off")], 0,
                  text["tls_ca"], text["tls_cert"], text["tls_key"])


def take(url, tag, create=None, add=None, timeout_ms=5000, password="", on_decide=None):
    """(first, last) of the range taken; None when decide declined, as it does without a row unless
    `create` is a step. on_decide(max_id or None) is called first."""
    taken = []

    def decide(_, found, write):
        row = found.contents if found else None
        if on_decide:
            on_decide(row and row.max_id)
        if row is None and create is None:
            return 1
        max_id, step = (row.max_id, row.step) if row else (0, create)
        write.contents.max_id = max_id + (add or step)
        write.contents.step = step
        taken[:] = [max_id + 1, write.contents.max_id]
        return 0
    error = Error()
    code = PLUGIN.take(target(url, password), tag if isinstance(tag, bytes) else tag.encode(),
                       timeout_ms, DECIDE(decide), None, error)
    if code == DECLINED:
        return None
    if code != OK:
        raise StoreError(code, error.message.decode())
    return tuple(taken)


def init(url, timeout_ms=5000, password=""):
    error = Error()
    code = PLUGIN.init(target(url, password), timeout_ms, error)
    if code != OK:
        raise StoreError(code, error.message.decode())
