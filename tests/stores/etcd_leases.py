# SPDX-License-Identifier: Apache-2.0
"""Leases through the built plug-in for etcd, as the core would decide on them: records are dicts, and a
decision is a function of the namespace's record and the leases that were read."""

import ctypes
import shutil
import tempfile

from etcd_plugin import (DECIDE_LEASE, DECLINED, OK, PLUGIN, Error, Lease, LeaseWrite, Namespace,
                         StoreError, target)

IDENTITY = "0123456789abcdef0123456789abcdef"
FORMAT = "41/10/12@1700000000000"
TEXTS = ("owner", "region", "host")
READ = ("worker_id", "horizon", "base", "holder", "ttl_ms", "updated_unix_ms", *TEXTS)
KEPT = ("worker_id", "horizon", "base", "holder", *TEXTS)  # what a read gives as it was written


def worker_key(kind, worker_id, id_namespace="ns", prefix="ids"):
    """The key of kind "leases" or "holders"."""
    return f"{prefix}/{kind}/{id_namespace}/{worker_id:010d}"


def as_dict(lease):
    fields = {name: getattr(lease, name) for name in READ}
    return {name: value.decode() if name in TEXTS else value for name, value in fields.items()}


def as_struct(fields):
    fields = dict(fields)
    fields.pop("updated_unix_ms", None)
    return Lease(**{name: value.encode() if isinstance(value, str) else value
                    for name, value in {**dict.fromkeys(TEXTS, ""), **fields}.items()})


def call_lease(plugin, store, decide, worker_id, id_namespace, timeout_ms, record):
    """The plug-in's function `lease`, on a Target. False when decide(namespace, leases) gives None, else
    what it gives is written: a lease, or {} for none. `namespace` is (identity, format), `record` what
    is written where there is none."""
    alive, raised = [], []

    def call(_, found, leases, count, write):
        try:
            wanted = decide((found.contents.identity.decode(), found.contents.format.decode()),
                            [as_dict(leases[i]) for i in range(count)])
            if wanted is None:
                return 1
            new, written = Namespace(*[text.encode() for text in record]), as_struct(wanted or {})
            alive.extend((new, written))  # what is assigned are their bytes, and not their texts
            write.contents.record = new
            write.contents.lease = ctypes.pointer(written) if wanted else None
            return 0
        except BaseException as error:  # ctypes would only print it
            raised.append(error)
            return 1
    error = Error()
    code = plugin.lease(store, id_namespace.encode(), worker_id, timeout_ms, DECIDE_LEASE(call), None,
                        error)
    if raised:
        raise raised[0]
    if code not in (OK, DECLINED):
        raise StoreError(code, error.message.decode())
    return code == OK


def lease(url, decide, worker_id=-1, id_namespace="ns", timeout_ms=5000, password="",
          record=(IDENTITY, FORMAT)):
    """call_lease() of etcd's plug-in."""
    return call_lease(PLUGIN, target(url, password), decide, worker_id, id_namespace, timeout_ms,
                      record)


def read(url, worker_id=-1, **arguments):
    """((identity, format), leases); writes nothing."""
    seen = []

    def decide(namespace, leases):
        seen[:] = [namespace, leases]
    lease(url, decide, worker_id, **arguments)
    return tuple(seen)


def acquire(url, worker_id, holder, span=100, ttl_ms=60000, texts=None, **arguments):
    """Takes a worker ID whose holder's time has ended: the new horizon; None where it has not."""
    taken = []

    def decide(_, leases):
        old = leases[0] if leases else {"horizon": 0, "holder": 0, "ttl_ms": 0}
        taken.clear()
        if old["holder"] not in (0, holder) and old["ttl_ms"] > 0:
            return None
        taken.append(old["horizon"] + span)
        return {"worker_id": worker_id, "base": old["horizon"], "horizon": taken[0],
                "holder": holder, "ttl_ms": ttl_ms, **(texts or {})}
    lease(url, decide, worker_id, **arguments)
    return taken[0] if taken else None


def extend(url, worker_id, holder, span=100, ttl_ms=60000, on_decide=None, **arguments):
    """The new horizon; None where it is not the holder."""
    taken = []

    def decide(_, leases):
        taken.clear()
        if on_decide:
            on_decide(leases)
        if not leases or leases[0]["holder"] != holder:
            return None
        taken.append(leases[0]["horizon"] + span)
        return {**leases[0], "horizon": taken[0], "ttl_ms": ttl_ms}
    lease(url, decide, worker_id, **arguments)
    return taken[0] if taken else None


def release(url, worker_id, holder, used, **arguments):
    """Whether it was the holder."""
    def decide(_, leases):
        if not leases or leases[0]["holder"] != holder:
            return None
        return {**leases[0], "horizon": used, "holder": 0, "ttl_ms": 0}
    return lease(url, decide, worker_id, **arguments)


def times_to_live(etcd):
    """The IDs of all that etcd counts down (it calls them leases)."""
    return {one["ID"] for one in etcd.request("/v3/lease/leases", {}).get("leases", [])}


def directory(test):
    path = tempfile.mkdtemp(prefix="shmflake-test-")
    test.addClassCleanup(shutil.rmtree, path)
    return path
